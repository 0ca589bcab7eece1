//! What goes wrong.

use std::time::Duration;

/// What goes wrong in a call that a [`Fault`](crate::Fault) hits.
///
/// A call meets at most one [`Delay`](Self::Delay), one [`DelayInAnswer`](Self::DelayInAnswer) and one
/// of all others: in each of these three groups the fault that was armed first.
///
/// An error takes the place of the gateway's own verdict, whatever that is; it is signed where such
/// an answer of the gateway is, with the algorithm that the request names. What is done to the
/// signature or the document is done to the answer that there would have been.
///
/// ```
/// use wxpay_sandbox::{Effect, Fault};
///
/// let limited: Fault = "rate=20".parse()?;
/// assert_eq!(limited.effect(), Effect::Rate(20));
/// # Ok::<(), wxpay_sandbox::InvalidFault>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// `method-not-supported`: `INVALID_REQUEST`, HTTP GET method not supported.
    MethodNotSupported,
    /// `invalid-xml`: `INVALID_REQUEST`, Invalid XML format.
    InvalidXml,
    /// `certificate-required`: `INVALID_REQUEST`, Certificate is required.
    CertificateRequired,
    /// `entry-permissions`: `INVALID_REQUEST`, Entry permissions.
    EntryPermissions,
    /// `sign-error`: `SIGNERROR`, Signature validation.
    SignError,
    /// `param-error`: `PARAM_ERROR`, Regular validation.
    ParamError,
    /// `image-format`: `PARAM_ERROR`, Image format error.
    ImageFormat,
    /// `merchant-id`: `PARAM_ERROR`, Merchant ID error.
    MerchantId,
    /// `frequency-limited`: `FREQUENCY_LIMITED`, Frequency limit.
    FrequencyLimited,
    /// `system-error`: `SYSTEMERROR`, the gateway's own fault.
    SystemError,
    /// `frequency-limited-without-code`: `return_code` FAIL and the message 频率限制, nothing else.
    FrequencyLimitedWithoutCode,
    /// `rate=N`: so many calls in any second are answered as they should be, the others with
    /// [`FrequencyLimited`](Self::FrequencyLimited). Calls that are let pass are not hits.
    Rate(u32),
    /// `delay=TIME`: the answer is as it should be, and comes so much later.
    Delay(Duration),
    /// `delay-in-answer=TIME`: half of the answer, then a pause, then the rest.
    DelayInAnswer(Duration),
    /// `no-signature`: without the field `sign`.
    NoSignature,
    /// `wrong-signature`: signed over something else. Answers that are not signed stay so.
    WrongSignature,
    /// `other-algorithm`: signed rightly, with MD5 where the request has HMAC-SHA256, and the other
    /// way round. Answers that are not signed stay so.
    OtherAlgorithm,
    /// `extra-fields`: with fields that are documented nowhere, signed like all others.
    ExtraFields,
    /// `bom`: with a byte order mark before the document.
    ByteOrderMark,
    /// `doctype`: with a DOCTYPE that declares an entity, and a field that uses it.
    Doctype,
    /// `truncated-xml`: the first half of the document, as an HTTP message that is whole.
    TruncatedXml,
    /// `certificate-page`: HTTP status 400 and a page, "No required SSL certificate was sent".
    CertificatePage,
    /// `bad-gateway-page`: HTTP status 502 and a page.
    BadGatewayPage,
    /// `cut-in-request`: the connection is closed when the request's head was read.
    CutInRequest,
    /// `cut-before-answer`: the connection is closed when the request was read and judged.
    CutBeforeAnswer,
    /// `cut-in-answer`: the connection is closed after half of the answer.
    CutInAnswer,
    /// `cut-after-answer`: the connection is closed after the whole answer, which had not said so.
    CutAfterAnswer,
}

/// The words of the effects that are a word and nothing else.
const WORDS: [(&str, Effect); 24] = [
    ("method-not-supported", Effect::MethodNotSupported),
    ("invalid-xml", Effect::InvalidXml),
    ("certificate-required", Effect::CertificateRequired),
    ("entry-permissions", Effect::EntryPermissions),
    ("sign-error", Effect::SignError),
    ("param-error", Effect::ParamError),
    ("image-format", Effect::ImageFormat),
    ("merchant-id", Effect::MerchantId),
    ("frequency-limited", Effect::FrequencyLimited),
    ("system-error", Effect::SystemError),
    (
        "frequency-limited-without-code",
        Effect::FrequencyLimitedWithoutCode,
    ),
    ("no-signature", Effect::NoSignature),
    ("wrong-signature", Effect::WrongSignature),
    ("other-algorithm", Effect::OtherAlgorithm),
    ("extra-fields", Effect::ExtraFields),
    ("bom", Effect::ByteOrderMark),
    ("doctype", Effect::Doctype),
    ("truncated-xml", Effect::TruncatedXml),
    ("certificate-page", Effect::CertificatePage),
    ("bad-gateway-page", Effect::BadGatewayPage),
    ("cut-in-request", Effect::CutInRequest),
    ("cut-before-answer", Effect::CutBeforeAnswer),
    ("cut-in-answer", Effect::CutInAnswer),
    ("cut-after-answer", Effect::CutAfterAnswer),
];

/// The API's own words, where one names a single error.
const CODES: [(&str, Effect); 3] = [
    ("FREQUENCY_LIMITED", Effect::FrequencyLimited),
    ("SYSTEMERROR", Effect::SystemError),
    ("SIGNERROR", Effect::SignError),
];

impl Effect {
    /// One of each, for lists to choose from; of those that take a value, a rate of 1 and delays of a
    /// second.
    ///
    /// ```
    /// let words: Vec<_> = wxpay_sandbox::Effect::samples().map(|effect| effect.to_string()).collect();
    /// assert!(words.contains(&"system-error".to_owned()));
    /// assert!(words.contains(&"rate=1".to_owned()));
    /// ```
    pub fn samples() -> impl Iterator<Item = Self> {
        let second = Duration::from_secs(1);
        let with_values = [
            Self::Rate(1),
            Self::Delay(second),
            Self::DelayInAnswer(second),
        ];
        WORDS.iter().map(|word| word.1).chain(with_values)
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        let mut words = WORDS.iter().chain(&CODES);
        words.find(|known| known.0 == word).map(|known| known.1)
    }

    /// Its word, without the value that some have.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Rate(_) => "rate",
            Self::Delay(_) => "delay",
            Self::DelayInAnswer(_) => "delay-in-answer",
            plain => WORDS
                .iter()
                .find(|known| known.1 == plain)
                .map_or("", |known| known.0),
        }
    }
}
