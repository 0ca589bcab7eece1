//! Bounds of a call's record, and the redaction of API keys.

use std::{borrow::Cow, iter::zip};

use base64::{Engine, prelude::BASE64_STANDARD};
use wxpay_sign::ApiKey;
use zeroize::Zeroizing;

/// Maximum number of remembered calls; the oldest are dropped first.
pub(crate) const CALLS: usize = 200;
/// Bytes of all bodies that are remembered for their pictures; the oldest are dropped first.
pub(crate) const BODIES: usize = 32 * 1024 * 1024;
/// Bytes of all texts of a call, so that 200 calls take less than 26 MB; most calls take 4 KB.
const CALL: usize = 126 * 1024;
/// Number of headers of a call.
pub(crate) const HEADERS: usize = 64;
/// Bytes of a header's name, and of its value.
pub(crate) const HEADER: usize = 512;
/// Number of fields of a form.
pub(crate) const FIELDS: usize = 32;
/// Bytes of a field's value.
pub(crate) const VALUE: usize = 2048;
/// Bytes of a path, a file name or a subject.
pub(crate) const LINE: usize = 1024;
/// Bytes of the string that is signed.
pub(crate) const CANONICAL: usize = 4096;
/// Bytes of the beginning of a body, which is kept even if the body is not.
pub(crate) const BODY_START: usize = 8192;
/// Number of findings of a call; further ones show when these are mended.
pub(crate) const FINDINGS: usize = 32;
/// Bytes of a finding in one language.
pub(crate) const MESSAGE: usize = 1024;
/// Bytes of a client's text that a finding quotes.
const QUOTE: usize = 80;
/// Bytes of all text fields in which a mistake of the signature is searched; the API's own take
/// 200.
pub(crate) const SEARCHED: usize = 16 * 1024;

/// Characters of a secret in a row that are not shown.
const STRETCH: usize = 8;

/// Replaces the sandbox's API keys, parts of them, and their base64 in texts and bytes of clients.
pub(crate) struct Redactor {
    secrets: Vec<Zeroizing<String>>,
    /// For each byte in lower case its places in the secrets.
    places: Vec<Vec<(usize, usize)>>,
}

impl Redactor {
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = &'a ApiKey>) -> Self {
        let mut secrets = Vec::new();
        for key in keys.into_iter().map(ApiKey::expose) {
            secrets.push(Zeroizing::new(key.to_owned()));
            // The digits of base64 depend on the number of bytes before the key, modulo three.
            for before in ["", "0", "00"] {
                let text = Zeroizing::new(before.to_owned() + key);
                secrets.push(Zeroizing::new(BASE64_STANDARD.encode(&*text)));
            }
        }
        let mut places = vec![Vec::new(); 256];
        for (number, secret) in secrets.iter().enumerate() {
            for (place, byte) in secret.bytes().enumerate() {
                places[usize::from(byte.to_ascii_lowercase())].push((number, place));
            }
        }
        Self { secrets, places }
    }

    /// The bytes with asterisks in place of each stretch of a secret, in upper or lower case.
    pub(crate) fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let is_same = |(one, other): &(&u8, &u8)| one.eq_ignore_ascii_case(other);
        let mut redacted = Cow::Borrowed(bytes);
        // Each stretch covers one of these bytes; a look at all would be slow in debug builds.
        for at in (STRETCH - 1..bytes.len()).step_by(STRETCH) {
            let places = &self.places[usize::from(bytes[at].to_ascii_lowercase())];
            for &(number, place) in places {
                let (before, behind) = self.secrets[number].as_bytes().split_at(place);
                let left = zip(bytes[..at].iter().rev(), before.iter().rev());
                let start = at - left.take_while(is_same).count();
                let end = at + zip(&bytes[at..], behind).take_while(is_same).count();
                if end - start >= STRETCH {
                    redacted.to_mut()[start..end].fill(b'*');
                }
            }
        }
        redacted
    }

    /// The beginning as text without keys, with `…` at a cut.
    pub(crate) fn text(&self, bytes: &[u8], limit: usize) -> String {
        // One key longer than the limit, so that a part across the cut is found.
        let kept = self.bytes(&bytes[..bytes.len().min(limit + ApiKey::LEN)]);
        capped(&kept, limit)
    }

    /// A short beginning, quoted and escaped, so that it is not mistaken for the sandbox's own
    /// words.
    pub(crate) fn quoted(&self, bytes: impl AsRef<[u8]>) -> String {
        format!("{:?}", self.text(bytes.as_ref(), QUOTE))
    }
}

/// Makes the texts of one call: without keys, each within its own limit, all within that of the
/// call.
pub(crate) struct Texts<'a> {
    redactor: &'a Redactor,
    left: usize,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(redactor: &'a Redactor) -> Self {
        let left = CALL;
        Self { redactor, left }
    }

    pub(crate) fn text(&mut self, bytes: impl AsRef<[u8]>, limit: usize) -> String {
        let mut text = self.redactor.text(bytes.as_ref(), limit);
        // A byte that is not UTF-8 becomes three, and a cut adds three.
        if text.len() > self.left {
            let left = self.left.checked_sub('…'.len_utf8());
            text = left.map_or_else(String::new, |left| capped(text.as_bytes(), left));
        }
        self.left -= text.len();
        text
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8], limit: usize) -> Vec<u8> {
        let start = &bytes[..bytes.len().min(limit + ApiKey::LEN)];
        let kept = self.redactor.bytes(start);
        let kept = &kept[..kept.len().min(limit).min(self.left)];
        self.left -= kept.len();
        kept.to_vec()
    }
}

/// The text, cut to `limit` bytes and `…`.
pub(crate) fn capped(bytes: &[u8], limit: usize) -> String {
    let kept = &bytes[..bytes.len().min(limit)];
    let mut text = String::from_utf8_lossy(kept).into_owned();
    if bytes.len() > limit {
        // The cut may have split a character.
        text.truncate(text.trim_end_matches('\u{fffd}').len());
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(capped("店铺".as_bytes(), 6), "店铺");
        assert_eq!(capped("店铺".as_bytes(), 5), "店…");
        assert_eq!(capped(b"a\xffb", 9), "a\u{fffd}b");
    }

    #[test]
    fn no_part_of_a_key_is_left_at_any_position() {
        let redactor = Redactor::new([&ApiKey::new(KEY).unwrap()]);
        for key in [KEY, &KEY.to_uppercase(), &KEY[1..], &KEY[..31], &KEY[5..13]] {
            for before in 0..100 {
                let text = format!("{}{key}{key} {key}", "x".repeat(before));
                for shown in [redactor.text(text.as_bytes(), 64), redactor.quoted(&text)] {
                    let shown = shown.to_lowercase();
                    let mut parts = (0..=24).map(|at| &KEY[at..at + 8]);
                    assert!(!parts.any(|part| shown.contains(part)), "{shown}");
                }
            }
        }
        for text in ["1920062 1920062", &KEY[25..]] {
            assert_eq!(redactor.text(text.as_bytes(), 64), text);
        }
        assert!(matches!(redactor.bytes(b"1920"), Cow::Borrowed(b"1920")));
    }
}
