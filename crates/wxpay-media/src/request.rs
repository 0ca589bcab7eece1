//! The request half of an upload: from a picture to an `http::Request`, without I/O.
//!
//! Another HTTP client needs only this and [`response`](crate::response):
//!
//! ```
//! use wxpay_media::{ApiKey, Endpoint, Image, Merchant, MerchantId, request};
//!
//! # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
//! # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
//! let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
//! let image = Image::from_bytes("licence.png", png)?;
//! let request = request::upload(&merchant, &Endpoint::default(), &image);
//! assert_eq!(request.uri(), "https://api.mch.weixin.qq.com/secapi/mch/uploadmedia");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::{HeaderValue, Method, Request, header::CONTENT_TYPE};
use wxpay_multipart::{Form, FormBody};
use wxpay_sign::{ContentHash, Params};

use crate::{endpoint::Endpoint, image::Image, merchant::Merchant};

/// The upload of one picture.
///
/// Its body has an exact length, can be cloned to be sent again, and is a [`Read`](std::io::Read)
/// for blocking clients. Leave `Content-Length` to the HTTP library.
///
/// # Panics
///
/// When the operating system has no random bits for the form's boundary.
#[must_use]
pub fn upload(merchant: &Merchant, endpoint: &Endpoint, image: &Image) -> Request<FormBody> {
    let mut texts = fields(merchant, image.hash()).into_iter();
    let form = texts
        .try_fold(Form::new(), |form, (name, value)| form.text(name, value))
        .and_then(|form| {
            let media_type = image.format().media_type();
            form.file("media", image.name(), media_type, image.bytes().clone())
        })
        .expect("an image's name and type make a valid part");
    let content_type: HeaderValue = form.content_type();
    let mut request = Request::new(form.into_body());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint.upload_uri();
    request.headers_mut().insert(CONTENT_TYPE, content_type);
    request
}

/// The text fields for a picture with this hash, in sending order: `mch_id`, `media_hash`,
/// `sign_type` if it is sent, `sign`. The hash is signed, not the picture.
#[must_use]
#[expect(
    clippy::missing_panics_doc,
    reason = "the names differ, whatever the values"
)]
pub fn fields(merchant: &Merchant, media_hash: &ContentHash) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("mch_id", merchant.id.to_string()),
        ("media_hash", media_hash.to_string()),
    ];
    let sign_type = merchant.signing.field();
    fields.extend(sign_type.map(|value| ("sign_type", value.to_owned())));
    let sign = Params::new(&fields)
        .expect("the fields' names differ")
        .sign(merchant.signing.sign_type(), &merchant.key);
    fields.push(("sign", sign.to_string()));
    fields
}
