//! The rules of the gateway, one table: to add a rule is to add a row.

use std::{borrow::Cow, collections::HashSet, fmt};

use bytes::Bytes;
use http::{Method, header::CONTENT_TYPE};
use serde::Serialize;
use wxpay_picture::Format;
use wxpay_sign::{ApiKey, Params, SignType};

use crate::{
    limits::Redactor,
    request::{Call, Form, Part},
    tls::is_merchant_id,
};

/// A picture must be smaller than this: "less than 2M", read as 2 MiB.
pub(crate) const PICTURE_LIMIT: usize = 2 * 1024 * 1024;
/// Maximum number of characters of a file name.
pub(crate) const NAME_LIMIT: usize = 256;
const PATH: &str = "/secapi/mch/uploadmedia";

/// The gateway's merchant, and the keys with which clients may have signed by mistake.
pub(crate) struct Merchant {
    pub(crate) mch_id: String,
    pub(crate) key: ApiKey,
    pub(crate) other_keys: Vec<ApiKey>,
    pub(crate) redactor: Redactor,
}

impl Merchant {
    pub(crate) fn new(mch_id: &str, key: ApiKey, other_keys: Vec<ApiKey>) -> Self {
        Self {
            mch_id: mch_id.to_owned(),
            redactor: Redactor::new([&key].into_iter().chain(&other_keys)),
            key,
            other_keys,
        }
    }
}

/// A row: a rule, and the error of a call that breaks it.
struct Rule {
    name: &'static str,
    name_zh: &'static str,
    error: ApiError,
    check: fn(&Subject<'_>) -> Result<(), Broken>,
}

/// The way in which a call breaks a rule, for `return_msg`, and the error if it is not the rule's.
struct Broken(Cow<'static, str>, Option<ApiError>);

impl<T: Into<Cow<'static, str>>> From<T> for Broken {
    fn from(message: T) -> Self {
        Self(message.into(), None)
    }
}

/// `err_code` and `err_code_des`, to the letter of the API's table.
pub(crate) type ApiError = (&'static str, &'static str);

pub(crate) const METHOD: ApiError = ("INVALID_REQUEST", "HTTP GET method not supported");
/// The API's table has none.
#[rustfmt::skip] // in a line
pub(crate) const UNKNOWN_PATH: ApiError =
    ("INVALID_REQUEST", "Unknown path: the API is at /secapi/mch/uploadmedia");
pub(crate) const CERTIFICATE: ApiError = ("INVALID_REQUEST", "Certificate is required");
pub(crate) const FORM: ApiError = ("INVALID_REQUEST", "Invalid XML format");
pub(crate) const PARAMETER: ApiError = ("PARAM_ERROR", "Regular validation");
pub(crate) const MERCHANT: ApiError = ("PARAM_ERROR", "Merchant ID error");
pub(crate) const SIGNATURE: ApiError = ("SIGNERROR", "Signature validation");
pub(crate) const PICTURE: ApiError = ("PARAM_ERROR", "Image format error");

/// In the order in which they are checked.
#[rustfmt::skip] // a row a line
const RULES: &[Rule] = &[
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
/// From this rule on the caller is known: `return_code` is SUCCESS, and the response is signed.
const SIGNED_FROM: &str = "picture";

/// The arguments of a rule's check.
struct Subject<'a> {
    call: &'a Call,
    form: &'a Form,
    merchant: &'a Merchant,
}

/// A rule, and its outcome for a call.
///
/// The README has the rules in the order in which they are checked, from `method` to `hash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// Its name.
    pub rule: &'static str,
    /// Its name in Chinese.
    pub rule_zh: &'static str,
    /// Whether the call keeps it.
    pub outcome: CheckOutcome,
}

/// The outcome of a rule.
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

/// The outcome of all rules for a call.
#[derive(Debug)]
pub(crate) struct Evaluation {
    pub(crate) checks: Vec<Check>,
    pub(crate) result: CallResult,
    pub(crate) form: Form,
}

/// The result of a call, by the rules or by a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallResult {
    /// `err_code` and `err_code_des`.
    pub(crate) error: Option<(Cow<'static, str>, &'static str)>,
    /// The `return_msg` of a response that is not signed.
    pub(crate) message: Cow<'static, str>,
    /// The algorithm of the response's signature; none where `return_code` is FAIL.
    pub(crate) signed: Option<SignType>,
}

