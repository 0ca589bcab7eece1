//! Bounds of a call's record, and the redaction of API keys.

use std::borrow::Cow;

use wxpay_sign::ApiKey;

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
/// Bytes of all text fields in which a mistake of the signature is searched; the API's own take 200.
pub(crate) const SEARCHED: usize = 16 * 1024;

/// Replaces the sandbox's API keys in texts and bytes of clients.
///
/// Beside a key is the shift for each last byte of the search window (Boyer–Moore–Horspool), so that
/// bodies of 2 MiB are searched fast enough in debug builds, too.
#[derive(Debug, Clone)]
pub(crate) struct Redactor(Vec<(ApiKey, [usize; 256])>);

impl Redactor {
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = &'a ApiKey>) -> Self {
        let with_shifts = |key: &ApiKey| {
            let mut shifts = [ApiKey::LEN; 256];
            for (at, byte) in key.expose().bytes().take(ApiKey::LEN - 1).enumerate() {
                for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                    shifts[usize::from(byte)] = ApiKey::LEN - 1 - at;
                }
            }
            (key.clone(), shifts)
        };
        Self(keys.into_iter().map(with_shifts).collect())
    }

    /// The bytes with asterisks in place of each key, in upper or lower case.
    pub(crate) fn bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut redacted = Cow::Borrowed(bytes);
        for (key, shifts) in &self.0 {
            let mut at = 0;
            while let Some(window) = redacted.get(at..at + ApiKey::LEN) {
                if window.eq_ignore_ascii_case(key.expose().as_bytes()) {
                    redacted.to_mut()[at..at + ApiKey::LEN].fill(b'*');
                    at += ApiKey::LEN;
                } else {
                    at += shifts[usize::from(window[ApiKey::LEN - 1])];
                }
            }
        }
        redacted
    }

    /// The beginning as text without keys, with `…` at a cut.
    pub(crate) fn text(&self, bytes: &[u8], limit: usize) -> String {
        // One key longer than the limit, so that a key across the cut is found.
        let kept = self.bytes(&bytes[..bytes.len().min(limit + ApiKey::LEN)]);
        capped(&kept, limit)
    }

    /// A short beginning, quoted and escaped, so that it is not mistaken for the sandbox's own words.
    pub(crate) fn quoted(&self, bytes: impl AsRef<[u8]>) -> String {
        format!("{:?}", self.text(bytes.as_ref(), QUOTE))
    }
}

/// Makes the texts of one call: without keys, each within its own limit, all within that of the call.
#[derive(Debug)]
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
        for key in [KEY.to_owned(), KEY.to_uppercase()] {
            for before in 0..100 {
                let text = format!("{}{key}{key} {key}", "x".repeat(before));
                for shown in [redactor.text(text.as_bytes(), 64), redactor.quoted(&text)] {
                    assert!(!shown.to_lowercase().contains(&KEY[..8]), "{shown}");
                    assert!(!shown.to_lowercase().contains(&KEY[24..]), "{shown}");
                }
            }
        }
        assert!(matches!(redactor.bytes(b"1920"), Cow::Borrowed(b"1920")));
    }
}
