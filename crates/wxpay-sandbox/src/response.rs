//! The response of the gateway, and the changes that faults make to it.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use wxpay_sign::{ApiKey, Params, SignType, Signature};
use wxpay_xml::Fields;

use crate::{
    fault::Effect,
    rules::{self, CallResult, Evaluation},
};

/// A response, and the result in it.
#[derive(Debug, Clone)]
pub(crate) struct GatewayResponse {
    pub(crate) result: CallResult,
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// Responds to a call with the result of the rules, or with that of a fault.
pub(crate) fn respond(
    evaluation: &Evaluation,
    effect: Option<Effect>,
    key: &ApiKey,
) -> GatewayResponse {
    let sign_type = rules::sign_type(&evaluation.form);
    let overridden = effect.and_then(|effect| override_result(effect, sign_type));
    let result = overridden.unwrap_or_else(|| evaluation.result.clone());
    let description = result.error.as_ref().map(|error| error.1);
    let (status, content_type, body) = match page(effect) {
        Some((status, page)) => (status, "text/html", page),
        None => {
            let is_unknown = description == Some(rules::UNKNOWN_PATH.1);
            let status = if is_unknown { 404 } else { 200 };
            let xml = corrupt(document(&result, effect, key), effect);
            (status, "text/xml; charset=utf-8", xml)
        }
    };
    GatewayResponse {
        result,
        status,
        content_type,
        body,
    }
}

/// The result of an effect; none where the effect keeps that of the rules.
fn override_result(effect: Effect, sign_type: SignType) -> Option<CallResult> {
    let failed = |error, message| CallResult::refused(error, message, None);
    let signed = |error| CallResult::refused(error, "on demand", Some(sign_type));
    let parameter = "Parameter format checking error: on demand";
    let sub_vendor = "System error occurred when viewing a sub-vendor";
    let rate = ("FREQUENCY_LIMITED", "Frequency limit");
    Some(match effect {
        Effect::MethodNotSupported => failed(rules::METHOD, "use POST"),
        Effect::InvalidXml => failed(rules::FORM, "Invalid XML format"),
        Effect::CertificateRequired => failed(rules::CERTIFICATE, "no client certificate was sent"),
        Effect::SignError => failed(rules::SIGNATURE, "Signature failure"),
        Effect::ParamError => failed(rules::PARAMETER, parameter),
        Effect::MerchantId => failed(rules::MERCHANT, "no merchant has this mch_id"),
        Effect::ImageFormat => signed(rules::PICTURE),
        Effect::EntryPermissions => signed(("INVALID_REQUEST", "Entry permissions")),
        Effect::FrequencyLimited | Effect::Rate(_) => signed(rate),
        Effect::SystemError => signed(("SYSTEMERROR", sub_vendor)),
        Effect::Error(code) => CallResult {
            error: Some((code.to_string().into(), "Error on demand")),
            ..signed(rate)
        },
        Effect::FrequencyLimitedWithoutCode => CallResult {
            error: None,
            ..failed(rate, "频率限制")
        },
        _ => return None,
    })
}

/// The page of a proxy in front of the gateway.
fn page(effect: Option<Effect>) -> Option<(u16, String)> {
    let (status, title, heading, more) = match effect? {
        Effect::CertificatePage => {
            let more = "<center>No required SSL certificate was sent</center>\n";
            let title = "400 No required SSL certificate was sent";
            (400, title, "400 Bad Request", more)
        }
        Effect::BadGatewayPage => (502, "502 Bad Gateway", "502 Bad Gateway", ""),
        _ => return None,
    };
    let page = format!(
        "<html>\n<head><title>{title}</title></head>\n<body>\n<center><h1>{heading}</h1></center>\n\
         {more}<hr><center>nginx</center>\n</body>\n</html>\n"
    );
    Some((status, page))
}

/// The document of a result, with its signature or that of an effect.
fn document(result: &CallResult, effect: Option<Effect>, key: &ApiKey) -> String {
    let media_id = media_id();
    let mut fields = fields(result, &media_id);
    if effect == Some(Effect::ExtraFields) {
        // The first value is escaped in XML, but not for the signature. It holds no `&NAME=`, because
        // clients refuse a success that reads as another field.
        fields.push(("trace_no", "a=b & <c>=\u{4e00}"));
        fields.push(("attach", "more than is documented"));
    }
    let signature = result.signed.and_then(|it| sign(&fields, it, effect, key));
    let sign = signature.as_ref().map(|it| ("sign", it.as_str()));
    let document = Fields::from_pairs(fields.into_iter().chain(sign));
    let document = document.expect("names and values of a response can be in XML");
    document.to_xml()
}

/// 43 characters of URL-safe base64, as in the API's example: 32 random bytes.
fn media_id() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the keys were made with the same randomness");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn fields<'a>(result: &'a CallResult, media_id: &'a str) -> Vec<(&'a str, &'a str)> {
    let result_code = result.error.as_ref().map_or("SUCCESS", |_| "FAIL");
    let mut fields = match result.signed {
        None => vec![("return_code", "FAIL"), ("return_msg", &*result.message)],
        Some(_) => vec![
            ("return_code", "SUCCESS"),
            ("return_msg", "OK"),
            ("result_code", result_code),
        ],
    };
    match &result.error {
        Some((code, text)) => fields.extend([("err_code", &**code), ("err_code_des", text)]),
        None if result.signed.is_some() => fields.push(("media_id", media_id)),
        None => {}
    }
    fields
}

/// The signature over the fields, or that of an effect.
fn sign(
    fields: &[(&str, &str)],
    sign_type: SignType,
    effect: Option<Effect>,
    key: &ApiKey,
) -> Option<Signature> {
    let (more, sign_type) = match effect {
        Some(Effect::NoSignature) => return None,
        Some(Effect::WrongSignature) => (Some(("never_sent", "1")), sign_type),
        Some(Effect::OtherAlgorithm) if sign_type == SignType::HmacSha256 => (None, SignType::Md5),
        Some(Effect::OtherAlgorithm) => (None, SignType::HmacSha256),
        _ => (None, sign_type),
    };
    let params = Params::new(fields.iter().copied().chain(more));
    let params = params.expect("the fields of a response have different names");
    Some(params.sign(sign_type, key))
}

/// The document, or a damaged one.
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
