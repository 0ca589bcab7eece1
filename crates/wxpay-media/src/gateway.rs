//! Refusals of the gateway, and their rows of its error table.

use std::fmt;

use wxpay_sign::VerifyError;
use wxpay_xml::Fields;

use crate::excerpt::excerpt;

/// Fields that have held a reason, the most specific first. The API documents the first and
/// `return_msg`; related gateways and proxies send the others.
const MESSAGES: &str = "err_code_des err_code_desc err_msg errmsg error_msg return_msg retmsg ret_msg \
                        message msg";

/// Fields that have held a code; the API documents the first.
const CODES: [&str; 3] = ["err_code", "errcode", "error_code"];

/// A refusal with the gateway's code and text, and its row of the error table.
///
/// It is believed without a signature: a failure needs no proof, a success does. A signature that
/// does not fit is reported by [`signature_error`](Self::signature_error).
///
/// ```
/// use wxpay_media::{GatewayError, Reason, RetryAdvice};
///
/// let document = b"<xml><return_code>FAIL</return_code><err_code>PARAM_ERROR</err_code>\
///                  <err_code_des>Merchant ID error</err_code_des></xml>";
/// let refusal = GatewayError::read(document).expect("a refusal");
/// assert_eq!(refusal.reason(), Some(Reason::Merchant)); // told by the text, not by the code
/// assert_eq!(refusal.retry_advice(), RetryAdvice::Stop);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayError {
    code: Option<String>,
    message: String,
    /// All fields, shown when there is no message.
    fields: String,
    reason: Option<Reason>,
    pub(crate) signature_error: Option<VerifyError>,
}

impl GatewayError {
    /// The refusal that a document reports on either level, if it does. In another charset than
    /// UTF-8 the fields in ASCII are read.
    #[must_use]
    pub fn read(document: &[u8]) -> Option<Self> {
        match Fields::parse(document) {
            Ok(fields) => Self::from_fields(&fields),
            Err(_) => in_another_charset(document),
        }
    }

    pub(crate) fn from_fields(fields: &Fields<'_>) -> Option<Self> {
        let has_failed = |name: &&str| fields.get(name) == Some("FAIL");
        if !["return_code", "result_code"].iter().any(has_failed) {
            return None;
        }
        let given = |name: &&str| fields.get(name).filter(|value| !value.trim().is_empty());
        let code = CODES.iter().find_map(given).map(|code| match code {
            // The spellings of related APIs.
            "SIGN_ERROR" => "SIGNERROR",
            "SYSTEM_ERROR" => "SYSTEMERROR",
            code => code,
        });
        // Some refusals have the text "OK", which is never the reason.
        let is_ok = |text: &str| ["OK", "SUCCESS"].contains(&text.to_uppercase().trim());
        let texts = MESSAGES.split(' ').filter_map(|name| given(&name));
        let texts: Vec<&str> = texts.filter(|text| !is_ok(text)).collect();
        let is_shown = |field: &(&str, &str)| field.0 != "sign" && !field.1.is_empty();
        let show = |(name, value)| format!("{name}={value}");
        let shown: Vec<_> = fields.iter().filter(is_shown).map(show).collect();
        Some(Self {
            reason: Reason::of(code, &texts),
            code: code.map(str::to_owned),
            message: texts.first().copied().unwrap_or_default().to_owned(),
            fields: shown.join(" "),
            signature_error: None,
        })
    }

    /// The gateway's `err_code`, if there is one, in the spelling of the API's error table.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The gateway's text for people, in English or Chinese: `err_code_des`, else `return_msg`,
    /// else another such field; empty if it gave no reason.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The row of the API's error table, if code and text determine it.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The error of the response's signature, if it has one that does not fit: the key is wrong, or
    /// the response is not the gateway's.
    #[must_use]
    pub fn signature_error(&self) -> Option<&VerifyError> {
        self.signature_error.as_ref()
    }

    /// Advice for people.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match (self.reason, &self.code) {
            (Some(reason), _) => reason.advice(),
            (None, Some(_)) => {
                "look the code up in the API's documentation, or ask WeChat Pay's support"
            }
            (None, None) => "check the request against the API's page, or ask WeChat Pay's support",
        }
    }

    /// Advice for a queue, about the picture and about all others.
    #[must_use]
    pub fn retry_advice(&self) -> RetryAdvice {
        self.reason
            .map_or(RetryAdvice::Refused, Reason::retry_advice)
    }
}

/// The refusal in a document that is not UTF-8, by its ASCII fields. A success is not read so.
fn in_another_charset(body: &[u8]) -> Option<GatewayError> {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units = body.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    };
    let text = match body {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'<', ..] => utf16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(body).into_owned(),
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let document = match text.strip_prefix("<?xml") {
        Some(declared) => declared.split_once("?>")?.1,
        None => text,
    };
    let fields = Fields::parse(document).ok()?;
    let readable = fields.iter().filter(|(_, value)| value.is_ascii());
    GatewayError::from_fields(&Fields::from_pairs(readable).ok()?)
}

/// One line, with the beginning of a text that nobody has signed.
impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gateway refused the picture")?;
        let has_message = !self.message.is_empty();
        let text = excerpt(match has_message {
            true => &self.message,
            false => &self.fields,
        });
        match &self.code {
            Some(code) => write!(f, ": {} ({text})", excerpt(code))?,
            None if has_message => write!(f, ": {text}")?,
            None => write!(f, " without a reason: {text}")?,
        }
        if self.signature_error.is_some() {
            f.write_str("; its own signature does not fit, so check the API key first")?;
        }
        Ok(())
    }
}

impl std::error::Error for GatewayError {}

