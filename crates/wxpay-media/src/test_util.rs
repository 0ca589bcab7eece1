//! Responses as the gateway signs them, for tests of programs that upload.

use http::Response;
use wxpay_sign::Params;
use wxpay_xml::{FieldError, Fields};

use crate::{merchant::Merchant, response::MediaId};

/// The gateway's response to an upload that it has taken, signed with the merchant's key.
///
/// ```
/// use wxpay_media::{ApiKey, MediaId, Merchant, MerchantId, response, test_util};
///
/// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
/// let response = test_util::success(&merchant, &MediaId::new("abc")?);
/// assert_eq!(response::media_id(&merchant, &response)?.as_str(), "abc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
#[expect(
    clippy::missing_panics_doc,
    reason = "a media id holds what xml may hold"
)]
pub fn success(merchant: &Merchant, media_id: &MediaId) -> Response<String> {
    let fields = [
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        ("result_code", "SUCCESS"),
        ("media_id", media_id.as_str()),
    ];
    signed(merchant, &fields).expect("the names are right")
}

/// A response with these fields, and the merchant's signature over them.
///
/// # Errors
///
/// [`FieldError`] for a field that no response could hold: a wrong name, one that is given twice, a
/// character that XML does not allow.
///
/// ```
/// # use wxpay_media::{ApiKey, Merchant, MerchantId, test_util};
/// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
/// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
/// let busy = [("return_code", "SUCCESS"), ("result_code", "FAIL"), ("err_code", "SYSTEMERROR")];
/// let response = test_util::signed(&merchant, &busy)?;
/// assert!(response.body().contains("<sign>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[expect(clippy::missing_panics_doc, reason = "names differ in a document")]
pub fn signed(
    merchant: &Merchant,
    fields: &[(&str, &str)],
) -> Result<Response<String>, FieldError> {
    let document = Fields::from_pairs(fields.iter().copied())?;
    let params = Params::new(fields.iter().copied()).expect("the names differ in a document");
    let sign = params.sign(merchant.signing.sign_type(), &merchant.key);
    Ok(Response::new(
        document.with("sign", sign.as_str())?.to_xml(),
    ))
}
