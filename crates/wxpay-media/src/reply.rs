//! The reply half of an upload: from a status and bytes to a verified media id, without any I/O.
//!
//! ```
//! use http::StatusCode;
//! use wxpay_media::{ApiKey, ErrorKind, Merchant, MerchantId, reply};
//!
//! let merchant = Merchant::new(
//!     MerchantId::new("1900000109")?,
//!     ApiKey::new("192006250b4c09247ec02edce69f6a2d")?,
//! );
//! let forged = "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
//!               <media_id>abc</media_id></xml>";
//! let error = reply::media_id(&merchant, StatusCode::OK, forged.as_bytes()).unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Signature);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod page;

use bytes::Bytes;
use http::{Response, StatusCode};
use wxpay_sign::{Params, VerifyError};
use wxpay_transport::{Disposition, Judgement};
use wxpay_xml::Fields;

use crate::{Error, GatewayError, MediaId, Merchant};

/// Reads the gateway's reply to one upload.
///
/// # Errors
///
/// [`Error`] for everything but a success whose signature holds: a refusal, a success that is
/// unsigned or wrongly signed, XML that is not a flat document, a page that is not the gateway's.
///
/// ```
/// use http::StatusCode;
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
/// let id = reply::media_id(&merchant, StatusCode::OK, xml.as_bytes())?;
/// assert_eq!(id.as_str(), "abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn media_id(merchant: &Merchant, status: StatusCode, body: &[u8]) -> Result<MediaId, Error> {
    let fields = match Fields::parse(body) {
        Ok(fields) => fields,
        Err(error) if status.is_success() && !page::is_page(body) => return Err(Error::Xml(error)),
        Err(_) => return Err(page::error(status, body)),
    };
    let outcome = (fields.get("return_code"), fields.get("result_code"));
    match outcome {
        (Some("FAIL"), _) | (Some("SUCCESS"), Some("FAIL")) => {
            let signed = fields.get("sign").is_some_and(|sign| !sign.is_empty());
            let fault = verify(merchant, &fields).err().filter(|_| signed);
            Err(GatewayError::from_fields(&fields, fault).into())
        }
        _ if !status.is_success() => Err(page::error(status, body)),
        (Some("SUCCESS"), Some("SUCCESS")) => {
            verify(merchant, &fields).map_err(Error::Signature)?;
            match fields.get("media_id") {
                Some(id) if !id.is_empty() => Ok(MediaId::new(id.to_owned())),
                _ => Err(Error::Undocumented { field: "media_id" }),
            }
        }
        (Some("SUCCESS"), _) => Err(Error::Undocumented {
            field: "result_code",
        }),
        _ => Err(Error::Undocumented {
            field: "return_code",
        }),
    }
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
/// use wxpay_media::transport::Judgement;
///
/// let busy = "<xml><return_code>FAIL</return_code><err_code>SYSTEMERROR</err_code></xml>";
/// assert_eq!(reply::judgement(&Response::new(busy.into())), Judgement::Again);
/// ```
#[must_use]
pub fn judgement(reply: &Response<Bytes>) -> Judgement {
    let Ok(fields) = Fields::parse(reply.body()) else {
        return Judgement::of_status(reply.status());
    };
    let is_failure = ["return_code", "result_code"].map(|name| fields.get(name) == Some("FAIL"));
    if !is_failure.contains(&true) {
        return Judgement::of_status(reply.status());
    }
    match GatewayError::from_fields(&fields, None).disposition() {
        Disposition::SlowDown => Judgement::SlowDown,
        Disposition::Again => Judgement::Again,
        _ => Judgement::Done,
    }
}

/// Over all the fields that came: the gateway may add some at any time, and signs them too.
fn verify(merchant: &Merchant, fields: &Fields<'_>) -> Result<(), VerifyError> {
    let sign = fields.get("sign");
    let params = Params::new(fields.iter()).expect("a parsed document has no name twice");
    if merchant.strict_reply_sign {
        params.verify_strict(merchant.signing.sign_type(), &merchant.key, sign)
    } else {
        params.verify(&merchant.key, sign).map(drop)
    }
}
