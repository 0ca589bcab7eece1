//! The merchant, its id, and the way in which it signs.

use std::{fmt, str::FromStr};

use wxpay_sign::{ApiKey, SignType};

/// A merchant's id and key, and the way in which it signs, for the pure functions of
/// [`request`](crate::request) and [`response`](crate::response).
///
/// ```
/// use wxpay_media::{ApiKey, Merchant, MerchantId, Signing};
///
/// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let merchant = Merchant::new(MerchantId::new("1900000109")?, key).signing(Signing::Md5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Merchant {
    pub(crate) id: MerchantId,
    pub(crate) key: ApiKey,
    pub(crate) signing: Signing,
    pub(crate) strict_response_sign: bool,
}

impl Merchant {
    /// A merchant that signs with HMAC-SHA256 and takes responses signed with either algorithm.
    #[must_use]
    pub fn new(id: MerchantId, key: ApiKey) -> Self {
        Self {
            id,
            key,
            signing: Signing::default(),
            strict_response_sign: false,
        }
    }

    /// The way of signing requests.
    #[must_use]
    pub fn signing(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    /// Whether a response must be signed with the request's algorithm.
    ///
    /// Off by default: the algorithm of a response is not documented, and responses signed with MD5
    /// to requests signed with HMAC-SHA256 have been seen. An unsigned success is never accepted.
    #[must_use]
    pub fn strict_response_sign(mut self, strict: bool) -> Self {
        self.strict_response_sign = strict;
        self
    }

    /// The merchant id.
    #[must_use]
    pub fn id(&self) -> &MerchantId {
        &self.id
    }
}

/// A merchant id (`mch_id`): 1 to 32 ASCII letters and digits, in practice ten digits.
///
/// ```
/// use wxpay_media::{MerchantId, MerchantIdError};
///
/// assert_eq!(MerchantId::new("1900000109")?.as_str(), "1900000109");
/// assert_eq!(MerchantId::new("19000-109"), Err(MerchantIdError::Character(6)));
/// # Ok::<(), MerchantIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MerchantId(String);

impl MerchantId {
    /// Takes a merchant id as the merchant platform shows it.
    ///
    /// # Errors
    ///
    /// [`MerchantIdError`] when it is empty, longer than 32 characters, or holds anything but ASCII
    /// letters and digits.
    pub fn new(id: impl Into<String>) -> Result<Self, MerchantIdError> {
        let id = id.into();
        let found = id.chars().count();
        if !(1..=32).contains(&found) {
            return Err(MerchantIdError::Length(found));
        }
        match id.chars().position(|it| !it.is_ascii_alphanumeric()) {
            Some(before) => Err(MerchantIdError::Character(before + 1)),
            None => Ok(Self(id)),
        }
    }

    /// The id as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MerchantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MerchantId {
    type Err = MerchantIdError;

    fn from_str(id: &str) -> Result<Self, MerchantIdError> {
        Self::new(id)
    }
}

/// A text is no [`MerchantId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MerchantIdError {
    /// Empty or too long, with the number of characters.
    #[error("a merchant id has 1 to 32 characters, not {0}")]
    Length(usize),
    /// Not only letters and digits, with the position of the first other character, from 1.
    #[error("a merchant id has letters and digits only: look at character {0}")]
    Character(usize),
}

/// The algorithm of a request's signature, and whether the request names it in `sign_type`.
///
/// The API reads `sign_type=HMAC-SHA256` as HMAC-SHA256 and anything else, or none, as MD5. The
/// field is signed like any other when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Signing {
    /// HMAC-SHA256 with `sign_type=HMAC-SHA256`, the default: MD5 is broken as a hash.
    #[default]
    HmacSha256,
    /// MD5 with `sign_type=MD5`.
    Md5,
    /// MD5 without `sign_type`, as in the API's own example.
    Md5Unnamed,
}

impl Signing {
    /// The algorithm.
    #[must_use]
    pub fn sign_type(self) -> SignType {
        match self {
            Self::HmacSha256 => SignType::HmacSha256,
            Self::Md5 | Self::Md5Unnamed => SignType::Md5,
        }
    }

    /// The value of the field `sign_type`, if it is sent.
    #[must_use]
    pub fn field(self) -> Option<&'static str> {
        (self != Self::Md5Unnamed).then(|| self.sign_type().as_str())
    }
}
