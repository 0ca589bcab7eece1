//! What faults do to an answer, whatever it says.

use http::StatusCode;
use wxpay_sign::{ApiKey, Params, SignType, Signature};

use crate::fault::Effect;

/// Fields that the API does not document, with values that have to be escaped in XML and not for the
/// signature.
pub(super) const EXTRA: [(&str, &str); 2] = [
    ("trace_no", "a&b=<c> \u{4e00}"),
    ("attach", "more than is documented"),
];

/// What a proxy before the gateway says in its place.
pub(super) fn page(effect: Effect) -> Option<(StatusCode, &'static str)> {
    match effect {
        Effect::CertificatePage => Some((
            StatusCode::BAD_REQUEST,
            include_str!("pages/certificate.html"),
        )),
        Effect::BadGatewayPage => Some((
            StatusCode::BAD_GATEWAY,
            include_str!("pages/bad_gateway.html"),
        )),
        _ => None,
    }
}

/// The signature over the fields, or what stands in its place.
pub(super) fn sign(
    fields: &[(&str, &str)],
    sign_type: SignType,
    effect: Option<Effect>,
    key: &ApiKey,
) -> Option<Signature> {
    let over = |more: Option<(&str, &str)>, sign_type| {
        Params::new(fields.iter().copied().chain(more))
            .expect("the fields of a reply have different names")
            .sign(sign_type, key)
    };
    match effect {
        Some(Effect::NoSignature) => None,
        Some(Effect::WrongSignature) => Some(over(Some(("never_sent", "1")), sign_type)),
        Some(Effect::OtherAlgorithm) => Some(over(None, other(sign_type))),
        _ => Some(over(None, sign_type)),
    }
}

fn other(sign_type: SignType) -> SignType {
    match sign_type {
        SignType::HmacSha256 => SignType::Md5,
        _ => SignType::HmacSha256,
    }
}

/// The document as it is sent.
pub(super) fn spoil(xml: String, effect: Option<Effect>) -> String {
    match effect {
        Some(Effect::ByteOrderMark) => format!("\u{feff}{xml}"),
        Some(Effect::Doctype) => {
            let body = xml.replacen("</xml>", "<entity>&sandbox;</entity>\n</xml>", 1);
            format!("<!DOCTYPE xml [<!ENTITY sandbox \"an entity was expanded\">]>\n{body}")
        }
        Some(Effect::TruncatedXml) => xml.chars().take(xml.chars().count() / 2).collect(),
        _ => xml,
    }
}
