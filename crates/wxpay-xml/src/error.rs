//! Why a document is refused.

use std::fmt;

/// A document was refused: what was found, and where.
///
/// The same bytes always give the same error. Of several faults one is reported: first those of the
/// whole document (its length, charset, declaration, characters), then the first in document order.
///
/// ```
/// use wxpay_xml::{ErrorKind, Fields};
///
/// let error = Fields::parse("<xml><msg>caf&eacute;</msg></xml>").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownEntity);
/// assert_eq!(error.offset(), 13);
/// assert_eq!(error.field(), Some("msg"));
/// assert_eq!(
///     error.to_string(),
///     r#"unknown entity at byte 13 in the field "msg": only amp, lt, gt, apos and quot are known"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
    field: Option<Box<str>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: usize) -> Self {
        let field = None;
        Self {
            kind,
            offset,
            field,
        }
    }

    pub(crate) fn in_field(mut self, name: &str) -> Self {
        self.field = Some(name.into());
        self
    }

    /// The kind of fault.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it was found, in bytes from the start of the input, a byte order mark included.
    ///
    /// It is the first byte of what is wrong: the `<` of a tag or a comment, the `&` of a reference,
    /// the character itself. Each [`ErrorKind`] says where that is not plain. It is at most the
    /// length of the input.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The name of the field in whose value it was found, or which is there twice.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

/// A name is cut at 64 bytes: a stranger's document must not fill a log.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)?;
        if let Some(field) = self.field() {
            match field.get(..64).filter(|start| start.len() < field.len()) {
                Some(start) => write!(f, " in the field \"{start}…\"")?,
                None => write!(f, " in the field {field:?}")?,
            }
        }
        match self.kind.texts().1 {
            "" => Ok(()),
            advice => write!(f, ": {advice}"),
        }
    }
}

impl std::error::Error for Error {}

/// The kind of fault in a document that is refused.
///
/// The same bytes are refused again. [`Truncated`](Self::Truncated) may go away when the document is
/// fetched again; [`TooLong`](Self::TooLong) and [`TooManyFields`](Self::TooManyFields) do when the
/// [limits](crate::Limits) are raised.
///
/// ```
/// use wxpay_xml::{ErrorKind, Fields};
///
/// let error = Fields::parse("<html>502 Bad Gateway</html>").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::WrongRoot); // not the gateway's: look at the proxy in between
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// More bytes than [`Limits::max_bytes`](crate::Limits::max_bytes). The offset is the limit.
    TooLong,
    /// More fields than [`Limits::max_fields`](crate::Limits::max_fields). The offset is that of the
    /// first field too many.
    TooManyFields,
    /// The document says that it is not in UTF-8: by a byte order mark, by the zeros of UTF-16
    /// around its first `<`, or by the `encoding` of its declaration, to whose `<` the offset points.
    WrongCharset,
    /// The bytes are not UTF-8. A document that was cut off within a character is among these.
    InvalidUtf8,
    /// A character that XML 1.0 does not allow, such as a control character, raw or by reference.
    IllegalCharacter,
    /// The declaration's version is not 1.0. XML 1.1 allows other characters and knows other line
    /// ends; nothing of the API is written in it.
    UnsupportedVersion,
    /// An XML declaration that is not at the very start: most often behind a blank line.
    MisplacedDeclaration,
    /// A document type declaration, wherever it stands and whatever is in it: external entities and
    /// entities that blow up are declared in one, and nothing else here would need it.
    Doctype,
    /// A processing instruction: it would be lost, and it is not signed.
    ProcessingInstruction,
    /// No element at all: an empty document, or one of white space and comments. The offset is that
    /// of the end.
    NoRoot,
    /// The root is not `xml`. For `html` the response is somebody else's, such as a proxy's.
    WrongRoot,
    /// An element after the root: a second document.
    SecondRoot,
    /// Text, a reference or a CDATA section after the root.
    TrailingContent,
    /// An attribute, on the root or on a field: it would be lost, and it is not signed.
    Attribute,
    /// The name of a field is something else than an ASCII letter or `_`, followed by ASCII letters,
    /// digits, `_`, `-` and `.`. The offset is that of the tag.
    InvalidName,
    /// A second field of one name. The offset is that of the second, [`Error::field`] is the name.
    DuplicateName,
    /// An element within a field: the documents of the API are flat.
    Nested,
    /// Text, a reference or a CDATA section outside of any field, before the root or in it.
    StrayText,
    /// A reference to an entity other than `amp`, `lt`, `gt`, `apos` and `quot`.
    UnknownEntity,
    /// An end tag without its start tag.
    MismatchedEndTag,
    /// No XML: a bare `&` or `<`, a `]]>` in text, a `--` in a comment, a declaration or a reference
    /// that cannot be read.
    Malformed,
    /// The document ends too early. The offset is that of what is still open: of a tag, a comment, a
    /// CDATA section or a reference, or else of the field or the root.
    Truncated,
}

impl ErrorKind {
    /// The fault; and the right form, where that is not plain.
    fn texts(self) -> (&'static str, &'static str) {
        const RAISE: &str = "raise the limit if documents of this size are expected";
        match self {
            Self::TooLong => ("more bytes than the limit allows", RAISE),
            Self::TooManyFields => ("more fields than the limit allows", RAISE),
            Self::WrongCharset => ("another charset than utf-8", "only utf-8 is read"),
            Self::InvalidUtf8 => ("invalid utf-8", ""),
            Self::IllegalCharacter => ("a character that xml does not allow", ""),
            Self::UnsupportedVersion => ("unsupported version of xml", "only version 1.0 is read"),
            Self::MisplacedDeclaration => (
                "misplaced xml declaration",
                "nothing may stand before it, not even white space",
            ),
            Self::Doctype => ("forbidden document type declaration", ""),
            Self::ProcessingInstruction => ("forbidden processing instruction", ""),
            Self::NoRoot => ("no element", ""),
            Self::WrongRoot => ("wrong root element", "the root must be xml"),
            Self::SecondRoot => ("a second document", ""),
            Self::TrailingContent => ("content after the root", ""),
            Self::Attribute => ("forbidden attribute", ""),
            Self::InvalidName => (
                "invalid field name",
                "it must be an ascii letter or _, then letters, digits, _, - and .",
            ),
            Self::DuplicateName => ("duplicate name", ""),
            Self::Nested => ("nested element", ""),
            Self::StrayText => ("text outside of any field", ""),
            Self::UnknownEntity => (
                "unknown entity",
                "only amp, lt, gt, apos and quot are known",
            ),
            Self::MismatchedEndTag => ("end tag without its start tag", ""),
            Self::Malformed => ("malformed xml", ""),
            Self::Truncated => ("unfinished xml, beginning", ""),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.texts().0)
    }
}
