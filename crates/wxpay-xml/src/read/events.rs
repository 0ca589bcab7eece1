//! The events of a document, with their offsets.

use super::token::{self, Tag, Token};
use crate::{Error, ErrorKind};

/// Reads a document event by event. Everything is lent from the document, nothing is allocated.
///
/// Comments and the declaration are passed over; a document type declaration and processing
/// instructions are refused wherever they stand.
pub(super) struct Events<'a> {
    text: &'a str,
    /// How much of it has been read.
    position: usize,
    /// Where a declaration may stand: after the byte order mark.
    start: usize,
    /// The name of the empty element that was started last and has not been ended.
    empty: Option<&'a str>,
}

/// What stands in the document.
pub(super) enum Event<'a> {
    /// A start tag. `<a/>` is one that is followed by its end.
    Start(Tag<'a>),
    /// The end tag of some name.
    End(&'a str),
    /// Text up to the next markup or reference. It may hold a raw `]]>`.
    Text(&'a str),
    /// What is inside of a CDATA section.
    CData(&'a str),
    /// What is between `&` and `;`.
    Reference(&'a str),
    /// The end of the input, whether or not everything has been closed.
    Eof,
}

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let start = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self {
            text,
            position: start,
            start,
            empty: None,
        }
    }

    /// The next event, and the offset at which it starts.
    pub(super) fn next(&mut self) -> Result<(usize, Event<'a>), Error> {
        loop {
            let at = self.position;
            if let Some(name) = self.empty.take() {
                return Ok((at, Event::End(name)));
            }
            let refuse = |kind| Error::new(kind, at);
            let (token, len) = token::first(&self.text[at..]).map_err(refuse)?;
            self.position += len;
            let event = match token {
                Token::Start(tag) => Event::Start(tag),
                Token::Empty(tag) => {
                    self.empty = Some(tag.name);
                    Event::Start(tag)
                }
                Token::End(name) => Event::End(name),
                Token::Text(text) => Event::Text(text),
                Token::CData(text) => Event::CData(text),
                Token::Reference(name) => Event::Reference(name),
                Token::Comment => continue,
                Token::Declaration if at == self.start => continue,
                Token::Declaration => return Err(refuse(ErrorKind::MisplacedDeclaration)),
                Token::Instruction => return Err(refuse(ErrorKind::ProcessingInstruction)),
                Token::Eof => Event::Eof,
            };
            return Ok((at, event));
        }
    }
}
