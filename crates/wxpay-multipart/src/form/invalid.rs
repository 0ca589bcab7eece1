//! Why a part was refused.

use super::quoted::Parameter;
use crate::body::LengthOverflow;

/// A part that was refused, which it is, and [why](Self::kind). The form that it was to be added to
/// is gone: what is wrong is in the program or in its input, and sending it again does not help.
///
/// # Examples
///
/// ```
/// use wxpay_multipart::Form;
///
/// let error = Form::new()
///     .text("mch_id", "1000000000")?
///     .file("media", "bell\u{7}.png", "image/png", "")
///     .unwrap_err();
/// assert_eq!((error.position(), error.name()), (2, "media"));
/// assert_eq!(
///     error.to_string(),
///     r#"part 2 ("media"): the file name has the control character U+0007 at byte 4: remove it"#
/// );
/// # Ok::<(), wxpay_multipart::InvalidPart>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("part {position} ({name:?}): {kind}")]
#[non_exhaustive]
pub struct InvalidPart {
    name: String,
    position: usize,
    kind: InvalidPartKind,
}

impl InvalidPart {
    pub(super) fn new(name: &str, position: usize, kind: InvalidPartKind) -> Self {
        Self {
            name: name.to_owned(),
            position,
            kind,
        }
    }

    /// The part's name, as it was given.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::Form;
    ///
    /// let error = Form::new().file("media", "shop.png", "png", "").unwrap_err();
    /// assert_eq!(error.name(), "media");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part's place in the form; the first is 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::Form;
    ///
    /// let error = Form::new().text("mch_id", "1000000000")?.text("", "709d").unwrap_err();
    /// assert_eq!(error.position(), 2); // it has no name to be known by
    /// # Ok::<(), wxpay_multipart::InvalidPart>(())
    /// ```
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// What is wrong with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use wxpay_multipart::{Form, InvalidPartKind};
    ///
    /// let error = Form::new().text("mch_id\0", "1000000000").unwrap_err();
    /// assert!(matches!(error.kind(), InvalidPartKind::ControlCharacter { offset: 6, .. }));
    /// ```
    #[must_use]
    pub fn kind(&self) -> &InvalidPartKind {
        &self.kind
    }
}

/// What is wrong with a part: each is something that some server reads as another form than was
/// meant, or that cannot be written at all.
///
/// # Examples
///
/// ```
/// use wxpay_multipart::{Form, InvalidPartKind, Parameter};
///
/// let error = Form::new().text("C:\\", "").unwrap_err();
/// assert!(matches!(
///     error.kind(),
///     InvalidPartKind::FinalBackslash { parameter: Parameter::Name, .. }
/// ));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPartKind {
    /// The name is empty. (An empty file name is allowed.)
    #[error("the name is empty: name the part")]
    EmptyName,
    /// The name has `filename`, in upper or lower case, after a space, a tab, a semicolon or another
    /// `filename`. (Names like `filename` and `old_filename` are allowed.)
    ///
    /// Several parsers, multer among them, search the header for the parameter and find this one:
    /// `x; filename=a.php` as the name of a text would make it a file.
    #[error("the name holds `filename` where parsers take it for the file's name: rename the part")]
    FileNameInName,
    /// The name or the file name has a control character (Unicode category Cc) other than tab, CR
    /// and LF.
    ///
    /// CR and LF are allowed since they go out escaped, a tab since it goes out as it is and parsers
    /// read it back from within quotes.
    #[error("the {parameter} has the control character U+{:04X} at byte {offset}: remove it", u32::from(*character))]
    #[non_exhaustive]
    ControlCharacter {
        /// Where it stands.
        parameter: Parameter,
        /// The first such character.
        character: char,
        /// How many bytes stand before it.
        offset: usize,
    },
    /// The name or the file name ends in a backslash.
    ///
    /// Several parsers, multer among them, read it and the closing quote as an escaped quote, and
    /// read on into what follows. Backslashes in other places go out as they are, as browsers send
    /// them; a few parsers, Python's `email` among them, drop them.
    #[error(
        "the {parameter} ends in a backslash, which parsers take to escape the closing quote: remove it"
    )]
    #[non_exhaustive]
    FinalBackslash {
        /// Where it stands.
        parameter: Parameter,
    },
    /// The content type is no media type: `type/subtype`, with parameters or without, in ASCII.
    #[error("the content type {content_type:?} is no media type: write it like `image/png`")]
    #[non_exhaustive]
    ContentType {
        /// As it was given.
        content_type: String,
    },
    /// The form, with this part, would have more than `u64::MAX` bytes.
    #[error("the form becomes longer than u64::MAX bytes: declare the length of what is sent")]
    TooLong,
}

impl From<LengthOverflow> for InvalidPartKind {
    fn from(_: LengthOverflow) -> Self {
        Self::TooLong
    }
}
