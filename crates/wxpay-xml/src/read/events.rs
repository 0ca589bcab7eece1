//! The events of a document, with their offsets: quick-xml, held to what this crate reads.

use quick_xml::{errors::IllFormedError, events::Event as Raw};

use crate::error::{Error, ErrorKind};

/// Reads a document event by event.
///
/// Comments and the declaration are passed over; a document type declaration and processing
/// instructions are refused wherever they stand.
pub(super) struct Events<'a> {
    text: &'a str,
    reader: quick_xml::Reader<&'a [u8]>,
    /// The length of the byte order mark, which quick-xml skips without counting it.
    mark: usize,
}

/// A piece of the document.
pub(super) enum Event<'a> {
    /// A start tag. `<a/>` is one that is followed by its end.
    Start(Tag<'a>),
    /// The end tag of the element that was started last.
    End,
    /// Text up to the next markup or reference. It may hold a raw `]]>`.
    Text(&'a str),
    /// The text of a CDATA section.
    CData(&'a str),
    /// The name between `&` and `;`.
    Reference(&'a str),
    /// The end of the input, whether or not everything has been closed.
    Eof,
}

/// A start tag.
pub(super) struct Tag<'a> {
    /// Everything up to white space, so not necessarily a name, but never empty.
    pub(super) name: &'a str,
    /// Everything after the name, with the white space before it.
    pub(super) attributes: &'a str,
}

impl<'a> Events<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = quick_xml::Reader::from_str(text);
        let config = reader.config_mut();
        config.check_comments = true;
        config.expand_empty_elements = true;
        // These are the defaults. They are spelt out because the crate would be wrong with others.
        config.check_end_names = true;
        config.allow_unmatched_ends = false;
        config.allow_dangling_amp = false;
        config.trim_markup_names_in_closing_tags = true;
        config.trim_text(false);
        let mark = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self { text, reader, mark }
    }

    /// The next event, and the offset at which it starts.
    pub(super) fn next(&mut self) -> Result<(usize, Event<'a>), Error> {
        loop {
            let at = self.position();
            let refuse = |kind| Err(Error::new(kind, at));
            let raw = match self.reader.read_event() {
                Ok(raw) => raw,
                Err(error) => return refuse(kind(&error, &self.text[at..])),
            };
            // Events of quick-xml lend what they hold, whereas the document outlives them.
            let source = &self.text[at..self.position()];
            let event = match raw {
                // `Empty` never comes: it is expanded.
                Raw::Start(start) | Raw::Empty(start) => {
                    let (name, rest) = source["<".len()..].split_at(start.name().as_ref().len());
                    if name.is_empty() {
                        return refuse(ErrorKind::Malformed);
                    }
                    let attributes = &rest[..start.attributes_raw().len()];
                    Event::Start(Tag { name, attributes })
                }
                Raw::End(_) => Event::End,
                Raw::Text(_) => Event::Text(source),
                Raw::CData(_) => {
                    Event::CData(&source["<![CDATA[".len()..source.len() - "]]>".len()])
                }
                Raw::GeneralRef(_) => {
                    Event::Reference(&source["&".len()..source.len() - ";".len()])
                }
                Raw::Comment(_) => continue,
                Raw::Decl(_) if at == self.mark => continue,
                Raw::Decl(_) => return refuse(ErrorKind::MisplacedDeclaration),
                Raw::PI(_) => return refuse(ErrorKind::ProcessingInstruction),
                Raw::DocType(_) => return refuse(ErrorKind::Doctype),
                Raw::Eof => Event::Eof,
            };
            return Ok((at, event));
        }
    }

    fn position(&self) -> usize {
        // It counts bytes of `text`, so that it fits.
        self.mark + self.reader.buffer_position() as usize
    }
}

/// The kind of the fault in the construct at the start of `rest`, which is all that was left to
/// read.
///
/// quick-xml says "not closed" of what is not closed and of what was never rightly opened, such as
/// `<![cdata[`; only the first is a truncated document.
fn kind(error: &quick_xml::Error, rest: &str) -> ErrorKind {
    use quick_xml::Error::{IllFormed, Syntax};
    match error {
        IllFormed(IllFormedError::UnmatchedEndTag(_) | IllFormedError::MismatchedEndTag { .. }) => {
            ErrorKind::MismatchedEndTag
        }
        // A reference that runs to the end: more of the document might complete it.
        IllFormed(IllFormedError::UnclosedReference) if !rest[1..].contains(['&', '<']) => {
            ErrorKind::Truncated
        }
        IllFormed(IllFormedError::MissingDoctypeName) => ErrorKind::Doctype,
        Syntax(_) => unclosed(rest),
        _ => ErrorKind::Malformed,
    }
}

fn unclosed(rest: &str) -> ErrorKind {
    const DOCTYPE: &str = "<!DOCTYPE";
    let starts = rest.get(..DOCTYPE.len());
    if starts.is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE)) {
        return ErrorKind::Doctype;
    }
    let is_open = if rest.starts_with("<!") {
        let openings = ["<!--", "<![CDATA[", DOCTYPE];
        openings
            .iter()
            .any(|opening| rest.starts_with(opening) || opening.starts_with(rest))
    } else {
        // quick-xml takes the one `?` of this for both.
        !rest.starts_with("<?>")
    };
    if is_open {
        ErrorKind::Truncated
    } else {
        ErrorKind::Malformed
    }
}
