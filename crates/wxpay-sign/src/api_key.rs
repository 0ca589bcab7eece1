//! The merchant's API v2 key.

use alloc::boxed::Box;
use core::{fmt, str::FromStr};

use zeroize::Zeroizing;

/// The API v2 key of a merchant: exactly 32 ASCII letters and digits.
///
/// It has no `Display` and no comparison, `Debug` shows none of its characters, and only
/// [`expose`](Self::expose) reads it back. A key is on the heap, so that a move leaves no copy
/// behind, and is overwritten on drop, as are the states of the hashers. Callers wipe their own
/// copies; one block of HMAC's input may stay on the stack.
///
/// The API v3 key is another one, of the same length and set on the same site.
///
/// ```
/// use wxpay_sign::{ApiKey, ApiKeyError};
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
/// let error = ApiKey::new("192006250b4c09247ec02edce69f6a2d\n").unwrap_err();
/// assert_eq!(error, ApiKeyError::WhiteSpace { position: 33 });
/// # Ok::<(), ApiKeyError>(())
/// ```
#[derive(Clone)]
pub struct ApiKey(Zeroizing<Box<str>>);

impl ApiKey {
    /// The length of a key in characters.
    pub const LEN: usize = 32;

    /// Checks and copies a key.
    ///
    /// Nothing is trimmed: a key that was read from a file with its line end is refused.
    ///
    /// # Errors
    ///
    /// [`ApiKeyError`] for the first character that is no ASCII letter or digit, else for the
    /// length.
    pub fn new(key: impl AsRef<str>) -> Result<Self, ApiKeyError> {
        let key = key.as_ref();
        for (position, character) in (1..).zip(key.chars()) {
            if character.is_whitespace() {
                return Err(ApiKeyError::WhiteSpace { position });
            }
            if !character.is_ascii_alphanumeric() {
                return Err(ApiKeyError::Character { position });
            }
        }
        if key.len() != Self::LEN {
            return Err(ApiKeyError::Length { found: key.len() });
        }
        Ok(Self(Zeroizing::new(key.into())))
    }

    /// The text of the key, for code that signs by itself. Wipe each copy of it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

/// As [`ApiKey::new`].
impl FromStr for ApiKey {
    type Err = ApiKeyError;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        Self::new(key)
    }
}

/// A text is no [`ApiKey`].
///
/// The error holds a length or a position, never a character. Positions count characters, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// Another number of letters and digits than 32; an empty key has none.
    #[error("the length of the API key is {found}, not {} characters", ApiKey::LEN)]
    Length {
        /// The number of characters.
        found: usize,
    },
    /// White space or a line end, most often the line end of a file.
    #[error("character {position} of the API key is white space or a line end: remove it")]
    WhiteSpace {
        /// Its position, from 1.
        position: usize,
    },
    /// Any other character that is not an ASCII letter or digit.
    #[error("character {position} of the API key is not an ASCII letter or digit")]
    Character {
        /// Its position, from 1.
        position: usize,
    },
}
