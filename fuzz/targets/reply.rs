//! A response is accepted if and only if it is a success with a right signature.
//!
//! The first byte sets the merchant's options and the status; the rest is the body of the response.
#![no_main]

use bytes::Bytes;
use http::{Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use wxpay_fuzz::{MCH_ID, SIGN, key, replace, signature};
use wxpay_media::{Merchant, MerchantId, SignType, Signing, response};
use wxpay_xml::Fields;

fuzz_target!(|input: &[u8]| {
    let Some((choices, body)) = input.split_first() else {
        return;
    };
    let choice = |bit: u8| choices >> bit & 1 == 1;
    let strict = choice(0);
    let signing = if choice(1) {
        Signing::Md5
    } else {
        Signing::HmacSha256
    };
    let signed_with = if choice(2) {
        SignType::Md5
    } else {
        SignType::HmacSha256
    };
    let status = if choice(3) {
        StatusCode::BAD_GATEWAY
    } else {
        StatusCode::OK
    };
    let id = MerchantId::new(MCH_ID).expect("ten digits are an id");
    let merchant = Merchant::new(id, key())
        .signing(signing)
        .strict_response_sign(strict);

    let body = signed(body, signed_with);
    let mut response = Response::new(Bytes::from(body.clone()));
    *response.status_mut() = status;
    let accepted = response::media_id(&merchant, &response);
    assert_eq!(
        accepted.as_ref().ok().map(|id| id.as_str().to_owned()),
        expected(&body, status, strict.then(|| signing.sign_type()))
    );
    if let Err(error) = accepted {
        let shown = error.to_string();
        assert!(shown.len() < 1000, "as long as the input");
        assert!(!shown.contains(char::is_control), "more than one line");
        let _ = (error.kind(), error.is_retryable(), error.retry_advice());
    }
    let _ = response::classify(&response);
});

/// The body with the right signature in place of the placeholder.
fn signed(body: &[u8], sign_type: SignType) -> Vec<u8> {
    let sign = Fields::parse(body)
        .ok()
        .and_then(|fields| signature(sign_type, &fields));
    sign.map_or_else(|| body.to_vec(), |sign| replace(body, SIGN, &sign))
}

/// The media id of a success with a right signature. Here the fields are signed again, where the
/// crate verifies.
fn expected(body: &[u8], status: StatusCode, demanded: Option<SignType>) -> Option<String> {
    let fields = Fields::parse(body).ok().filter(|_| status.is_success())?;
    let is_success = ["return_code", "result_code"].map(|name| fields.get(name) == Some("SUCCESS"));
    let sign = fields.get("sign").filter(|_| is_success == [true; 2])?;
    let known = demanded.map_or_else(|| SignType::ALL.to_vec(), |demanded| vec![demanded]);
    let is_right = |sign_type| signature(sign_type, &fields).as_deref() == Some(sign);
    // No value may contain what reads as another field, `&NAME=`.
    let is_name = |it: &str| {
        it.bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"_-.".contains(&it))
    };
    let is_field = |it: &str| {
        it.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && is_name(name))
    };
    if fields
        .iter()
        .any(|(_, value)| value.split('&').skip(1).any(is_field))
    {
        return None;
    }
    let media_id = fields.get("media_id").filter(|id| !id.is_empty())?;
    known.into_iter().any(is_right).then(|| media_id.to_owned())
}
