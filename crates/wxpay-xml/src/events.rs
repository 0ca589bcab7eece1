//! The events of a document with their offsets: quick-xml's, but for those that are refused or
//! skipped.

use quick_xml::{errors::IllFormedError, events::Event as Raw};

use crate::error::{Error, ErrorKind};

/// Reads a document event by event.
///
/// Comments and the declaration are skipped; a document type declaration and processing
/// instructions are refused anywhere.
pub(crate) struct Events<'a> {
    text: &'a str,
    reader: quick_xml::Reader<&'a [u8]>,
    /// The length of the byte order mark, which quick-xml skips without counting it.
    mark: usize,
}

/// A piece of the document.
pub(crate) enum Event<'a> {
    /// A start tag. `<a/>` is one that is followed by its end.
    Start {
        /// All text up to white space: not always a valid name, but never empty.
        name: &'a str,
        /// All text after the name, with the white space before it.
        attributes: &'a str,
    },
    /// The end tag of the innermost open element.
    End,
    /// Text up to the next markup or reference. It may hold a raw `]]>`.
    Text(&'a str),
    /// The text of a CDATA section.
    CData(&'a str),
    /// The name between `&` and `;`.
    Reference(&'a str),
    /// The end of the input, even with elements still open.
    Eof,
}

impl<'a> Events<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut reader = quick_xml::Reader::from_str(text);
        let config = reader.config_mut();
        config.check_comments = true;
        config.expand_empty_elements = true;
        let mark = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
        Self { text, reader, mark }
    }

    /// The next event, and the offset at which it starts.
    pub(crate) fn next(&mut self) -> Result<(usize, Event<'a>), Error> {
        loop {
            let at = self.position();
            let refuse = |kind| Err(Error::new(kind, at));
            let raw = match self.reader.read_event() {
                Ok(raw) => raw,
                Err(error) => return refuse(kind(&error, &self.text[at..])),
            };
            // An event only lends its text; the document outlives the event.
            let source = &self.text[at..self.position()];
            let within = |start: &str, end: &str| &source[start.len()..source.len() - end.len()];
            let event = match raw {
                // `Empty` never comes: it is expanded.
                Raw::Start(start) | Raw::Empty(start) => {
                    let (name, rest) = source["<".len()..].split_at(start.name().as_ref().len());
                    if name.is_empty() {
                        return refuse(ErrorKind::Malformed);
                    }
                    let attributes = &rest[..start.attributes_raw().len()];
                    Event::Start { name, attributes }
                }
                Raw::End(_) => Event::End,
                Raw::Text(_) => Event::Text(source),
                Raw::CData(_) => Event::CData(within("<![CDATA[", "]]>")),
                Raw::GeneralRef(_) => Event::Reference(within("&", ";")),
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
        // It counts bytes of `text`, so it fits.
        self.mark + self.reader.buffer_position() as usize
    }
}

/// The kind of a fault in the markup at the start of `rest`, the text that was not read yet.
fn kind(error: &quick_xml::Error, rest: &str) -> ErrorKind {
    use IllFormedError as E;
    use quick_xml::Error::{IllFormed, Syntax};
    const DOCTYPE: &str = "<!DOCTYPE";
    let starts_with_doctype = || {
        let start = rest.get(..DOCTYPE.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE))
    };
    // quick-xml has one error for markup that is not closed and markup that is malformed from the
    // start, such as `<![cdata[`; only the first is a truncated document.
    let is_open = |opening: &&str| rest.starts_with(opening) || opening.starts_with(rest);
    match error {
        IllFormed(E::UnmatchedEndTag(_) | E::MismatchedEndTag { .. }) => {
            ErrorKind::MismatchedEndTag
        }
        // A reference that runs to the end could go on in the missing rest.
        IllFormed(E::UnclosedReference) if !rest[1..].contains(['&', '<']) => ErrorKind::Truncated,
        IllFormed(E::MissingDoctypeName) => ErrorKind::Doctype,
        Syntax(_) if starts_with_doctype() => ErrorKind::Doctype,
        Syntax(_) if rest.starts_with("<!") => {
            match ["<!--", "<![CDATA[", DOCTYPE].iter().any(is_open) {
                true => ErrorKind::Truncated,
                false => ErrorKind::Malformed,
            }
        }
        // quick-xml reads the one `?` of `<?>` twice.
        Syntax(_) if !rest.starts_with("<?>") => ErrorKind::Truncated,
        _ => ErrorKind::Malformed,
    }
}
