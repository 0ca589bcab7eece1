//! Encodings of a value, the key, the whole string, or the digest.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use md5::{Digest as _, Md5};
use percent_encoding::{percent_decode, percent_encode_byte};
use zeroize::Zeroizing;

/// Encodings that are applied one after the other.
pub(crate) type Chain = &'static [Encoding];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    /// The bytes between two texts.
    Between(&'static str, &'static str),
    /// A text in place of the bytes.
    Instead(&'static str),
    UpperCase,
    LowerCase,
    Trimmed,
    /// The characters beside letters and digits that are not escaped; whether a space is `+`;
    /// whether the escapes are lower-case.
    UrlEncoded(&'static str, bool, bool),
    UrlDecoded,
    /// As PHP's `htmlspecialchars`.
    Html,
    /// As a JSON string, with its quotes.
    Json,
    /// UTF-8 with U+FFFD for invalid bytes.
    Utf8,
    /// Latin-1 bytes as UTF-8.
    Latin1AsUtf8,
    /// UTF-8 as Latin-1, with `?` for other characters.
    Latin1,
    /// The low byte of each UTF-16 unit.
    LowBytes,
    Utf16LittleEndian,
    /// With `+` and `/`.
    Base64,
    Base64Unpadded,
    /// The MD5 of the bytes.
    Hashed,
    /// The bytes of hexadecimal digits, as by PHP's `hex2bin`; another character counts as zero.
    FromHex,
    /// Upper-case digits: the separator of the bytes; whether a byte below 0x10 has one digit;
    /// whether `9E` is `FFFFFF9E`, as signed bytes are printed.
    Hex(&'static str, bool, bool),
    FirstBytes(usize),
    WithoutLeadingZeros,
}

pub(crate) const HEX_UPPER: Encoding = Encoding::Hex("", false, false);

/// `rawurlencode`; `urlencode` and `http_build_query`; `encodeURIComponent`; `URLEncoder`;
/// `urllib.parse.quote`; `url.QueryEscape` and Python's `urlencode`; `HttpUtility.UrlEncode`.
pub(crate) const RFC_3986: Encoding = Encoding::UrlEncoded("-_.~", false, false);
pub(crate) const PHP: Encoding = Encoding::UrlEncoded("-_.", true, false);
pub(crate) const JAVA_SCRIPT: Encoding = Encoding::UrlEncoded("-_.!~*'()", false, false);
pub(crate) const JAVA: Encoding = Encoding::UrlEncoded("-_.*", true, false);
pub(crate) const PYTHON: Encoding = Encoding::UrlEncoded("-_.~/", false, false);
pub(crate) const GO: Encoding = Encoding::UrlEncoded("-_.~", true, false);
pub(crate) const DOT_NET: Encoding = Encoding::UrlEncoded("-_.!*()", true, true);

/// Bytes with secrets in them. They are wiped on drop, and leave no copy behind when they grow.
#[derive(Default)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * length + 64));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
}

impl std::ops::Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes as a chain of encodings writes them, not copied where the chain is empty.
pub(crate) enum Encoded<'a> {
    Same(&'a [u8]),
    Other(Secret),
}

impl std::ops::Deref for Encoded<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Same(bytes) => bytes,
            Self::Other(bytes) => bytes,
        }
    }
}

/// The bytes as a chain of encodings writes them.
pub(crate) fn encode(chain: Chain, bytes: &[u8]) -> Encoded<'_> {
    match chain {
        [] => Encoded::Same(bytes),
        [before @ .., last] => Encoded::Other(last.encode(&encode(before, bytes))),
    }
}

impl Encoding {
    pub(crate) fn encode(self, bytes: &[u8]) -> Secret {
        // Most encodings fit, so that a file is copied and wiped once.
        let mut encoded = Secret(Zeroizing::new(Vec::with_capacity(3 * bytes.len())));
        self.write(bytes, &mut encoded);
        encoded
    }