impl CallResult {
    pub(crate) fn refused(
        (code, description): ApiError,
        message: impl Into<Cow<'static, str>>,
        signed: Option<SignType>,
    ) -> Self {
        Self {
            error: Some((code.into(), description)),
            message: message.into(),
            signed,
        }
    }
}

/// For logs: without any text of the client.
impl fmt::Display for CallResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.error, self.signed) {
            (Some((code, description)), _) => write!(f, "{code}, {description}: {}", self.message),
            (None, Some(sign_type)) => write!(f, "accepted, signed with {sign_type}"),
            (None, None) => write!(f, "refused without a code: {}", self.message),
        }
    }
}

/// Checks a call against the rules.
pub(crate) fn evaluate(call: &Call, merchant: &Merchant) -> Evaluation {
    // Before the rule that needs it, because findings and record need it in any case.
    let form = Form::read(call.head.headers.get(CONTENT_TYPE), &call.body);
    let sign_type = sign_type(&form);
    let subject = Subject {
        call,
        form: &form,
        merchant,
    };
    let (mut broken, mut is_signed) = (None, false);
    let mut check = |rule: &Rule| {
        is_signed |= rule.name == SIGNED_FROM;
        if broken.is_some() {
            return CheckOutcome::NotReached;
        }
        let Err(Broken(message, error)) = (rule.check)(&subject) else {
            return CheckOutcome::Kept;
        };
        let signed = is_signed.then_some(sign_type);
        let error = error.unwrap_or(rule.error);
        broken = Some(CallResult::refused(error, message.clone(), signed));
        CheckOutcome::Broken(message.into_owned())
    };
    let checks = RULES.iter().map(|rule| Check {
        rule: rule.name,
        rule_zh: rule.name_zh,
        outcome: check(rule),
    });
    Evaluation {
        checks: checks.collect(),
        result: broken.unwrap_or(CallResult {
            error: None,
            message: "OK".into(),
            signed: Some(sign_type),
        }),
        form,
    }
}

/// The algorithm that the request names; MD5 where it names none, or has no readable form.
pub(crate) fn sign_type(form: &Form) -> SignType {
    SignType::from_field(form.text("sign_type"))
}

fn method(subject: &Subject<'_>) -> Result<(), Broken> {
    ensure(subject.call.head.method == Method::POST, "use POST")
}

fn path(subject: &Subject<'_>) -> Result<(), Broken> {
    let is_known = subject.call.head.uri.path() == PATH;
    ensure(is_known, "there is nothing at this path")
}

fn certificate(subject: &Subject<'_>) -> Result<(), Broken> {
    let Some(sent) = &subject.call.client.certificate else {
        return Err("no client certificate was sent".into());
    };
    sent.refused.as_ref().map_or(Ok(()), |why| {
        Err(format!("the client certificate was not accepted: {why}").into())
    })
}

/// The form can be read, and is written in a way that WeChat's parsers are known to read.
fn form(subject: &Subject<'_>) -> Result<(), Broken> {
    let form = subject.form;
    let any = |has: fn(&Part) -> bool| form.parts.iter().any(has);
    let is_first = any(|it| it.disposition.file_name_first);
    let is_extended = any(|it| it.disposition.extended_file_name);
    let mut defects = form.defects.iter().filter(|_| !form.too_large);
    let refusal = form
        .error
        .or(form
            .boundary_is_quoted
            .then_some("the boundary is in quotes"))
        .or(is_first.then_some("filename comes before name"))
        .or(is_extended.then_some("a file name is given as filename*"))
        .or_else(|| defects.find_map(|defect| defect.refusal));
    refusal.map_or(Ok(()), |why| Err(why.into()))
}

/// Fields of which each is there once and not empty.
pub(crate) const REQUIRED: [&str; 4] = ["mch_id", "media", "media_hash", "sign"];

/// Each required field is there and not empty, and no field is there twice.
fn required_fields(subject: &Subject<'_>) -> Result<(), Broken> {
    let form = subject.form;
    let cut = form.parts.last().filter(|part| part.content.is_none());
    if form.too_large && cut.is_none_or(|part| part.name != "media") {
        return Err(too_large());
    }
    let mut names = HashSet::new();
    if !form.parts.iter().all(|part| names.insert(&part.name)) {
        return Err(parameter("a field is there more than once"));
    }
    for name in REQUIRED {
        match form.part(name) {
            Some(part) if part.content.as_ref().is_some_and(Bytes::is_empty) => {
                return Err(parameter(&format!("{name} is empty")));
            }
            Some(_) => {}
            // The fields behind the picture are not known.
            None if form.too_large => return Err(too_large()),
            None => return Err(parameter(&format!("{name} is missing"))),
        }
    }
    Ok(())
}

