//! Why a document is refused.

use std::fmt;

mod kind;

pub use kind::ErrorKind;

/// So much of a field's name is shown, in bytes: names are ASCII.
const NAME: usize = 64;

/// A document was refused: what was found, and where.
///
/// To read the same bytes again gives the same error. Of several faults one is reported: first those
/// of the whole document, which are its length, its charset, its declaration and its characters, then
/// the first in the order of the document.
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
        Self {
            kind,
            offset,
            field: None,
        }
    }

    pub(crate) fn in_field(mut self, name: &str) -> Self {
        self.field = Some(name.into());
        self
    }

    /// What was found.
    ///
    /// ```
    /// use wxpay_xml::{ErrorKind, Fields};
    ///
    /// let error = Fields::parse("<xml><media_id>9UYf").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Truncated); // fetch it again
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it was found, in bytes from the start of the input, a byte order mark included.
    ///
    /// It is the first byte of what is wrong: the `<` of a tag or a comment, the `&` of a reference,
    /// the character itself. Each [`ErrorKind`] says where that is not plain. It is never more than
    /// the length of the input.
    ///
    /// ```
    /// let document = "<xml><a>1</a> and <b>2</b></xml>";
    /// let error = wxpay_xml::Fields::parse(document).unwrap_err();
    /// assert!(document[error.offset()..].starts_with("and <b>"));
    /// ```
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The name of the field in whose value it was found, or which is there twice.
    ///
    /// ```
    /// use wxpay_xml::Fields;
    ///
    /// let error = Fields::parse("<xml><media_id>9&UYf</media_id></xml>").unwrap_err();
    /// assert_eq!(error.field(), Some("media_id"));
    /// assert_eq!(Fields::parse("<html/>").unwrap_err().field(), None);
    /// ```
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

/// Of a name, 64 bytes at most: a stranger's document must not fill a log.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)?;
        if let Some(field) = self.field() {
            match field.get(..NAME) {
                Some(start) if start.len() < field.len() => {
                    write!(f, " in the field \"{start}…\"")?;
                }
                _ => write!(f, " in the field {field:?}")?,
            }
        }
        match self.kind.advice() {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
