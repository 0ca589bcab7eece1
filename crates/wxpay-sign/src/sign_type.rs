//! The two algorithms of a signature.

use core::{fmt, str::FromStr};

/// The algorithm of a signature, as the field `sign_type` names it.
///
/// Prefer HMAC-SHA256: MD5 is broken. There will be no third algorithm, so a match may be
/// exhaustive.
///
/// ```
/// use wxpay_sign::SignType;
///
/// assert_eq!("hmac-sha256".parse(), Ok(SignType::HmacSha256));
/// assert_eq!(SignType::from_field(Some("hmac-sha256")), SignType::Md5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignType {
    /// `MD5` of the string, 32 digits.
    Md5,
    /// `HMAC-SHA256` of the string under the key that also ends it, 64 digits.
    HmacSha256,
}

impl SignType {
    /// Both algorithms.
    pub const ALL: [Self; 2] = [Self::Md5, Self::HmacSha256];

    /// The algorithm that a request's field `sign_type` asks for: HMAC-SHA256 for exactly
    /// `HMAC-SHA256`; anything else, or none, means MD5.
    ///
    /// The gateway reads the field so. [`FromStr`] refuses a misspelt name, for input of people.
    #[must_use]
    pub fn from_field(sign_type: Option<&str>) -> Self {
        match sign_type {
            Some("HMAC-SHA256") => Self::HmacSha256,
            _ => Self::Md5,
        }
    }

    /// The documented name, as the field `sign_type` holds it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// The length of a signature in hexadecimal digits: 32 or 64.
    #[must_use]
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::HmacSha256 => 64,
        }
    }
}

impl fmt::Display for SignType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Takes the documented names in upper or lower case, as people type them. For a request's field
/// use [`SignType::from_field`].
impl FromStr for SignType {
    type Err = ParseSignTypeError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut both = Self::ALL.into_iter();
        both.find(|sign_type| name.eq_ignore_ascii_case(sign_type.as_str()))
            .ok_or(ParseSignTypeError(()))
    }
}

/// A text that names neither `MD5` nor `HMAC-SHA256`.
///
/// The error does not show the text, which may be a misplaced key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown sign type: neither MD5 nor HMAC-SHA256")]
pub struct ParseSignTypeError(());

#[cfg(feature = "serde")]
impl serde::Serialize for SignType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// As [`FromStr`], for configurations.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for SignType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = alloc::string::String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}
