//! The effects of faults.

use std::{fmt, str::FromStr, time::Duration};

/// The effect of a [`Fault`](crate::Fault) on a call.
///
/// A call meets at most one [`Delay`](Self::Delay), one [`DelayInAnswer`](Self::DelayInAnswer) and one
/// of all others: in each of these three groups the fault that was injected first.
///
/// An error takes the place of the gateway's own result; it is signed where such a response of the
/// gateway is, with the algorithm that the request names. Effects on the signature or the document
/// change the response that there would have been.
///
/// ```
/// use wxpay_sandbox::Effect;
///
/// assert_eq!("rate=20".parse::<Effect>()?, Effect::Rate(20));
/// let any_code = Effect::Error("NOTENOUGH".parse()?);
/// assert_eq!(any_code.to_string(), "error=NOTENOUGH");
/// # Ok::<(), wxpay_sandbox::ParseFaultError>(())
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
    /// `error=CODE`: any `err_code`, signed.
    Error(ErrorCode),
    /// `rate=N`: in any second, N calls pass and are not hits; the others meet
    /// [`FrequencyLimited`](Self::FrequencyLimited).
    Rate(u32),
    /// `delay=TIME`: the response comes this much later.
    Delay(Duration),
    /// `delay-in-answer=TIME`: half of the response, then a pause, then the rest.
    DelayInAnswer(Duration),
    /// `no-signature`: without the field `sign`.
    NoSignature,
    /// `wrong-signature`: signed over something else.
    WrongSignature,
    /// `other-algorithm`: signed with MD5 where the request has HMAC-SHA256, and the other way round.
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
    /// `cut-before-answer`: the connection is closed when the request was read.
    CutBeforeAnswer,
    /// `cut-in-answer`: the connection is closed after half of the response.
    CutInAnswer,
    /// `cut-after-answer`: the connection is closed after the whole response, which had not said so.
    CutAfterAnswer,
}

/// The words of the effects that are a word and nothing else.
#[rustfmt::skip] // a row a line
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
    ("frequency-limited-without-code", Effect::FrequencyLimitedWithoutCode),
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
    /// One of each, for lists to choose from; values are a rate of 1 and delays of a second.
    pub fn samples() -> impl Iterator<Item = Self> {
        let second = Duration::from_secs(1);
        let delays = [Self::Delay(second), Self::DelayInAnswer(second)];
        let words = WORDS.iter().map(|word| word.1);
        words.chain([Self::Rate(1)]).chain(delays)
    }
}

impl FromStr for Effect {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let (word, value) = text.split_once('=').unzip();
        let (word, given) = (word.unwrap_or(text), value.unwrap_or_default());
        let mut known = WORDS.iter().chain(&CODES);
        match word {
            "error" => given.parse().map(Self::Error),
            "rate" => number(word, given, "a number of calls a second").map(Self::Rate),
            "delay" => time(word, given).map(Self::Delay),
            "delay-in-answer" => time(word, given).map(Self::DelayInAnswer),
            _ => match (known.find(|known| known.0 == word), value) {
                (Some(known), None) => Ok(known.1),
                (Some(_), Some(_)) => Err(ParseFaultError::value(word, "no value")),
                (None, _) => Err(ParseFaultError(format!("there is no fault {word:?}"))),
            },
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(code) => write!(f, "error={code}"),
            Self::Rate(calls) => write!(f, "rate={calls}"),
            Self::Delay(time) => write!(f, "delay={}", written_time(*time)),
            Self::DelayInAnswer(time) => write!(f, "delay-in-answer={}", written_time(*time)),
            plain => {
                let word = WORDS.iter().find(|known| known.1 == *plain);
                f.write_str(word.map_or("", |word| word.0))
            }
        }
    }
}

/// An `err_code` for [`Effect::Error`]: 1 to 32 upper-case ASCII letters, digits and underscores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode {
    /// Zeros behind the code.
    bytes: [u8; 32],
}

impl ErrorCode {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes).map_or("", |text| text.trim_end_matches('\0'))
    }
}

impl FromStr for ErrorCode {
    type Err = ParseFaultError;

    fn from_str(code: &str) -> Result<Self, ParseFaultError> {
        let is_known = |byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
        let mut bytes = [0; 32];
        match bytes.get_mut(..code.len()) {
            Some(place) if !code.is_empty() && code.bytes().all(is_known) => {
                place.copy_from_slice(code.as_bytes());
                Ok(Self { bytes })
            }
            _ => {
                let needs = "an err_code, as ACCOUNTERROR";
                Err(ParseFaultError::value("error", needs))
            }
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text, a form or a JSON value is not a [`Fault`](crate::Fault).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseFaultError(pub(super) String);

impl ParseFaultError {
    pub(super) fn value(word: &str, needs: &str) -> Self {
        Self(format!("{word} needs {needs}"))
    }
}

pub(super) fn number<T: FromStr>(
    word: &str,
    text: &str,
    needs: &str,
) -> Result<T, ParseFaultError> {
    // Without a sign: there is one way to write a number.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number.ok_or_else(|| ParseFaultError::value(word, needs))
}

/// From the largest to the smallest, in nanoseconds.
const UNITS: [(&str, u128); 4] = [
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1000),
    ("ns", 1),
];

fn time(word: &str, value: &str) -> Result<Duration, ParseFaultError> {
    const TIME: &str = "a time, as 500ms or 2s";
    let digits = value.trim_end_matches(|character: char| !character.is_ascii_digit());
    let unit = UNITS.iter().find(|known| known.0 == &value[digits.len()..]);
    let nanos = unit.and_then(|unit| {
        let count = number::<u128>(word, digits, TIME).ok()?;
        let nanos = count.checked_mul(unit.1)?;
        let seconds = u64::try_from(nanos / UNITS[0].1).ok()?;
        let below = u32::try_from(nanos % UNITS[0].1).ok()?;
        Some(Duration::new(seconds, below))
    });
    nanos.ok_or_else(|| ParseFaultError::value(word, TIME))
}

/// In the largest unit that needs no fraction.
fn written_time(time: Duration) -> String {
    let nanos = time.as_nanos();
    let fits = |unit: &&(&str, u128)| nanos.is_multiple_of(unit.1);
    let (unit, size) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
    format!("{}{unit}", nanos / size)
}
