//! The response of the gateway, and what faults do to it.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::StatusCode;
use wxpay_sign::{ApiKey, Params, SignType, Signature};
use wxpay_xml::Fields;

use crate::{
    fault::Effect,
    rules::{self, ApiError, CallResult},
};

/// A response, and the result that it tells.
#[derive(Debug, Clone)]
pub(crate) struct GatewayResponse {
    pub(crate) result: CallResult,
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// Responds to a call with the result of the rules, or with that of a fault.
pub(crate) fn respond(
    result: &CallResult,
    sign_type: SignType,
    effect: Option<Effect>,
    key: &ApiKey,
) -> Result<GatewayResponse, getrandom::Error> {
    let overridden = effect.and_then(|effect| override_result(effect, sign_type));
    let result = overridden.unwrap_or_else(|| result.clone());
    let page = match effect {
        Some(Effect::CertificatePage) => Some((
            StatusCode::BAD_REQUEST,
            page(
                "400 No required SSL certificate was sent",
                "400 Bad Request",
                "<center>No required SSL certificate was sent</center>\n",
            ),
        )),
        Some(Effect::BadGatewayPage) => Some((
            StatusCode::BAD_GATEWAY,
            page("502 Bad Gateway", "502 Bad Gateway", ""),
        )),
        _ => None,
    };
    if let Some((status, body)) = page {
        return Ok(GatewayResponse {
            result,
            status,
            content_type: "text/html",
            body,
        });
    }
    let media_id = media_id()?;
    let mut fields = fields(&result, &media_id);
    if effect == Some(Effect::ExtraFields) {
        // Values that have to be escaped in XML and not for the signature.
        fields.push(("trace_no", "a&b=<c> \u{4e00}"));
        fields.push(("attach", "more than is documented"));
    }
    let sign = result
        .signed()
        .and_then(|it| sign(&fields, it, effect, key));
    let sign = sign.as_ref().map(|sign| ("sign", sign.as_str()));
    let mut document = Fields::new();
    for (name, value) in fields.iter().copied().chain(sign) {
        document
            .push(name, value)
            .expect("names and values of a response can be in XML");
    }
    let is_unknown_path =
        matches!(&result, CallResult::Refused { error, .. } if *error == rules::UNKNOWN_PATH);
    Ok(GatewayResponse {
        status: match is_unknown_path {
            true => StatusCode::NOT_FOUND,
            false => StatusCode::OK,
        },
        content_type: "text/xml; charset=utf-8",
        body: corrupt(document.to_xml(), effect),
        result,
    })
}

/// The result that an effect puts in the place of the rules'; none where it leaves that as it is.
fn override_result(effect: Effect, sign_type: SignType) -> Option<CallResult> {
    let failed = |error: ApiError, message: &'static str| CallResult::Refused {
        error,
        message: message.into(),
        signed: None,
    };
    let refused = |error: ApiError| CallResult::Refused {
        error,
        message: "on demand".into(),
        signed: Some(sign_type),
    };
    Some(match effect {
        Effect::MethodNotSupported => failed(rules::METHOD, "use POST"),
        Effect::InvalidXml => failed(rules::FORM, "Invalid XML format"),
        Effect::CertificateRequired => failed(rules::CERTIFICATE, "no client certificate was sent"),
        Effect::SignError => failed(rules::SIGNATURE, "Signature failure"),
        Effect::ParamError => failed(
            rules::PARAMETER,
            "Parameter format checking error: on demand",
        ),
        Effect::MerchantId => failed(rules::MERCHANT, "no merchant has this mch_id"),
        Effect::ImageFormat => refused(rules::PICTURE),
        Effect::EntryPermissions => refused(("INVALID_REQUEST", "Entry permissions")),
        Effect::FrequencyLimited | Effect::Rate(_) => {
            refused(("FREQUENCY_LIMITED", "Frequency limit"))
        }
        Effect::SystemError => refused((
            "SYSTEMERROR",
            "System error occurred when viewing a sub-vendor",
        )),
        Effect::Error(code) => CallResult::OnDemand(code, sign_type),
        Effect::FrequencyLimitedWithoutCode => CallResult::WithoutCode("频率限制"),
        _ => return None,
    })
}

/// What a proxy before the gateway says in its place.
fn page(title: &str, heading: &str, more: &str) -> String {
    format!(
        "<html>\n<head><title>{title}</title></head>\n<body>\n<center><h1>{heading}</h1></center>\n\
         {more}<hr><center>nginx</center>\n</body>\n</html>\n"
    )
}

/// 43 characters of URL-safe base64, as in the API's example: 32 random bytes, which nobody guesses.
fn media_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn fields<'a>(result: &'a CallResult, media_id: &'a str) -> Vec<(&'a str, &'a str)> {
    match result {
        CallResult::WithoutCode(message) => {
            vec![("return_code", "FAIL"), ("return_msg", message)]
        }
        CallResult::Refused {
            error,
            message,
            signed: None,
        } => vec![
            ("return_code", "FAIL"),
            ("return_msg", message),
            ("err_code", error.0),
            ("err_code_des", error.1),
        ],
        CallResult::Refused { error, .. } => vec![
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("result_code", "FAIL"),
            ("err_code", error.0),
            ("err_code_des", error.1),
        ],
        CallResult::OnDemand(code, _) => vec![
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("result_code", "FAIL"),
            ("err_code", code.as_str()),
            ("err_code_des", "Error on demand"),
        ],
        CallResult::Accepted(_) => vec![
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("result_code", "SUCCESS"),
            ("media_id", media_id),
        ],
    }
}

/// The signature over the fields, or what stands in its place.
fn sign(
    fields: &[(&str, &str)],
    sign_type: SignType,
    effect: Option<Effect>,
    key: &ApiKey,
) -> Option<Signature> {
    let over = |more: Option<(&str, &str)>, sign_type| {
        Params::new(fields.iter().copied().chain(more))
            .expect("the fields of a response have different names")
            .sign(sign_type, key)
    };
    match effect {
        Some(Effect::NoSignature) => None,
        Some(Effect::WrongSignature) => Some(over(Some(("never_sent", "1")), sign_type)),
        Some(Effect::OtherAlgorithm) => Some(match sign_type {
            SignType::HmacSha256 => over(None, SignType::Md5),
            _ => over(None, SignType::HmacSha256),
        }),
        _ => Some(over(None, sign_type)),
    }
}

/// The document as it is sent.
fn corrupt(xml: String, effect: Option<Effect>) -> String {
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

impl CallResult {
    /// What the response is signed with.
    fn signed(&self) -> Option<SignType> {
        match self {
            Self::Accepted(sign_type) | Self::OnDemand(_, sign_type) => Some(*sign_type),
            Self::Refused { signed, .. } => *signed,
            Self::WithoutCode(_) => None,
        }
    }
}

/// For logs: nothing of what was sent.
impl fmt::Display for CallResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { error, message, .. } => {
                write!(f, "{}, {}: {message}", error.0, error.1)
            }
            Self::Accepted(sign_type) => write!(f, "accepted, signed with {sign_type}"),
            Self::OnDemand(code, _) => write!(f, "{code} on demand"),
            Self::WithoutCode(message) => write!(f, "refused without a code: {message}"),
        }
    }
}
