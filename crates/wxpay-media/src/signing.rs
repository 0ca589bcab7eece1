//! How a request is signed.

use wxpay_sign::SignType;

/// The algorithm of a request's signature, and whether the request names it in `sign_type`.
///
/// The API reads `sign_type=HMAC-SHA256` as HMAC-SHA256 and anything else, or none, as MD5. The
/// field is signed like any other when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Signing {
    /// HMAC-SHA256 with `sign_type=HMAC-SHA256`: the default, for MD5 is broken as a hash.
    #[default]
    HmacSha256,
    /// MD5 with `sign_type=MD5`.
    Md5,
    /// MD5 without `sign_type`, as in the API's own example.
    Md5Unnamed,
}

impl Signing {
    /// The algorithm.
    ///
    /// ```
    /// use wxpay_media::{SignType, Signing};
    ///
    /// assert_eq!(Signing::Md5Unnamed.sign_type(), SignType::Md5);
    /// ```
    #[must_use]
    pub fn sign_type(self) -> SignType {
        match self {
            Self::HmacSha256 => SignType::HmacSha256,
            Self::Md5 | Self::Md5Unnamed => SignType::Md5,
        }
    }

    /// The value of the field `sign_type`, where it is sent.
    ///
    /// ```
    /// use wxpay_media::Signing;
    ///
    /// assert_eq!(Signing::HmacSha256.field(), Some("HMAC-SHA256"));
    /// assert_eq!(Signing::Md5Unnamed.field(), None);
    /// ```
    #[must_use]
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::Md5Unnamed => None,
            Self::Md5 | Self::HmacSha256 => Some(self.sign_type().as_str()),
        }
    }
}
