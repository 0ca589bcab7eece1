//! What the gateway says when it refuses.

mod code;
mod reason;

use std::fmt;

use wxpay_sign::VerifyError;
use wxpay_transport::RetryAdvice;
use wxpay_xml::Fields;

use crate::excerpt::excerpt;

pub use code::ErrorCode;
pub use reason::Reason;

/// Fields in which a reason has been seen, the most telling first. The API documents the first and
/// `return_msg`; gateways and proxies of the same family write the others.
const MESSAGES: [&str; 10] = [
    "err_code_des",
    "err_code_desc",
    "err_msg",
    "errmsg",
    "error_msg",
    "return_msg",
    "retmsg",
    "ret_msg",
    "message",
    "msg",
];

/// Fields in which a code has been seen; the API documents the first.
const CODES: [&str; 3] = ["err_code", "errcode", "error_code"];

/// A refusal in the gateway's own words, and what this crate makes of them.
///
/// It is believed without a signature: a failure needs no proof, a success does. Where the reply
/// carries a signature that does not fit, [`signature_fault`](Self::signature_fault) says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayError {
    code: Option<ErrorCode>,
    message: String,
    /// All that came, where there is no message.
    fields: String,
    reason: Option<Reason>,
    pub(crate) signature_fault: Option<VerifyError>,
}

