//! Who uploads.

use std::{fmt, str::FromStr};

use wxpay_sign::ApiKey;

use crate::Signing;

/// A merchant as the gateway knows it, and how it signs: all that the pure functions of
/// [`request`](crate::request) and [`reply`](crate::reply) need to know.
///
/// ```
/// use wxpay_media::{ApiKey, Merchant, MerchantId, Signing};
///
/// let id = MerchantId::new("1900000109")?;
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let merchant = Merchant::new(id, key).signing(Signing::Md5).strict_reply_sign(true);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Merchant {
    pub(crate) id: MerchantId,
    pub(crate) key: ApiKey,
    pub(crate) signing: Signing,
    pub(crate) strict_reply_sign: bool,
}

impl Merchant {
    /// A merchant that signs with HMAC-SHA256 and takes replies signed with either algorithm.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Merchant, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// assert!(format!("{merchant:?}").contains("HmacSha256"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(id: MerchantId, key: ApiKey) -> Self {
        Self {
            id,
            key,
            signing: Signing::default(),
            strict_reply_sign: false,
        }
    }

    /// How requests are signed.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Image, Merchant, MerchantId, Signing, request::Fields};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// let merchant = Merchant::new(MerchantId::new("1900000109")?, key).signing(Signing::Md5Unnamed);
    /// let image = Image::from_bytes("licence.png", png)?;
    /// let fields = Fields::sign(&merchant, image.hash());
    /// assert!(fields.iter().all(|(name, _)| name != "sign_type"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn signing(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    /// Whether a reply must be signed with the request's algorithm.
    ///
    /// Off by default: which algorithm signs a reply is not documented, and replies signed with MD5
    /// to requests signed with HMAC-SHA256 have been seen. An unsigned success is never taken.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Merchant, MerchantId, reply};
    /// use wxpay_sign::{Params, SignType};
    ///
    /// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let fields = [("return_code", "SUCCESS"), ("result_code", "SUCCESS"), ("media_id", "abc")];
    /// let sign = Params::new(fields)?.sign(SignType::Md5, &key);
    /// let response = Response::new(format!(
    ///     "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
    ///      <media_id>abc</media_id><sign>{sign}</sign></xml>"
    /// ));
    ///
    /// let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// assert!(reply::media_id(&merchant, &response).is_ok());
    /// let strict = merchant.strict_reply_sign(true); // HMAC-SHA256, as it signs itself
    /// assert!(reply::media_id(&strict, &response).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn strict_reply_sign(mut self, strict: bool) -> Self {
        self.strict_reply_sign = strict;
        self
    }

    /// The merchant id.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Merchant, MerchantId};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// assert_eq!(merchant.id().as_str(), "1900000109");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> &MerchantId {
        &self.id
    }
}

/// A merchant id (`mch_id`): 1 to 32 ASCII letters and digits, in practice ten digits.
///
/// ```
/// use wxpay_media::MerchantId;
///
/// assert_eq!(MerchantId::new("1900000109")?.as_str(), "1900000109");
/// assert!(MerchantId::new("19000 00109").is_err());
/// # Ok::<(), wxpay_media::InvalidMerchantId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MerchantId(String);

impl MerchantId {
    /// Takes a merchant id as the merchant platform shows it.
    ///
    /// # Errors
    ///
    /// [`InvalidMerchantId`] when it is empty, longer than 32 characters, or holds anything but
    /// ASCII letters and digits.
    ///
    /// ```
    /// use wxpay_media::{InvalidMerchantId, MerchantId};
    ///
    /// assert!(MerchantId::new("1900000109").is_ok());
    /// assert_eq!(MerchantId::new(""), Err(InvalidMerchantId::Length { found: 0 }));
    /// assert_eq!(MerchantId::new("19000-109"), Err(InvalidMerchantId::Character { position: 6 }));
    /// ```
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidMerchantId> {
        let id = id.into();
        let length = id.chars().count();
        if !(1..=32).contains(&length) {
            return Err(InvalidMerchantId::Length { found: length });
        }
        match id
            .chars()
            .position(|character| !character.is_ascii_alphanumeric())
        {
            Some(before) => Err(InvalidMerchantId::Character {
                position: before + 1,
            }),
            None => Ok(Self(id)),
        }
    }

    /// The id as it is sent.
    ///
    /// ```
    /// use wxpay_media::MerchantId;
    ///
    /// assert_eq!(MerchantId::new("1900000109")?.as_str(), "1900000109");
    /// # Ok::<(), wxpay_media::InvalidMerchantId>(())
    /// ```
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
    type Err = InvalidMerchantId;

    fn from_str(id: &str) -> Result<Self, InvalidMerchantId> {
        Self::new(id)
    }
}

/// Why a text is not a [`MerchantId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMerchantId {
    /// Empty or too long.
    #[error("a merchant id has 1 to 32 characters, not {found}")]
    Length {
        /// How many characters it has.
        found: usize,
    },
    /// Something that is not a letter or digit.
    #[error("a merchant id has letters and digits only: look at character {position}")]
    Character {
        /// The first such character, counted from 1.
        position: usize,
    },
}
