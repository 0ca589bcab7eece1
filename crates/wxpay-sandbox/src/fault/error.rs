//! What is no fault.

/// Why a text, or a JSON value, is not a [`Fault`](crate::Fault).
///
/// ```
/// use wxpay_sandbox::{Fault, InvalidFault};
///
/// let error = "system-eror".parse::<Fault>().unwrap_err();
/// assert_eq!(error, InvalidFault::Effect { word: "system-eror".to_owned() });
/// assert_eq!(error.to_string(), r#"there is no fault "system-eror""#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFault {
    /// What should go wrong has no such word.
    #[error("there is no fault {word:?}")]
    Effect {
        /// What stands there.
        word: String,
    },
    /// A condition has no such word.
    #[error("there is no condition {word:?}: use next, every, chance with seed, or file")]
    Condition {
        /// What stands there.
        word: String,
    },
    /// A value is missing, or there is one where none belongs, or it has a wrong form.
    #[error("{word} needs {needs}")]
    Value {
        /// Of which word.
        word: String,
        /// What it should be.
        needs: &'static str,
    },
    /// A condition is there twice.
    #[error("{word} is there twice")]
    Twice {
        /// Which.
        word: String,
    },
    /// `file` cannot be told before the request's body was read, and `cut-in-request` comes before.
    #[error("cut-in-request comes before the file name is known: leave file out")]
    FileTooEarly,
}