impl GatewayError {
    /// The refusal that a document reports, on whichever level; `None` where it reports none.
    ///
    /// ```
    /// use wxpay_media::{GatewayError, xml::Fields};
    ///
    /// let fields = Fields::parse("<xml><return_code>FAIL</return_code><retmsg>busy</retmsg></xml>")?;
    /// let refusal = GatewayError::from_fields(&fields).expect("a `FAIL` is a refusal");
    /// assert_eq!(refusal.to_string(), "the gateway refused the picture: busy");
    /// # Ok::<(), wxpay_media::xml::Error>(())
    /// ```
    #[must_use]
    pub fn from_fields(fields: &Fields<'_>) -> Option<Self> {
        if !["return_code", "result_code"]
            .iter()
            .any(|name| fields.get(name) == Some("FAIL"))
        {
            return None;
        }
        let given = |name: &&str| fields.get(name).filter(|value| !value.trim().is_empty());
        let code = CODES.iter().find_map(given).map(ErrorCode::from_wire);
        // "OK" stands beside some refusals, and is never their reason.
        let says = |text: &&str| {
            !["OK", "SUCCESS"]
                .iter()
                .any(|ok| text.trim().eq_ignore_ascii_case(ok))
        };
        let texts: Vec<&str> = MESSAGES.iter().filter_map(given).filter(says).collect();
        let message = texts.first().copied().unwrap_or_default().to_owned();
        let mut all = String::new();
        if message.is_empty() {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "sign") {
                if !value.is_empty() {
                    all = all + name + "=" + value + " ";
                }
            }
        }
        Some(Self {
            reason: Reason::of(code.as_ref(), &texts),
            code,
            message,
            fields: all,
            signature_fault: None,
        })
    }

    /// The gateway's `err_code`; some refusals have none.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Error, ErrorCode, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let xml = b"<xml><return_code>FAIL</return_code><err_code>BRAND_NEW</err_code></xml>";
    /// let Err(Error::Gateway(refusal)) = reply::media_id(&merchant, &Response::new(xml)) else {
    ///     unreachable!("a `FAIL` is a refusal");
    /// };
    /// assert_eq!(refusal.code(), Some(&ErrorCode::Other("BRAND_NEW".to_owned())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.code.as_ref()
    }

    /// The gateway's text for people, in English or Chinese: `err_code_des`, else `return_msg`, else
    /// a field of another such name; empty where it gave no reason, not even one of those.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Error, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let xml = "<xml><return_code>FAIL</return_code><return_msg>频率限制</return_msg></xml>".as_bytes();
    /// let Err(Error::Gateway(refusal)) = reply::media_id(&merchant, &Response::new(xml)) else {
    ///     unreachable!("a `FAIL` is a refusal");
    /// };
    /// assert_eq!(refusal.message(), "频率限制");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Which row of the API's error table it is, as far as code and text tell.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Error, Reason, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// // Two rows have this code; the text tells which it is.
    /// let xml = b"<xml><return_code>FAIL</return_code><err_code>PARAM_ERROR</err_code>\
    ///             <err_code_des>Merchant ID error</err_code_des></xml>";
    /// let Err(Error::Gateway(refusal)) = reply::media_id(&merchant, &Response::new(xml)) else {
    ///     unreachable!("a `FAIL` is a refusal");
    /// };
    /// assert_eq!(refusal.reason(), Some(Reason::Merchant));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Why the reply's own signature does not fit, where it has one: a hint that this side's key is
    /// not the gateway's, or that the reply is not the gateway's.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Error, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let xml = b"<xml><return_code>FAIL</return_code><return_msg>no</return_msg>\
    ///             <sign>C380BEC2BFD727A4B6845133519F3AD6</sign></xml>";
    /// let Err(Error::Gateway(refusal)) = reply::media_id(&merchant, &Response::new(xml)) else {
    ///     unreachable!("a `FAIL` is a refusal");
    /// };
    /// assert!(refusal.signature_fault().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn signature_fault(&self) -> Option<&VerifyError> {
        self.signature_fault.as_ref()
    }

    /// What to do about it.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Error, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let xml = b"<xml><return_code>FAIL</return_code><return_msg>Entry permissions</return_msg></xml>";
    /// let Err(Error::Gateway(refusal)) = reply::media_id(&merchant, &Response::new(xml)) else {
    ///     unreachable!("a `FAIL` is a refusal");
    /// };
    /// assert!(refusal.advice().starts_with("ask WeChat Pay for the permission"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.reason.map_or(
            "look the code up in the API's documentation, or ask WeChat Pay's support",
            Reason::advice,
        )
    }

    /// Whether the same call may succeed later.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Error, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let xml = b"<xml><return_code>FAIL</return_code><err_code>SYSTEMERROR</err_code></xml>";
    /// let Err(Error::Gateway(refusal)) = reply::media_id(&merchant, &Response::new(xml)) else {
    ///     unreachable!("a `FAIL` is a refusal");
    /// };
    /// assert!(refusal.is_retryable());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.reason.is_some_and(Reason::is_retryable)
    }

    /// What a queue may do with the picture, and with all others.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Error, RetryAdvice, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// // The key is wrong for the next picture, too.
    /// let xml = b"<xml><return_code>FAIL</return_code><err_code>SIGNERROR</err_code></xml>";
    /// let Err(Error::Gateway(refusal)) = reply::media_id(&merchant, &Response::new(xml)) else {
    ///     unreachable!("a `FAIL` is a refusal");
    /// };
    /// assert_eq!(refusal.disposition(), RetryAdvice::Stop);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn disposition(&self) -> RetryAdvice {
        self.reason
            .map_or(RetryAdvice::Refused, Reason::disposition)
    }
}

/// In one line, and of the gateway's own words the beginning: nothing says that they are the gateway's.
impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the gateway refused the picture")?;
        let code = self.code.as_ref().map(|code| excerpt(code.as_str()));
        let (message, fields) = (excerpt(&self.message), excerpt(&self.fields));
        match (code, message.as_str()) {
            (Some(code), "") => write!(f, ": {code} ({fields})")?,
            (Some(code), message) => write!(f, ": {code} ({message})")?,
            (None, "") => write!(f, " without a reason: {fields}")?,
            (None, message) => write!(f, ": {message}")?,
        }
        if self.signature_fault.is_some() {
            f.write_str("; its own signature does not fit, so check the API key first")?;
        }
        Ok(())
    }
}

impl std::error::Error for GatewayError {}
