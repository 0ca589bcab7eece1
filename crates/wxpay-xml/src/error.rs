//! Errors of reading a document.

use std::fmt;

/// A document was refused: the kind of its fault, and the offset.
///
/// The same bytes always give the same error. Of several faults one is reported: first those of the
/// document as a whole (length, charset, declaration, characters), then the first in document
/// order.
///
/// ```
/// let error = wxpay_xml::Fields::parse("<xml><msg>caf&eacute;</msg></xml>").unwrap_err();
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
        Self {
            kind,
            offset,
            field: None,
        }
    }

    pub(crate) fn in_field(self, name: &str) -> Self {
        let field = Some(name.into());
        Self { field, ..self }
    }

    /// The kind of fault.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The position of the fault, in bytes from the start of the input, a byte order mark included.
    ///
    /// It is that of the first wrong byte: the `<` of a tag or a comment, the `&` of a reference,
    /// the character itself; an [`ErrorKind`] says so where it differs. It is at most the input's
    /// length.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The name of the field with the fault in its value, or of the field that is there twice.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

/// A longer name is cut at 64 bytes: a stranger's document must not fill a log.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)?;
        if let Some(field) = self.field() {
            match field.get(..64).filter(|start| start.len() < field.len()) {
                Some(start) => write!(f, " in the field \"{start}…\"")?,
                None => write!(f, " in the field {field:?}")?,
            }
        }
        match self.kind.advice() {
            "" => Ok(()),
            advice => write!(f, ": {advice}"),
        }
    }
}

impl std::error::Error for Error {}

/// The kind of fault in a document that is refused.
///
/// The same bytes are refused again, but for [`TooLong`](Self::TooLong) and
/// [`TooManyFields`](Self::TooManyFields) under higher [limits](crate::Limits). A document that was
/// [`Truncated`](Self::Truncated) may be whole when it is fetched again.
///
/// ```
/// use wxpay_xml::{ErrorKind, Fields};
///
/// let error = Fields::parse("<html>502 Bad Gateway</html>").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::WrongRoot); // a proxy's page, not the gateway's document
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// More bytes than [`Limits::max_bytes`](crate::Limits), which is the offset.
    #[error("more bytes than the limit allows")]
    TooLong,
    /// More fields than [`Limits::max_fields`](crate::Limits), from the offset on.
    #[error("more fields than the limit allows")]
    TooManyFields,
    /// Another charset than UTF-8, by a byte order mark, the zeros of UTF-16 around the first `<`,
    /// or the `encoding` of the declaration, whose `<` is at the offset.
    #[error("another charset than utf-8")]
    WrongCharset,
    /// The bytes are not UTF-8; a document that was cut within a character is one of these.
    #[error("invalid utf-8")]
    InvalidUtf8,
    /// A character that XML 1.0 does not allow, such as a control character, raw or by reference.
    #[error("a character that xml does not allow")]
    IllegalCharacter,
    /// The declaration's version is not 1.0. XML 1.1 has other characters and line ends, and the
    /// API does not use it.
    #[error("unsupported version of xml")]
    UnsupportedVersion,
    /// An XML declaration that is not at the very start, most often after a blank line.
    #[error("misplaced xml declaration")]
    MisplacedDeclaration,
    /// A document type declaration, anywhere: it can declare external entities and entities that
    /// grow without bound, and the API has no use for it.
    #[error("forbidden document type declaration")]
    Doctype,
    /// A processing instruction: it would be lost, and it is not signed.
    #[error("forbidden processing instruction")]
    ProcessingInstruction,
    /// No element at all, but white space and comments. The offset is that of the end.
    #[error("no element")]
    NoRoot,
    /// The root is not `xml`. A root `html` is another server's page, such as a proxy's.
    #[error("wrong root element")]
    WrongRoot,
    /// An element after the root: a second document.
    #[error("a second document")]
    SecondRoot,
    /// Text, a reference or a CDATA section after the root.
    #[error("content after the root")]
    TrailingContent,
    /// An attribute, on the root or on a field: it would be lost, and it is not signed.
    #[error("forbidden attribute")]
    Attribute,
    /// The name of a field is not an ASCII letter or `_`, followed by ASCII letters, digits, `_`,
    /// `-` and `.`. The offset is that of the tag.
    #[error("invalid field name")]
    InvalidName,
    /// A second field of one name. The offset is that of the second, [`Error::field`] is the name.
    #[error("duplicate name")]
    DuplicateName,
    /// An element within a field: the documents of the API are flat.
    #[error("nested element")]
    Nested,
    /// Text, a reference or a CDATA section outside of any field, before the root or in it.
    #[error("text outside of any field")]
    StrayText,
    /// A reference to an entity other than `amp`, `lt`, `gt`, `apos` and `quot`.
    #[error("unknown entity")]
    UnknownEntity,
    /// An end tag without its start tag.
    #[error("end tag without its start tag")]
    MismatchedEndTag,
    /// No XML: a bare `&` or `<`, a `]]>` in text, a `--` in a comment, a declaration or a
    /// reference that cannot be read.
    #[error("malformed xml")]
    Malformed,
    /// The document ends too early. The offset is that of the open tag, comment, CDATA section or
    /// reference, else of the open field or root.
    #[error("unfinished xml, beginning")]
    Truncated,
}

impl ErrorKind {
    /// The right form, or nothing where the kind implies it.
    fn advice(self) -> &'static str {
        match self {
            Self::WrongCharset => "only utf-8 is read",
            Self::UnsupportedVersion => "only version 1.0 is read",
            Self::MisplacedDeclaration => "nothing may stand before it, not even white space",
            Self::WrongRoot => "the root must be xml",
            Self::InvalidName => {
                "it must be an ascii letter or _, then letters, digits, _, - and ."
            }
            Self::UnknownEntity => "only amp, lt, gt, apos and quot are known",
            _ => "",
        }
    }
}
