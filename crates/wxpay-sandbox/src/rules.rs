//! The rules of the gateway, one table: to add a rule is to add a row.

use std::{borrow::Cow, collections::HashSet};

use bytes::Bytes;
use http::{Method, header::CONTENT_TYPE};
use serde::Serialize;
use wxpay_picture::Format;
use wxpay_sign::{ApiKey, ContentHash, ContentMd5, Params, SignType};

use crate::fault::ErrorCode;
use crate::request::{
    Call,
    client_certificate::ClientCertStatus,
    form::{Form, Part},
};

/// A picture must be smaller than this: "less than 2M", read as 2 MiB.
pub(crate) const PICTURE_LIMIT: usize = 2 * 1024 * 1024;
const PATH: &str = "/secapi/mch/uploadmedia";

/// A row: a rule, and what is answered where a call breaks it.
struct Rule {
    name: &'static str,
    name_zh: &'static str,
    /// `err_code` and `err_code_des`, to the letter of the API's table.
    error: ApiError,
    check: fn(&Subject<'_>) -> Result<(), Why>,
}

/// What is wrong.
struct Why {
    /// For `return_msg`.
    message: Cow<'static, str>,
    /// In the place of the row's.
    error: Option<ApiError>,
}

impl<T: Into<Cow<'static, str>>> From<T> for Why {
    fn from(message: T) -> Self {
        Self {
            message: message.into(),
            error: None,
        }
    }
}

/// `err_code` and `err_code_des`.
pub(crate) type ApiError = (&'static str, &'static str);

pub(crate) const METHOD: ApiError = ("INVALID_REQUEST", "HTTP GET method not supported");
/// The API's table has none.
pub(crate) const UNKNOWN_PATH: ApiError = (
    "INVALID_REQUEST",
    "Unknown path: the API is at /secapi/mch/uploadmedia",
);
pub(crate) const CERTIFICATE: ApiError = ("INVALID_REQUEST", "Certificate is required");
pub(crate) const FORM: ApiError = ("INVALID_REQUEST", "Invalid XML format");
pub(crate) const PARAMETER: ApiError = ("PARAM_ERROR", "Regular validation");
pub(crate) const MERCHANT: ApiError = ("PARAM_ERROR", "Merchant ID error");
pub(crate) const SIGNATURE: ApiError = ("SIGNERROR", "Signature validation");
pub(crate) const PICTURE: ApiError = ("PARAM_ERROR", "Image format error");

/// In the order in which they are checked.
#[rustfmt::skip] // a row a line
const RULES: [Rule; 10] = [
    Rule { name: "method", name_zh: "请求方法", error: METHOD, check: method },
    Rule { name: "path", name_zh: "路径", error: UNKNOWN_PATH, check: path },
    Rule { name: "client certificate", name_zh: "客户端证书", error: CERTIFICATE, check: certificate },
    Rule { name: "form", name_zh: "表单", error: FORM, check: form },
    Rule { name: "required fields", name_zh: "必填字段", error: PARAMETER, check: required_fields },
    Rule { name: "formats", name_zh: "字段格式", error: PARAMETER, check: formats },
    Rule { name: "merchant", name_zh: "商户号", error: MERCHANT, check: merchant },
    Rule { name: "signature", name_zh: "签名", error: SIGNATURE, check: signature },
    Rule { name: "picture", name_zh: "图片", error: PICTURE, check: picture },
    Rule { name: "hash", name_zh: "图片摘要", error: PICTURE, check: hash },
];
/// From here on the caller is known: `return_code` is SUCCESS, and the response is signed.
const SIGNED_FROM: &str = "picture";

/// A call, and whom the gateway is for.
struct Subject<'a> {
    call: &'a Call,
    form: &'a Form,
    mch_id: &'a str,
    key: &'a ApiKey,
    /// Of `media`, where it has been made.
    hash: &'a std::cell::OnceCell<ContentHash>,
}

/// A rule, and what has come of it.
///
/// The rules are `method`, `path`, `client certificate`, `form`, `required fields`, `formats`,
/// `merchant`, `signature`, `picture` and `hash`, and are checked in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// Its name.
    pub rule: &'static str,
    /// Its name in Chinese.
    pub rule_zh: &'static str,
    /// What has come of it.
    pub outcome: CheckOutcome,
}

/// What has come of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckOutcome {
    /// The call keeps it.
    Kept,
    /// The call breaks it, in this way.
    Broken(String),
    /// A rule before it was broken.
    NotReached,
}

