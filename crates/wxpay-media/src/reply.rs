//! The reply half of an upload: from an `http::Response` to a verified media id, without any I/O.
//!
//! ```
//! use http::Response;
//! use wxpay_media::{ApiKey, ErrorKind, Merchant, MerchantId, reply};
//!
//! let merchant = Merchant::new(
//!     MerchantId::new("1900000109")?,
//!     ApiKey::new("192006250b4c09247ec02edce69f6a2d")?,
//! );
//! let forged = "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
//!               <media_id>abc</media_id></xml>";
//! let error = reply::media_id(&merchant, &Response::new(forged)).unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Signature);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod page;

use bytes::Bytes;
use http::Response;
use wxpay_sign::{Params, VerifyError};
use wxpay_transport::{RetryAdvice, RetryClass};
use wxpay_xml::Fields;

use crate::{Error, GatewayError, MediaId, Merchant, excerpt};

/// Reads the gateway's reply to one upload.
///
/// # Errors
///
/// [`Error`] for everything but a success whose signature holds: a refusal, a success that is
/// unsigned or wrongly signed, XML that is not a flat document, a page that is not the gateway's.
///
/// ```
/// use http::Response;
/// use wxpay_media::{ApiKey, Merchant, MerchantId, reply};
/// use wxpay_sign::{Params, SignType};
///
/// let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let fields = [("return_code", "SUCCESS"), ("result_code", "SUCCESS"), ("media_id", "abc")];
/// let sign = Params::new(fields)?.sign(SignType::HmacSha256, &key); // as the gateway does
/// let xml = format!(
///     "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
///      <media_id>abc</media_id><sign>{sign}</sign></xml>"
/// );
///
/// let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
/// let id = reply::media_id(&merchant, &Response::new(xml))?;
/// assert_eq!(id.as_str(), "abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn media_id(merchant: &Merchant, reply: &Response<impl AsRef<[u8]>>) -> Result<MediaId, Error> {
    let body = reply.body().as_ref();
    let fields = match Fields::parse(body) {
        Ok(fields) => fields,
        Err(source) => {
            return Err(match refusal_in_another_charset(body) {
                Some(refusal) => refusal.into(),
                None if reply.status().is_success() && !page::is_page(body) => {
                    let excerpt = excerpt::of_body(body);
                    Error::Xml { excerpt, source }
                }
                None => page::error(reply),
            });
        }
    };
    if let Some(mut refusal) = GatewayError::from_fields(&fields) {
        let signed = fields.get("sign").is_some_and(|sign| !sign.is_empty());
        refusal.signature_fault = verify(merchant, &fields).err().filter(|_| signed);
        return Err(refusal.into());
    }
    if !reply.status().is_success() {
        return Err(page::error(reply));
    }
    let undocumented = |field| Error::Undocumented {
        field,
        excerpt: excerpt::of_body(body),
    };
    for field in ["return_code", "result_code"] {
        if fields.get(field) != Some("SUCCESS") {
            return Err(undocumented(field));
        }
    }
    verify(merchant, &fields).map_err(Error::Signature)?;
    if let Some((name, _)) = fields
        .iter()
        .find(|(_, value)| reads_as_another_field(value))
    {
        return Err(Error::Ambiguous {
            field: excerpt::excerpt(name),
        });
    }
    match fields.get("media_id") {
        Some(id) if !id.is_empty() => Ok(MediaId::new(id.to_owned())),
        _ => Err(undocumented("media_id")),
    }
}

/// Whether the value holds `&NAME=`: nothing is escaped before it is signed, so that a set of other
/// fields has the same signature. A refusal's own text could else be cut into a success.
fn reads_as_another_field(value: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let starts_a_field = |piece: &str| {
        let name = piece.split_once('=').map_or("", |(name, _)| name);
        !name.is_empty() && name.bytes().all(in_name)
    };
    value.split('&').skip(1).any(starts_a_field)
}

/// The refusal of a document that is not in UTF-8, by its fields in ASCII: its code says more than
/// that it cannot be read. A success is never read this way.
fn refusal_in_another_charset(body: &[u8]) -> Option<GatewayError> {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units = body.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    };
    let text = match body {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'<', ..] => utf16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(body).into_owned(),
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let document = match text.strip_prefix("<?xml") {
        Some(declared) => declared.split_once("?>")?.1,
        None => text,
    };
    let fields = Fields::parse(document).ok()?;
    let mut readable = Fields::new();
    for (name, value) in fields.iter().filter(|(_, value)| value.is_ascii()) {
        readable.push(name, value).ok()?;
    }
    GatewayError::from_fields(&readable)
}

/// Judges a reply for the loop that repeats uploads, as [`Client`](crate::Client) has its transport
/// do: `FREQUENCY_LIMITED`, with or without its code, asks to slow down, `SYSTEMERROR` to try again;
/// of what is no reply of the gateway, the status decides.
///
/// It believes a failure without a signature, as [`media_id`] does: a failure needs no proof.
///
/// ```
/// use http::Response;
/// use wxpay_media::reply;
/// use wxpay_media::transport::RetryClass;
///
/// let busy = "<xml><return_code>FAIL</return_code><err_code>SYSTEMERROR</err_code></xml>";
/// assert_eq!(reply::judgement(&Response::new(busy.into())), RetryClass::Retry);
/// ```
#[must_use]
pub fn judgement(reply: &Response<Bytes>) -> RetryClass {
    let refusal = match Fields::parse(reply.body()) {
        Ok(fields) => GatewayError::from_fields(&fields),
        Err(_) => refusal_in_another_charset(reply.body()),
    };
    match refusal.map(|refusal| refusal.disposition()) {
        None => RetryClass::of_status(reply.status()),
        Some(RetryAdvice::Throttle) => RetryClass::Throttle,
        Some(RetryAdvice::Retry) => RetryClass::Retry,
        Some(_) => RetryClass::Done,
    }
}

/// Over all the fields that came: the gateway may add some at any time, and signs them too.
fn verify(merchant: &Merchant, fields: &Fields<'_>) -> Result<(), VerifyError> {
    let params = Params::new(fields.iter()).expect("a parsed document has no name twice");
    if merchant.strict_reply_sign {
        params.verify_strict(merchant.signing.sign_type(), &merchant.key)
    } else {
        params.verify(&merchant.key).map(drop)
    }
}
