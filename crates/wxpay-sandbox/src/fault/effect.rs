//! The effects of faults, one table.

use std::{fmt, str::FromStr, time::Duration};

/// Defines [`Effect`] and its words. To add an effect is to add a row: its word, its variant, its
/// documentation. `response.rs` and `server/handler.rs` apply it.
macro_rules! effects {
    ($($word:literal $variant:ident $doc:literal)*) => {
        /// The effect of a [`Fault`](crate::Fault) on a call.
        ///
        /// A call meets at most one [`Delay`](Self::Delay), one
        /// [`DelayInAnswer`](Self::DelayInAnswer) and one of all others: in each of these three
        /// groups the fault that was injected first.
        ///
        /// An error replaces the gateway's own result. It is signed where such a response of the
        /// gateway is, with the algorithm that the request names. Effects on the signature or the
        /// document change the response that there would have been.
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
            $(#[doc = concat!("`", $word, "`: ", $doc)] $variant,)*
            /// `error=CODE`: any `err_code`, signed.
            Error(ErrorCode),
            /// `rate=N`: in any second, N calls pass and are not hits; the others meet
            /// [`FrequencyLimited`](Self::FrequencyLimited).
            Rate(u32),
            /// `delay=TIME`: the response comes this much later.
            Delay(Duration),
            /// `delay-in-answer=TIME`: half of the response, a pause, the rest.
            DelayInAnswer(Duration),
        }

        /// The words of the effects without a value.
        const WORDS: &[(&str, Effect)] = &[$(($word, Effect::$variant)),*];
    };
}

effects! {
    "method-not-supported" MethodNotSupported "`INVALID_REQUEST`, HTTP GET method not supported."
    "invalid-xml" InvalidXml "`INVALID_REQUEST`, Invalid XML format."
    "certificate-required" CertificateRequired "`INVALID_REQUEST`, Certificate is required."
    "entry-permissions" EntryPermissions "`INVALID_REQUEST`, Entry permissions."
    "sign-error" SignError "`SIGNERROR`, Signature validation."
    "param-error" ParamError "`PARAM_ERROR`, Regular validation."
    "image-format" ImageFormat "`PARAM_ERROR`, Image format error."
    "merchant-id" MerchantId "`PARAM_ERROR`, Merchant ID error."
    "frequency-limited" FrequencyLimited "`FREQUENCY_LIMITED`, Frequency limit."
    "system-error" SystemError "`SYSTEMERROR`, a failure of the gateway."
    "frequency-limited-without-code" FrequencyLimitedWithoutCode
        "`return_code` FAIL and the message 频率限制, nothing else."
    "no-signature" NoSignature "without the field `sign`."
    "wrong-signature" WrongSignature "signed over other fields."
    "other-algorithm" OtherAlgorithm "signed with the other one of MD5 and HMAC-SHA256."
    "extra-fields" ExtraFields "with fields that are not documented, signed like all others."
    "bom" ByteOrderMark "with a byte order mark before the document."
    "doctype" Doctype "with a DOCTYPE that declares an entity, and a field that uses it."
    "truncated-xml" TruncatedXml "the first half of the document, with its own Content-Length."
    "certificate-page" CertificatePage "HTTP status 400, \"No required SSL certificate was sent\"."
    "bad-gateway-page" BadGatewayPage "HTTP status 502 and a page."
    "cut-in-request" CutInRequest "the connection is closed after the head of the request."
    "cut-before-answer" CutBeforeAnswer "the connection is closed after the whole request."
    "cut-in-answer" CutInAnswer "the connection is closed after half of the response."
    "cut-after-answer" CutAfterAnswer "the connection is closed, unannounced, after the response."
}

/// The API's own words, where one names a single error.
const CODES: [(&str, Effect); 3] = [
    ("FREQUENCY_LIMITED", Effect::FrequencyLimited),
    ("SYSTEMERROR", Effect::SystemError),
    ("SIGNERROR", Effect::SignError),
];

impl Effect {
    /// One of each but [`Error`](Self::Error), for lists; a rate is 1, delays are a second.
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
    /// Padded with zeros.
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
            _ => Err(ParseFaultError::value(
                "error",
                "an err_code, as ACCOUNTERROR",
            )),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reason why a text, a form or a JSON value is not a [`Fault`](crate::Fault).
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
    // Without a sign, so that there is one way to write a number.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number.ok_or_else(|| ParseFaultError::value(word, needs))
}

/// From the largest to the smallest, in nanoseconds.
#[rustfmt::skip] // in a line
const UNITS: [(&str, u128); 4] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)];

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
