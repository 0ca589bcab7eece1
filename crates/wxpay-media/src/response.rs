//! The response half of an upload: from an `http::Response` to a verified media id, without I/O.

use std::{fmt, str::FromStr};

use http::{Response, StatusCode, header::LOCATION};
use wxpay_sign::{Params, VerifyError};
use wxpay_xml::Fields;

pub use crate::excerpt::of_body as excerpt;
use crate::{error::Error, excerpt, gateway::GatewayError, merchant::Merchant};

/// Reads the gateway's response to one upload.
///
/// # Errors
///
/// [`Error`] for everything but a rightly signed success: a refusal, an unsigned or wrongly signed
/// success, other XML, a page of another server.
///
/// ```
/// use wxpay_media::{ApiKey, ErrorKind, Merchant, MerchantId, response};
///
/// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
/// let unsigned = "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
///                 <media_id>abc</media_id></xml>";
/// let error = response::media_id(&merchant, &http::Response::new(unsigned)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Signature);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn media_id(
    merchant: &Merchant,
    response: &Response<impl AsRef<[u8]>>,
) -> Result<MediaId, Error> {
    let body = response.body().as_ref();
    let fields = match Fields::parse(body) {
        Ok(fields) => fields,
        Err(source) => {
            return Err(match GatewayError::read(body) {
                Some(refusal) => refusal.into(),
                None if response.status().is_success() && !excerpt::is_page(body) => {
                    let excerpt = excerpt::of_body(body);
                    Error::Xml { excerpt, source }
                }
                None => page(response),
            });
        }
    };
    if let Some(mut refusal) = GatewayError::from_fields(&fields) {
        let is_signed = fields.get("sign").is_some_and(|sign| !sign.is_empty());
        refusal.signature_error = verify(merchant, &fields).err().filter(|_| is_signed);
        return Err(refusal.into());
    }
    if !response.status().is_success() {
        return Err(page(response));
    }
    let undocumented = |field| {
        let excerpt = excerpt::of_body(body);
        Error::Undocumented { field, excerpt }
    };
    for field in ["return_code", "result_code"] {
        if fields.get(field) != Some("SUCCESS") {
            return Err(undocumented(field));
        }
    }
    verify(merchant, &fields).map_err(Error::Signature)?;
    // The text of a refusal could otherwise be cut into a success.
    if let Some(name) = params(&fields).ambiguous() {
        let field = excerpt::excerpt(name);
        return Err(Error::Ambiguous { field });
    }
    let id = fields.get("media_id").unwrap_or_default();
    MediaId::new(id).map_err(|_| undocumented("media_id"))
}

/// The class of a response for the loop of retries, which [`Client`](crate::Client) gives to its
/// transport: a limit on the rate, under any code, asks to slow down, `SYSTEMERROR` to try again;
/// for other servers' responses the status decides.
///
/// It believes a failure without a signature, as [`media_id`] does.
#[cfg(feature = "transport")]
#[must_use]
pub fn classify(response: &Response<bytes::Bytes>) -> wxpay_transport::RetryClass {
    use crate::gateway::RetryAdvice;
    use wxpay_transport::RetryClass;
    match GatewayError::read(response.body()).map(|refusal| refusal.retry_advice()) {
        None => RetryClass::of_status(response.status()),
        Some(RetryAdvice::Throttle) => RetryClass::Throttle,
        Some(RetryAdvice::Retry) => RetryClass::Retry,
        Some(_) => RetryClass::Done,
    }
}

/// Checks the signature over all fields: the gateway may add and sign others at any time.
fn verify(merchant: &Merchant, fields: &Fields<'_>) -> Result<(), VerifyError> {
    let params = params(fields);
    if merchant.strict_response_sign {
        params.verify_strict(merchant.signing.sign_type(), &merchant.key)
    } else {
        params.verify(&merchant.key).map(drop)
    }
}

fn params<'a>(fields: &'a Fields<'_>) -> Params<(&'a str, &'a str)> {
    Params::new(fields.iter()).expect("a parsed document has no name twice")
}

/// A page of a web server or a proxy in place of the gateway's XML.
fn page(response: &Response<impl AsRef<[u8]>>) -> Error {
    let (status, body) = (response.status(), response.body().as_ref());
    let excerpt = excerpt::of_page(body);
    // "No required SSL certificate was sent", "The SSL certificate error", and other servers'
    // texts.
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    if status == StatusCode::BAD_REQUEST && text.contains("certificate") {
        return Error::Certificate { excerpt };
    }
    let location = response.headers().get(LOCATION);
    let location = location.filter(|_| status.is_redirection());
    let location = location.map(|it| excerpt::excerpt(&String::from_utf8_lossy(it.as_bytes())));
    Error::Page {
        status,
        excerpt,
        location,
    }
}

/// The gateway's name for an uploaded picture, which other APIs take.
///
/// It is opaque: 43, 107 and more characters have been seen, up to 256 are documented. [`media_id`]
/// reads it from a signed response, [`new`](Self::new) takes a stored one.
///
/// ```
/// use wxpay_media::MediaId;
///
/// let stored = MediaId::new("9UYfXi-WMUhgWXvJtEw4_gBle_EfrD_pIL0bS8GAsK8")?;
/// assert_eq!(stored.to_string().parse(), Ok(stored));
/// assert!(MediaId::new("").is_err());
/// # Ok::<(), wxpay_media::MediaIdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaId(String);

impl MediaId {
    /// Takes a media id as the gateway gave it, without a check.
    ///
    /// # Errors
    ///
    /// [`MediaIdError`] when it is empty.
    pub fn new(id: impl Into<String>) -> Result<Self, MediaIdError> {
        let id = id.into();
        match id.is_empty() {
            true => Err(MediaIdError),
            false => Ok(Self(id)),
        }
    }

    /// The id as the gateway sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MediaId {
    type Err = MediaIdError;

    fn from_str(id: &str) -> Result<Self, MediaIdError> {
        Self::new(id)
    }
}

/// A text is no [`MediaId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a media id is not empty")]
pub struct MediaIdError;