/// What the rules make of a call.
#[derive(Debug)]
pub(crate) struct Evaluation {
    pub(crate) checks: Vec<Check>,
    pub(crate) result: CallResult,
    pub(crate) form: Form,
    /// The MD5 of `media`, where the rules were reached that need it.
    pub(crate) hash: Option<ContentHash>,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallResult {
    Accepted(SignType),
    Refused {
        error: ApiError,
        /// For `return_msg`, which only a response that is not signed has to itself.
        message: Cow<'static, str>,
        /// None where `return_code` is FAIL: who calls is not known, so that the response is not signed.
        signed: Option<SignType>,
    },
    /// `result_code` is FAIL with the code of a fault.
    OnDemand(ErrorCode, SignType),
    /// `return_code` is FAIL, and a message is all that is said.
    WithoutCode(&'static str),
}

impl CallResult {
    /// `err_code`.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { error, .. } => Some(error.0),
            Self::OnDemand(code, _) => Some(code.as_str()),
            Self::Accepted(_) | Self::WithoutCode(_) => None,
        }
    }
}

/// Checks a call against the rules.
pub(crate) fn evaluate(call: &Call, mch_id: &str, key: &ApiKey) -> Evaluation {
    // Read before its turn, so that what is wrong with it is told also where it is not reached.
    let form = Form::read(call.headers.get(CONTENT_TYPE), &call.body);
    let hash = std::cell::OnceCell::new();
    let subject = Subject {
        call,
        form: &form,
        mch_id,
        key,
        hash: &hash,
    };
    let mut broken = None;
    let mut is_signed = false;
    let checks = RULES.map(|rule| {
        is_signed |= rule.name == SIGNED_FROM;
        let outcome = match (&broken, (broken.is_none()).then(|| (rule.check)(&subject))) {
            (None, Some(Ok(()))) => CheckOutcome::Kept,
            (None, Some(Err(Why { message, error }))) => {
                let signed = is_signed.then(|| sign_type(&form));
                let outcome = CheckOutcome::Broken(message.clone().into_owned());
                broken = Some(CallResult::Refused {
                    error: error.unwrap_or(rule.error),
                    message,
                    signed,
                });
                outcome
            }
            _ => CheckOutcome::NotReached,
        };
        Check {
            rule: rule.name,
            rule_zh: rule.name_zh,
            outcome,
        }
    });
    Evaluation {
        checks: checks.into(),
        result: broken.unwrap_or_else(|| CallResult::Accepted(sign_type(&form))),
        hash: hash.into_inner(),
        form,
    }
}

/// The algorithm that the request asks for, as far as it can be told.
pub(crate) fn sign_type(form: &Form) -> SignType {
    SignType::from_field(form.text("sign_type"))
}

fn method(subject: &Subject<'_>) -> Result<(), Why> {
    ensure(subject.call.method == Method::POST, "use POST")
}

fn path(subject: &Subject<'_>) -> Result<(), Why> {
    ensure(
        subject.call.uri.path() == PATH,
        "there is nothing at this path",
    )
}

fn certificate(subject: &Subject<'_>) -> Result<(), Why> {
    match &subject.call.client.status {
        ClientCertStatus::Accepted(_) => Ok(()),
        ClientCertStatus::Missing => Err("no client certificate was sent".into()),
        ClientCertStatus::Refused(why) => {
            Err(format!("the client certificate was not accepted: {why}").into())
        }
    }
}

/// The form can be read, and is written as WeChat's parsers are known to want it.
fn form(subject: &Subject<'_>) -> Result<(), Why> {
    let form = subject.form;
    let any = |what: fn(&Part) -> bool| form.parts.iter().any(what);
    let refusal = if let Some(error) = form.error {
        error
    } else if form.boundary_is_quoted {
        "the boundary is in quotes"
    } else if any(|part| part.disposition.file_name_first) {
        "filename comes before name"
    } else if any(|part| part.disposition.extended_file_name) {
        "a file name is given as filename*"
    } else if let Some(why) = form.defects.iter().find_map(|defect| defect.refusal())
        && !form.too_large
    {
        why
    } else {
        return Ok(());
    };
    Err(refusal.into())
}

/// Each field that is required is there and not empty, and no field is there twice.
fn required_fields(subject: &Subject<'_>) -> Result<(), Why> {
    // The picture is to blame, for what else is in the form is not known.
    let too_large = || Why {
        error: Some(PICTURE),
        .."the body is over 4 MiB, and a picture must be under 2 MiB".into()
    };
    let form = subject.form;
    let cut = form.parts.last().filter(|part| part.content.is_none());
    if form.too_large && cut.is_none_or(|part| part.name != "media") {
        return Err(too_large());
    }
    let mut names = HashSet::new();
    let is_new = |part: &Part| names.insert(part.name.clone());
    if !form.parts.iter().all(is_new) {
        return Err(parameter("a field is there more than once"));
    }
    for name in ["mch_id", "media", "media_hash", "sign"] {
        match form.part(name) {
            Some(part) if part.content.as_ref().is_some_and(Bytes::is_empty) => {
                return Err(parameter(&format!("{name} is empty")));
            }
            None if form.too_large => return Err(too_large()),
            None => return Err(parameter(&format!("{name} is missing"))),
            Some(_) => {}
        }
    }
    Ok(())
}