/// A row of the error table. A refusal's code alone does not determine it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// `INVALID_REQUEST`, "HTTP GET method not supported".
    Method,
    /// `INVALID_REQUEST`, "Invalid XML format": the body is malformed.
    Body,
    /// `INVALID_REQUEST`, "Certificate is required": none was sent, or it was not accepted.
    Certificate,
    /// `INVALID_REQUEST`, "Entry permissions": the merchant may not use this API.
    Permission,
    /// `SIGNERROR`, "Signature validation".
    Signature,
    /// `PARAM_ERROR`, "Regular validation": a parameter has an invalid form.
    Parameter,
    /// `PARAM_ERROR`, "Image format error": the format, the size, or the hash.
    Picture,
    /// `PARAM_ERROR`, "Merchant ID error": unknown, or not the certificate's.
    Merchant,
    /// `FREQUENCY_LIMITED`, "Frequency limit"; also under other codes, and in a message without a
    /// code.
    FrequencyLimit,
    /// `SYSTEMERROR`: the gateway's own fault.
    System,
}

/// Words for the limit on the rate of calls, in texts and codes of any row.
const LIMIT: &[&str] = &[
    // This API's page: FREQUENCY_LIMITED, "Frequency limit". In its newer tree:
    // FREQUENCY_LIMIT_EXCEED (pay.weixin.qq.com/wiki/doc/api_external/en/apis/chapter4_4_1.shtml).
    "frequency limit",
    "frequency_limit",
    "frequencylimit",
    // RATELIMIT_EXCEED and RATELIMIT_EXCEEDED, of the newer API.
    "rate limit",
    "rate_limit",
    "ratelimit",
    // Messages that integrators report: 频率限制 without a code, 调用频率过高 with INVALID_REQUEST,
    // 频率超限; 请求过快; 操作过于频繁.
    "频率",
    "过快",
    "频繁",
    "too frequent",
    "too many requests",
];

/// Each row with its codes, and the words in its texts, English or Chinese, that the other rows of
/// a code do not have. The first row with a word in the text counts: specific words precede vague
/// ones.
#[rustfmt::skip] // a row a line
const ROWS: [(Reason, &str, &[&str]); 9] = [
    (Reason::Permission, "INVALID_REQUEST PARAM_ERROR", &["permission", "权限"]),
    (Reason::Certificate, "INVALID_REQUEST", &["certificate", "证书"]),
    (Reason::Method, "INVALID_REQUEST", &["method not supported", "use post"]),
    (Reason::Signature, "SIGNERROR", &["signature", "签名"]),
    (Reason::Merchant, "PARAM_ERROR", &["merchant id", "商户号"]),
    (Reason::Picture, "PARAM_ERROR", &["image", "picture", "图片"]),
    (Reason::Body, "INVALID_REQUEST", &["xml"]),
    (Reason::Parameter, "PARAM_ERROR", &["param", "regular validation", "参数"]),
    (Reason::System, "SYSTEMERROR", &["system error", "系统"]),
];

impl Reason {
    /// The row of the code and the texts, the most specific text first.
    fn of(code: Option<&str>, texts: &[&str]) -> Option<Self> {
        let has = |text: &str, words: &[&str]| {
            let text = text.to_lowercase();
            words.iter().any(|word| text.contains(word))
        };
        if code.iter().chain(texts).any(|text| has(text, LIMIT)) {
            return Some(Self::FrequencyLimit);
        }
        let by_text = texts.iter().find_map(|text| {
            ROWS.iter().find(|(_, codes, words)| {
                code.is_none_or(|code| codes.split(' ').any(|it| it == code)) && has(text, words)
            })
        });
        by_text.map(|(row, ..)| *row).or_else(|| match code? {
            "SIGNERROR" => Some(Self::Signature),
            "PARAM_ERROR" => Some(Self::Parameter),
            "SYSTEMERROR" => Some(Self::System),
            _ => None,
        })
    }

    /// Advice for people.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Method => "send it as a POST",
            Self::Body => "send multipart/form-data with an unquoted boundary and CRLF line ends",
            Self::Certificate => {
                "send the merchant's own API certificate, and check that it has not expired"
            }
            Self::Permission => {
                "ask WeChat Pay for the permission to upload pictures for this merchant"
            }
            Self::Signature => {
                "check that the API v2 key is this merchant's, then the sign type, then the string that was signed"
            }
            Self::Parameter => "check the form of each parameter against the API's page",
            Self::Picture => {
                "send a whole JPEG, PNG or BMP under 2 MiB whose extension fits, with the MD5 of just these bytes"
            }
            Self::Merchant => "check the merchant id, and that the certificate is this merchant's",
            Self::FrequencyLimit => "slow down and try again later",
            Self::System => "try again later",
        }
    }

    /// Advice for a queue, about the picture and about all others: a wrong key, certificate, id or
    /// permission is wrong for every picture of the merchant.
    #[must_use]
    pub fn retry_advice(self) -> RetryAdvice {
        match self {
            Self::FrequencyLimit => RetryAdvice::Throttle,
            Self::System => RetryAdvice::Retry,
            Self::Certificate | Self::Permission | Self::Signature | Self::Merchant => {
                RetryAdvice::Stop
            }
            Self::Method | Self::Body | Self::Parameter | Self::Picture => RetryAdvice::Refused,
        }
    }
}

/// Advice about a failed upload, for a queue that repeats on its own.
///
/// A repeated upload is harmless: it only yields another media id. Such a queue sets
/// [`ClientBuilder::max_retries`](crate::ClientBuilder::max_retries) to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// Put it back: the same upload may succeed, after a while.
    Retry,
    /// Put it back, and send everything else more slowly, too.
    Throttle,
    /// Take it out: the same upload fails again, but others may succeed.
    Refused,
    /// Stop everything: all uploads fail like this one until a person changes something.
    Stop,
}
