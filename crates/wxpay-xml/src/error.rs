//! Errors of reading a document.

use std::fmt;

/// A document was refused: what was found, and where.
///
/// The same bytes always give the same error. Of several faults one is reported: first those of the
/// whole document (its length, charset, declaration, characters), then the first in document order.
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
        match self.kind.advice() {
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
/// assert_eq!(error.kind(), ErrorKind::WrongRoot); // a proxy's page, not the gateway's document
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// More bytes than [`Limits::max_bytes`](crate::Limits::max_bytes). The offset is the limit.
    #[error("more bytes than the limit allows")]
    TooLong,
    /// More fields than [`Limits::max_fields`](crate::Limits::max_fields), from the offset on.
    #[error("more fields than the limit allows")]
    TooManyFields,
    /// A byte order mark, the zeros of UTF-16 around the first `<`, or the `encoding` of the
    /// declaration, to whose `<` the offset points, is of another charset than UTF-8.
    #[error("another charset than utf-8")]
    WrongCharset,
    /// The bytes are not UTF-8. A document that was cut off within a character is among these.
    #[error("invalid utf-8")]
    InvalidUtf8,
    /// A character that XML 1.0 does not allow, such as a control character, raw or by reference.
    #[error("a character that xml does not allow")]
    IllegalCharacter,
    /// The declaration's version is not 1.0. XML 1.1 allows other characters and knows other line
    /// ends; nothing of the API is written in it.
    #[error("unsupported version of xml")]
    UnsupportedVersion,
    /// An XML declaration that is not at the very start: most often behind a blank line.
    #[error("misplaced xml declaration")]
    MisplacedDeclaration,
    /// A document type declaration, wherever it stands and whatever is in it: external entities and
    /// entities that blow up are declared in one, and nothing else here would need it.
    #[error("forbidden document type declaration")]
    Doctype,
    /// A processing instruction: it would be lost, and it is not signed.
    #[error("forbidden processing instruction")]
    ProcessingInstruction,
    /// No element at all, but white space and comments. The offset is that of the end.
    #[error("no element")]
    NoRoot,
    /// The root is not `xml`. For `html` the response is somebody else's, such as a proxy's.
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
    /// The name of a field is not an ASCII letter or `_`, followed by ASCII letters, digits, `_`, `-`
    /// and `.`. The offset is that of the tag.
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
    /// No XML: a bare `&` or `<`, a `]]>` in text, a `--` in a comment, a declaration or a reference
    /// that cannot be read.
    #[error("malformed xml")]
    Malformed,
    /// The document ends too early. The offset is that of what is still open: of a tag, a comment, a
    /// CDATA section or a reference, or else of the field or the root.
    #[error("unfinished xml, beginning")]
    Truncated,
}

impl ErrorKind {
    /// The right form, where that is not plain.
    fn advice(self) -> &'static str {
        match self {
            Self::TooLong | Self::TooManyFields => {
                "raise the limit if documents of this size are expected"
            }
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
