//! Responses as the gateway signs them, for tests of programs that upload.

use http::Response;
use wxpay_sign::Params;
use wxpay_xml::Fields;

use crate::{merchant::Merchant, response::MediaId};

/// The gateway's response to a successful upload, signed with the merchant's key.
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
pub fn success(merchant: &Merchant, media_id: &MediaId) -> Response<String> {
    let fields = [
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        ("result_code", "SUCCESS"),
        ("media_id", media_id.as_str()),
    ];
    signed(merchant, &fields)
}

/// A response with these fields and the merchant's signature over them.
///
/// # Panics
///
/// When XML does not allow a name or a character, or a name is given twice.
#[must_use]
pub fn signed(merchant: &Merchant, fields: &[(&str, &str)]) -> Response<String> {
    let params = Params::new(fields.iter().copied()).expect("each name is given once");
    let sign = params.sign(merchant.signing.sign_type(), &merchant.key);
    let signed = fields.iter().copied().chain([("sign", sign.as_str())]);
    let document = Fields::from_pairs(signed).expect("the names and values are ones of XML");
    Response::new(document.to_xml())
}