fn too_large() -> Broken {
    let message = "the body is over 4 MiB, and a picture must be under 2 MiB";
    Broken(message.into(), Some(PICTURE))
}

type Fits = fn(&str) -> bool;

/// The form of each text field, in the order of the API.
pub(crate) const FORMATS: [(&str, Fits); 4] = [
    ("mch_id", is_merchant_id),
    ("media_hash", |text| {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        text.len() == 32 && text.bytes().all(is_digit)
    }),
    ("sign", |text| text.chars().count() <= 64),
    ("sign_type", |text| text.chars().count() <= 11),
];

fn formats(subject: &Subject<'_>) -> Result<(), Broken> {
    let form = subject.form;
    let is_right = |part: &Part, fits: Fits| {
        let text = str::from_utf8(part.content.as_deref().unwrap_or_default());
        text.is_ok_and(|text| fits(text) && is_storable(text))
    };
    let is_wrong = |row: &&(&str, Fits)| form.part(row.0).is_some_and(|it| !is_right(it, row.1));
    let is_name = |it: &str| is_storable(it) && it.chars().count() <= NAME_LIMIT;
    let is_named = form.file_name().is_none_or(is_name);
    let mut further = form.parts.iter().filter(|part| part.name != "media");
    let wrong = if let Some(row) = FORMATS.iter().find(is_wrong) {
        row.0
    } else if !further.all(|part| is_right(part, |_| true)) {
        "a further field"
    } else if !is_named || !form.parts.iter().all(|part| part.names_are_utf8) {
        "the file name of media"
    } else {
        return Ok(());
    };
    Err(parameter(&format!("{wrong} has a wrong form")))
}

/// WeChat Pay's text has one to three bytes of UTF-8 a character: no emoji.
pub(crate) fn is_storable(text: &str) -> bool {
    text.chars().all(|character| character <= '\u{ffff}')
}

/// The merchant is known, and is the certificate's holder.
fn merchant(subject: &Subject<'_>) -> Result<(), Broken> {
    let mch_id = Some(&*subject.merchant.mch_id);
    let is_known = subject.form.text("mch_id") == mch_id;
    ensure(is_known, "no merchant has this mch_id")?;
    let sent = subject.call.client.certificate.as_ref();
    let is_holder = sent.and_then(|sent| sent.holder.as_deref()) == mch_id;
    ensure(is_holder, "the certificate is not this merchant's")
}

fn signature(subject: &Subject<'_>) -> Result<(), Broken> {
    let form = subject.form;
    let texts = form.parts.iter().filter(|part| part.name != "media");
    let pairs = texts.filter_map(|part| Some((&*part.name, part.text()?)));
    let key = &subject.merchant.key;
    // The response does not give the reason, because the caller may be guessing; a finding does.
    let is_right =
        Params::new(pairs).is_ok_and(|params| params.verify_strict(sign_type(form), key).is_ok());
    ensure(is_right, "Signature failure")
}

/// `media` is a file, a JPEG, PNG or BMP by its first bytes, and under 2 MiB.
fn picture(subject: &Subject<'_>) -> Result<(), Broken> {
    let is_picture = subject.form.part("media").is_some_and(|media| {
        let is_file = media.file_name.as_ref().is_some_and(|it| !it.is_empty());
        let is_right = |it: &Bytes| it.len() < PICTURE_LIMIT && Format::detect(it).is_some();
        is_file && media.content.as_ref().is_some_and(is_right)
    });
    ensure(is_picture, "media is not a picture under 2 MiB")
}

fn hash(subject: &Subject<'_>) -> Result<(), Broken> {
    let form = subject.form;
    let is_right = form.text("media_hash") == Some(form.media_md5().as_str());
    ensure(is_right, "media_hash is not the MD5 of media")
}

fn ensure(holds: bool, otherwise: &'static str) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// A field that is missing, repeated or of a wrong form; the beginning of the text is the API's.
fn parameter(what: &str) -> Broken {
    format!("Parameter format checking error: {what}").into()
}

#[cfg(test)]
mod tests;