fn formats(subject: &Subject<'_>) -> Result<(), Why> {
    let is_merchant_id =
        |text: &str| text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_lower_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut parts: Vec<_> = subject.form.parts.iter().collect();
    // Those of the API first, in its order.
    let known = ["mch_id", "media_hash", "sign", "sign_type"];
    parts.sort_by_key(|part| {
        known
            .iter()
            .position(|name| part.name == *name)
            .unwrap_or(9)
    });
    for part in parts.iter().filter(|part| part.name != "media") {
        let text = str::from_utf8(part.content.as_deref().unwrap_or_default());
        let is_right = text.is_ok_and(|text| {
            is_storable(text)
                && match part.name.as_str() {
                    "mch_id" => is_merchant_id(text),
                    "media_hash" => text.len() == 32 && text.bytes().all(is_lower_hex),
                    "sign" => text.chars().count() <= 64,
                    "sign_type" => text.chars().count() <= 11,
                    _ => true,
                }
        });
        if !is_right {
            let known = known.iter().find(|name| part.name == **name);
            let field = known.unwrap_or(&"a further field");
            return Err(parameter(&format!("{field} has a wrong form")));
        }
    }
    let names_are_utf8 = parts.iter().all(|part| part.names_are_utf8);
    let media = subject.form.part("media");
    let name = media
        .and_then(|media| media.file_name.as_deref())
        .unwrap_or_default();
    if names_are_utf8 && is_storable(name) && name.chars().count() <= 256 {
        Ok(())
    } else {
        Err(parameter("the file name of media has a wrong form"))
    }
}

/// WeChat Pay's text has one to three bytes of UTF-8 a character: no emoji.
pub(crate) fn is_storable(text: &str) -> bool {
    text.chars().all(|character| character <= '\u{ffff}')
}

/// The merchant is known, and is the certificate's holder.
fn merchant(subject: &Subject<'_>) -> Result<(), Why> {
    let is_known = subject.form.text("mch_id") == Some(subject.mch_id);
    ensure(is_known, "no merchant has this mch_id")?;
    let is_holder = match &subject.call.client.status {
        ClientCertStatus::Accepted(holder) => holder.as_deref() == Some(subject.mch_id),
        _ => false,
    };
    ensure(is_holder, "the certificate is not this merchant's")
}

fn signature(subject: &Subject<'_>) -> Result<(), Why> {
    let form = subject.form;
    let texts = form.parts.iter().filter(|part| part.name != "media");
    let pairs = texts.filter_map(|part| {
        Some((
            part.name.as_str(),
            str::from_utf8(part.content.as_deref()?).ok()?,
        ))
    });
    // The reason is for a finding, not for whoever may be guessing.
    let is_right = Params::new(pairs)
        .is_ok_and(|params| params.verify_strict(sign_type(form), subject.key).is_ok());
    ensure(is_right, "Signature failure")
}

/// `media` is a file, a JPEG, PNG or BMP by its first bytes, and under 2 MiB.
fn picture(subject: &Subject<'_>) -> Result<(), Why> {
    let media = subject.form.part("media");
    let is_file = media.is_some_and(|it| it.file_name.as_ref().is_some_and(|it| !it.is_empty()));
    let bytes = media.and_then(|media| media.content.as_deref());
    let is_picture =
        bytes.is_some_and(|bytes| bytes.len() < PICTURE_LIMIT && Format::detect(bytes).is_some());
    ensure(is_file && is_picture, "media is not a picture under 2 MiB")
}

fn hash(subject: &Subject<'_>) -> Result<(), Why> {
    let media = subject.form.part("media");
    let bytes = media
        .and_then(|media| media.content.as_deref())
        .unwrap_or_default();
    let hash = subject.hash.get_or_init(|| ContentMd5::of(bytes));
    let is_right = subject.form.text("media_hash") == Some(hash.as_str());
    ensure(is_right, "media_hash is not the MD5 of media")
}

fn ensure(holds: bool, otherwise: &'static str) -> Result<(), Why> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// A field that is missing, repeated, or of a wrong form: `what` says which and how.
fn parameter(what: &str) -> Why {
    // The beginning is documented.
    format!("Parameter format checking error: {what}").into()
}

#[cfg(test)]
mod tests;
