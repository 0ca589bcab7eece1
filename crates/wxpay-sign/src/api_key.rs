//! The merchant's API v2 key.

use alloc::boxed::Box;
use core::{fmt, str::FromStr};

use zeroize::Zeroizing;

/// The API v2 key of a merchant: exactly 32 ASCII letters and digits.
///
/// It has no `Display` and no comparison, `Debug` shows that there is a key and no more, and only
/// [`expose`](Self::expose) reads it back. It lives in one place on the heap, so that moving it leaves
/// no copy behind, and is overwritten when dropped, as are the states of the hashers. The caller wipes
/// its own copies; the stack may keep a block of HMAC's.
///
/// This is not the API v3 key, which is as long and is set beside it on the merchant's site.
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
    /// [`ApiKeyError`] for the first rule that the text breaks: a character that cannot be in a key
    /// comes before the wrong length.
    pub fn new(key: impl AsRef<str>) -> Result<Self, ApiKeyError> {
        let key = key.as_ref();
        for (index, character) in key.chars().enumerate() {
            let position = index + 1;
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

    /// The text of the key, for code that signs in a way of its own. Wipe each copy of it.
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
///
/// ```
/// let error = wxpay_sign::ApiKey::new("192006250b4c").unwrap_err();
/// assert_eq!(error.to_string(), "the length of the API key is 12, not 32 characters");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// All letters and digits, but not 32 of them. An empty key is one of these.
    #[error("the length of the API key is {found}, not {} characters", ApiKey::LEN)]
    Length {
        /// The number of characters.
        found: usize,
    },
    /// White space or a line end, as of a file that was read to its end or a careless copy.
    #[error("character {position} of the API key is white space or a line end: remove it")]
    WhiteSpace {
        /// Its position, from 1.
        position: usize,
    },
    /// Another character that is not an ASCII letter or digit.
    #[error("character {position} of the API key is not an ASCII letter or digit")]
    Character {
        /// Its position, from 1.
        position: usize,
    },
}
