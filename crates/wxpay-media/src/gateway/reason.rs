//! The rows of the API's error table.

use wxpay_transport::RetryAdvice;

use super::ErrorCode;

/// A row of the error table: what a refusal is about, which its code alone does not tell.
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
    /// `FREQUENCY_LIMITED`, "Frequency limit"; sometimes said only in the message.
    FrequencyLimit,
    /// `SYSTEMERROR`: the gateway's own fault.
    System,
}

/// Words for the limit on the rate of calls, in texts and in codes, whatever code carries them.
const LIMIT: &[&str] = &[
    // This API's page: FREQUENCY_LIMITED, "Frequency limit". In its newer tree: FREQUENCY_LIMIT_EXCEED
    // (pay.weixin.qq.com/wiki/doc/api_external/en/apis/chapter4_4_1.shtml).
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

/// Words by which the gateway's texts, English or Chinese, tell the rows of a code apart. The first
/// row with a word in the text is taken, so a more telling word stands before a vaguer one.
const WORDS: [(Reason, &[&str]); 10] = [
    (Reason::FrequencyLimit, LIMIT),
    (Reason::Permission, &["permission", "权限"]),
    (Reason::Certificate, &["certificate", "证书"]),
    (Reason::Method, &["method not supported", "use post"]),
    (Reason::Signature, &["signature", "签名"]),
    (Reason::Merchant, &["merchant id", "商户号"]),
    (Reason::Picture, &["image", "picture", "图片"]),
    (Reason::Body, &["xml"]),
    (
        Reason::Parameter,
        &["parameter", "regular validation", "参数"],
    ),
    (Reason::System, &["system error", "系统"]),
];

impl Reason {
    /// Tells the row from the code and the texts, the more telling text first; from the texts alone
    /// where there is no code.
    pub(super) fn of(code: Option<&ErrorCode>, texts: &[&str]) -> Option<Self> {
        let said = |reasons: &[Self]| texts.iter().find_map(|text| Self::said(text, reasons));
        let is_limit = |text: &str| Self::said(text, &[Self::FrequencyLimit]).is_some();
        if code.is_some_and(|code| is_limit(code.as_str()))
            || texts.iter().any(|text| is_limit(text))
        {
            return Some(Self::FrequencyLimit);
        }
        match code {
            None => said(&WORDS.map(|(reason, _)| reason)),
            Some(ErrorCode::InvalidRequest) => said(&[
                Self::Permission,
                Self::Certificate,
                Self::Method,
                Self::Body,
            ]),
            Some(ErrorCode::ParamError) => said(&[
                Self::Permission,
                Self::Merchant,
                Self::Picture,
                Self::Parameter,
            ])
            .or(Some(Self::Parameter)),
            Some(ErrorCode::SignError) => Some(Self::Signature),
            Some(ErrorCode::FrequencyLimited) => Some(Self::FrequencyLimit),
            Some(ErrorCode::SystemError) => Some(Self::System),
            Some(ErrorCode::Other(_)) => None,
        }
    }

    /// The first of these rows that the text speaks of.
    fn said(text: &str, reasons: &[Self]) -> Option<Self> {
        let text = text.to_lowercase();
        WORDS
            .iter()
            .filter(|(reason, _)| reasons.contains(reason))
            .find(|(_, words)| words.iter().any(|word| text.contains(word)))
            .map(|(reason, _)| *reason)
    }

    /// What helps.
    ///
    /// ```
    /// use wxpay_media::Reason;
    ///
    /// assert_eq!(Reason::FrequencyLimit.advice(), "slow down and try again later");
    /// ```
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

    /// Whether the same call may succeed later.
    ///
    /// ```
    /// use wxpay_media::Reason;
    ///
    /// assert!(Reason::System.is_retryable());
    /// assert!(!Reason::Permission.is_retryable()); // not before it is granted
    /// ```
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::FrequencyLimit | Self::System)
    }

    /// What a queue may do with the picture, and with all others: what is wrong with the merchant's
    /// key, certificate, id or permissions is wrong with every picture.
    ///
    /// ```
    /// use wxpay_media::{RetryAdvice, Reason};
    ///
    /// assert_eq!(Reason::Picture.disposition(), RetryAdvice::Refused); // the next one may pass
    /// assert_eq!(Reason::Certificate.disposition(), RetryAdvice::Stop);
    /// ```
    #[must_use]
    pub fn disposition(self) -> RetryAdvice {
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