    fn write(self, bytes: &[u8], to: &mut Secret) {
        let mut out = |bytes: &[u8]| to.push(bytes);
        // A decoded value may hold bytes that are not UTF-8.
        let text = || Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
        let mut each = |change: fn(&u8) -> u8| bytes.iter().for_each(|byte| out(&[change(byte)]));
        match self {
            Self::Between(before, after) => {
                out(before.as_bytes());
                out(bytes);
                out(after.as_bytes());
            }
            Self::Instead(text) => out(text.as_bytes()),
            Self::UpperCase => each(u8::to_ascii_uppercase),
            Self::LowerCase => each(u8::to_ascii_lowercase),
            Self::Trimmed => {
                out(str::from_utf8(bytes).map_or(bytes, |text| text.trim().as_bytes()));
            }
            Self::UrlEncoded(keeps, plus, lower_case) => bytes.iter().for_each(|&byte| {
                let escaped = percent_encode_byte(byte);
                match byte {
                    b' ' if plus => out(b"+"),
                    _ if byte.is_ascii_alphanumeric() || keeps.as_bytes().contains(&byte) => {
                        out(&[byte]);
                    }
                    _ if lower_case => out(escaped.to_ascii_lowercase().as_bytes()),
                    _ => out(escaped.as_bytes()),
                }
            }),
            Self::UrlDecoded => {
                for (index, part) in bytes.split(|byte| *byte == b'+').enumerate() {
                    if index != 0 {
                        out(b" ");
                    }
                    percent_decode(part).for_each(|byte| out(&[byte]));
                }
            }
            Self::Html => bytes.iter().for_each(|byte| match byte {
                b'&' => out(b"&amp;"),
                b'<' => out(b"&lt;"),
                b'>' => out(b"&gt;"),
                b'"' => out(b"&quot;"),
                byte => out(&[*byte]),
            }),
            Self::Json => {
                let json = serde_json::to_string(text().as_str());
                out(Zeroizing::new(json.expect("a text is JSON")).as_bytes());
            }
            Self::Utf8 => out(text().as_bytes()),
            Self::Latin1AsUtf8 => {
                // It does not grow, so that it leaves no copy behind.
                let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
                text.extend(bytes.iter().map(|byte| char::from(*byte)));
                out(text.as_bytes());
            }
            Self::Latin1 => {
                let byte = |character| u8::try_from(character).unwrap_or(b'?');
                text().chars().for_each(|character| out(&[byte(character)]));
            }
            Self::LowBytes => text()
                .encode_utf16()
                .for_each(|it| out(&it.to_le_bytes()[..1])),
            Self::Utf16LittleEndian => {
                text()
                    .encode_utf16()
                    .for_each(|unit| out(&unit.to_le_bytes()));
            }
            Self::Base64 => out(Zeroizing::new(STANDARD.encode(bytes)).as_bytes()),
            Self::Base64Unpadded => out(Zeroizing::new(STANDARD_NO_PAD.encode(bytes)).as_bytes()),
            Self::Hashed => out(&Md5::digest(bytes)),
            Self::FromHex => {
                let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
                for pair in bytes.chunks(2) {
                    let low = pair.get(1).copied().unwrap_or(b'0');
                    out(&[value(pair[0]) << 4 | value(low)]);
                }
            }
            Self::Hex(separator, short, signed) => {
                for (index, &byte) in bytes.iter().enumerate() {
                    if index != 0 {
                        out(separator.as_bytes());
                    }
                    if signed && byte >= 0x80 {
                        out(b"FFFFFF");
                    }
                    out(&hex(byte)[usize::from(short && byte < 0x10)..]);
                }
            }
            Self::FirstBytes(count) => out(&bytes[..count.min(bytes.len())]),
            Self::WithoutLeadingZeros => {
                let zeros = bytes.iter().take_while(|digit| **digit == b'0').count();
                out(&bytes[zeros..]);
            }
        }
    }
}

/// Two upper-case digits, without a table and a branch: they may be of a right signature.
fn hex(byte: u8) -> [u8; 2] {
    let digit = |value: u8| b'0' + value + u8::from(value > 9) * (b'A' - b'0' - 10);
    [digit(byte >> 4), digit(byte & 0xf)]
}
