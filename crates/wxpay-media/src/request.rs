//! The request half of an upload: from a picture to an `http::Request`, without any I/O.
//!
//! With [`response`](crate::response) this is all that another HTTP client needs:
//!
//! ```
//! use http_body::Body;
//! use wxpay_media::{ApiKey, Endpoint, Image, Merchant, MerchantId, request};
//!
//! # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
//! let merchant = Merchant::new(
//!     MerchantId::new("1900000109")?,
//!     ApiKey::new("192006250b4c09247ec02edce69f6a2d")?,
//! );
//! let image = Image::from_bytes("licence.png", png)?;
//! let request = request::upload(&merchant, &Endpoint::default(), &image);
//! assert_eq!(request.uri(), "https://api.mch.weixin.qq.com/secapi/mch/uploadmedia");
//! assert!(request.body().size_hint().exact().is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::{HeaderValue, Method, Request, header::CONTENT_TYPE};
use wxpay_multipart::{Form, FormBody, PartError};
use wxpay_sign::{ContentHash, Params, Signature};

use crate::{endpoint::Endpoint, image::Image, merchant::Merchant};

/// The upload of one picture.
///
/// Its body has an exact length, can be cloned, so that it can be sent again, and is a
/// [`Read`](std::io::Read) for clients that block. Whatever sends it should leave `Content-Length` to
/// its HTTP library.
///
/// # Panics
///
/// When the operating system has no random bytes for the form's boundary.
#[must_use]
pub fn upload(merchant: &Merchant, endpoint: &Endpoint, image: &Image) -> Request<FormBody> {
    let fields = Fields::sign(merchant, image.hash());
    let form = form(&fields, image).expect("an image's name and type make a valid part");
    let content_type: HeaderValue = form.content_type();
    let mut request = Request::new(form.into_body());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint.upload_uri();
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    request
}

fn form(fields: &Fields<'_>, image: &Image) -> Result<Form, PartError> {
    let mut form = Form::new();
    for (name, value) in fields.iter() {
        form = form.text(name, value)?;
    }
    let (name, media_type) = (image.name(), image.format().media_type());
    form.file("media", name, media_type, image.bytes().clone())
}

/// The text fields of one upload, signed. The picture itself is not signed; its hash is.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    mch_id: &'a str,
    media_hash: ContentHash,
    sign_type: Option<&'static str>,
    sign: Signature,
}

impl<'a> Fields<'a> {
    /// Signs what is sent beside a picture with this hash.
    ///
    /// ```
    /// use wxpay_media::{ApiKey, Image, Merchant, MerchantId, request::Fields};
    ///
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let image = Image::from_bytes("licence.png", png)?;
    /// let fields = Fields::sign(&merchant, image.hash());
    /// let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["mch_id", "media_hash", "sign_type", "sign"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the names differ, whatever the values"
    )]
    pub fn sign(merchant: &'a Merchant, media_hash: &ContentHash) -> Self {
        let mch_id = merchant.id.as_str();
        let sign_type = merchant.signing.field();
        let params = Params::new(unsigned(mch_id, media_hash, sign_type));
        let params = params.expect("the fields' names differ");
        let sign = params.sign(merchant.signing.sign_type(), &merchant.key);
        Self {
            mch_id,
            media_hash: *media_hash,
            sign_type,
            sign,
        }
    }

    /// The fields in the order in which they are sent: `mch_id`, `media_hash`, `sign_type` where
    /// it is sent, `sign`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        unsigned(self.mch_id, &self.media_hash, self.sign_type)
            .chain([("sign", self.sign.as_str())])
    }
}

fn unsigned<'a>(
    mch_id: &'a str,
    media_hash: &'a ContentHash,
    sign_type: Option<&'static str>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    [("mch_id", mch_id), ("media_hash", media_hash.as_str())]
        .into_iter()
        .chain(sign_type.map(|value| ("sign_type", value)))
}
