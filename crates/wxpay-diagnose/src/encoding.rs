//! How bytes are written: a value, the key, the whole string, or the digest.

use std::io;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use md5::{Digest as _, Md5};
use percent_encoding::{percent_decode, percent_encode_byte};
use zeroize::Zeroizing;

/// Encodings that are applied one after the other; none leaves the bytes as they are.
pub(crate) type Chain = &'static [Encoding];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    /// With this before and after it.
    Between(&'static str, &'static str),
    /// This in place of it.
    Instead(&'static str),
    UpperCase,
    LowerCase,
    Trimmed,
    /// What stays as it is beside letters and digits; a space as `+`; lower-case escapes.
    UrlEncoded(&'static str, bool, bool),
    UrlDecoded,
    /// As PHP's `htmlspecialchars`.
    Html,
    /// As a JSON string, with its quotes.
    Json,
    /// UTF-8, with U+FFFD for what is none.
    Utf8,
    /// Each byte taken for a character of Latin-1 and written as UTF-8.
    Latin1AsUtf8,
    /// One byte a character: what has none becomes `?`.
    Latin1,
    /// The low byte of each UTF-16 unit.
    LowBytes,
    Utf16LittleEndian,
    /// With `+` and `/`.
    Base64,
    Base64Unpadded,
    /// By MD5.
    Hashed,
    /// The bytes that hexadecimal digits stand for, as PHP's `hex2bin`: what is no digit counts as zero.
    FromHex,
    HexLower,
    /// Upper-case digits: what separates the bytes; a byte below 0x10 in one digit; `FFFFFF9E` for `9E`,
    /// as signed bytes are printed.
    Hex(&'static str, bool, bool),
    FirstBytes(usize),
    WithoutLeadingZeros,
}

pub(crate) const HEX_UPPER: Encoding = Encoding::Hex("", false, false);

/// `rawurlencode` · `urlencode`, `http_build_query` · `encodeURIComponent` · `URLEncoder` ·
/// `urllib.parse.quote` · `url.QueryEscape`, Python's `urlencode` · `HttpUtility.UrlEncode`.
pub(crate) const RFC_3986: Encoding = Encoding::UrlEncoded("-_.~", false, false);
pub(crate) const PHP: Encoding = Encoding::UrlEncoded("-_.", true, false);
pub(crate) const JAVA_SCRIPT: Encoding = Encoding::UrlEncoded("-_.!~*'()", false, false);
pub(crate) const JAVA: Encoding = Encoding::UrlEncoded("-_.*", true, false);
pub(crate) const PYTHON: Encoding = Encoding::UrlEncoded("-_.~/", false, false);
pub(crate) const GO: Encoding = Encoding::UrlEncoded("-_.~", true, false);
pub(crate) const DOT_NET: Encoding = Encoding::UrlEncoded("-_.!*()", true, true);

/// Bytes that a signature could be made of. They are wiped when they are dropped, and leave no copy
/// behind when they grow.
#[derive(Default)]
pub(crate) struct Secret(Zeroizing<Vec<u8>>);

/// The bytes as a chain of encodings writes them.
pub(crate) fn encode(chain: Chain, bytes: &[u8]) -> Secret {
    let mut out = Secret::default();
    out.push_encoded(chain, bytes);
    out
}

impl Secret {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn reserve(&mut self, more: usize) {
        let length = self.0.len() + more;
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity((2 * length).max(64)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
    }

    pub(crate) fn push_encoded(&mut self, chain: Chain, bytes: &[u8]) {
        match chain {
            [] => self.push(bytes),
            [only] => only.write(bytes, self),
            [first, rest @ ..] => {
                self.push_encoded(rest, &encode(std::slice::from_ref(first), bytes));
            }
        }
    }
}

impl std::ops::Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for Secret {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Encoding {
    fn write(self, bytes: &[u8], out: &mut Secret) {
        match self {
            Self::Between(before, after) => {
                [before.as_bytes(), bytes, after.as_bytes()]
                    .iter()
                    .for_each(|part| out.push(part));
            }
            Self::Instead(text) => out.push(text.as_bytes()),
            Self::UpperCase => each(bytes, out, |byte| byte.to_ascii_uppercase()),
            Self::LowerCase => each(bytes, out, |byte| byte.to_ascii_lowercase()),
            Self::Trimmed => {
                out.push(str::from_utf8(bytes).map_or(bytes, |text| text.trim().as_bytes()));
            }
            Self::UrlEncoded(keeps, plus, lower_case) => {
                for &byte in bytes {
                    let escaped = percent_encode_byte(byte);
                    match byte {
                        b' ' if plus => out.push(b"+"),
                        _ if byte.is_ascii_alphanumeric() || keeps.as_bytes().contains(&byte) => {
                            out.push(&[byte]);
                        }
                        _ if lower_case => out.push(escaped.to_ascii_lowercase().as_bytes()),
                        _ => out.push(escaped.as_bytes()),
                    }
                }
            }
            Self::UrlDecoded => {
                let mut spaced = Secret::default();
                each(
                    bytes,
                    &mut spaced,
                    |byte| if byte == b'+' { b' ' } else { byte },
                );
                percent_decode(&spaced).for_each(|byte| out.push(&[byte]));
            }
            Self::Html => bytes.iter().for_each(|byte| match byte {
                b'&' => out.push(b"&amp;"),
                b'<' => out.push(b"&lt;"),
                b'>' => out.push(b"&gt;"),
                b'"' => out.push(b"&quot;"),
                byte => out.push(&[*byte]),
            }),
            Self::Json => serde_json::to_writer(out, &String::from_utf8_lossy(bytes))
                .expect("a text is JSON, and memory takes it"),
            Self::Utf8 => bytes.utf8_chunks().for_each(|chunk| {
                out.push(chunk.valid().as_bytes());
                if !chunk.invalid().is_empty() {
                    out.push("\u{fffd}".as_bytes());
                }
            }),
            Self::Latin1AsUtf8 => {
                bytes
                    .iter()
                    .for_each(|byte| push_char(char::from(*byte), out));
            }
            Self::Latin1 => chars(bytes)
                .for_each(|character| out.push(&[u8::try_from(character).unwrap_or(b'?')])),
            Self::LowBytes => utf16(bytes).for_each(|unit| out.push(&unit.to_le_bytes()[..1])),
            Self::Utf16LittleEndian => utf16(bytes).for_each(|unit| out.push(&unit.to_le_bytes())),
            Self::Base64 => out.push(Zeroizing::new(STANDARD.encode(bytes)).as_bytes()),
            Self::Base64Unpadded => {
                out.push(Zeroizing::new(STANDARD_NO_PAD.encode(bytes)).as_bytes());
            }
            Self::Hashed => out.push(&Md5::digest(bytes)),
            Self::FromHex => {
                let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
                for pair in bytes.chunks(2) {
                    let low = pair.get(1).copied().unwrap_or(b'0');
                    out.push(&[value(pair[0]) << 4 | value(low)]);
                }
            }
            Self::HexLower => bytes
                .iter()
                .for_each(|byte| out.push(&hex(*byte).map(|digit| digit.to_ascii_lowercase()))),
            Self::Hex(separator, short, signed) => {
                for (index, &byte) in bytes.iter().enumerate() {
                    if index != 0 {
                        out.push(separator.as_bytes());
                    }
                    if signed && byte >= 0x80 {
                        out.push(b"FFFFFF");
                    }
                    out.push(&hex(byte)[usize::from(short && byte < 0x10)..]);
                }
            }
            Self::FirstBytes(count) => out.push(&bytes[..count.min(bytes.len())]),
            Self::WithoutLeadingZeros => {
                let zeros = bytes.iter().take_while(|digit| **digit == b'0').count();
                out.push(&bytes[zeros..]);
            }
        }
    }
}

/// Two upper-case digits, without a table and without a branch: they may be of a right signature.
fn hex(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 0xf].map(|value| b'0' + value + u8::from(value > 9) * (b'A' - b'0' - 10))
}

fn each(bytes: &[u8], out: &mut Secret, change: impl Fn(u8) -> u8) {
    out.reserve(bytes.len());
    out.0.extend(bytes.iter().map(|byte| change(*byte)));
}

/// The characters, with U+FFFD for what is no UTF-8: a value that was decoded may hold such bytes.
fn chars(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let replacement = (!chunk.invalid().is_empty()).then_some('\u{fffd}');
        chunk.valid().chars().chain(replacement)
    })
}

fn utf16(bytes: &[u8]) -> impl Iterator<Item = u16> {
    chars(bytes).flat_map(|character| {
        let mut units = [0; 2];
        let count = character.encode_utf16(&mut units).len();
        units.into_iter().take(count)
    })
}

fn push_char(character: char, out: &mut Secret) {
    out.push(character.encode_utf8(&mut [0; 4]).as_bytes());
}
