//! The hash: of which bytes it would be right.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use wxpay_sign::ContentMd5;

use super::{
    content::decode_base64,
    finding::{Finding, shown},
};

pub(super) fn look(
    sent: &[u8],
    bytes: &[u8],
    file_name: Option<&str>,
    findings: &mut Vec<Finding>,
) {
    let right = ContentMd5::of(bytes);
    if sent == right.as_str().as_bytes() {
        return;
    }
    let text = String::from_utf8_lossy(sent);
    let said = format!(
        "media_hash is {}, and the MD5 of media is {right}",
        shown(&text)
    );
    let (code, why) = form(text.trim(), right.as_str())
        .or_else(|| of_other_bytes(&text.trim().to_ascii_lowercase(), bytes, file_name))
        .unwrap_or((
            "hash-of-other-bytes",
            "it is of bytes that are not known here: hash the very bytes that are sent, once the \
             picture is final (resized, re-encoded)"
                .into(),
        ));
    findings.push(Finding::new(code, format!("{said}: {why}")));
}

type Reason = (&'static str, Cow<'static, str>);

/// The right hash in another form, or another kind of hash.
fn form(sent: &str, right: &str) -> Option<Reason> {
    let is_hex = sent.bytes().all(|byte| byte.is_ascii_hexdigit());
    if sent.eq_ignore_ascii_case(right) {
        let is_upper = sent != right;
        return Some(match is_upper {
            true => (
                "hash-upper-case",
                "it is right but for its case: write it in lower case".into(),
            ),
            false => (
                "hash-not-trimmed",
                "it is right but for the white space around it".into(),
            ),
        });
    }
    let raw: Vec<u8> = (0..16)
        .filter_map(|at| u8::from_str_radix(right.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    if sent == BASE64_STANDARD.encode(&raw) {
        return Some((
            "hash-base64",
            "it is the right digest in base64: write it in hex".into(),
        ));
    }
    if sent == BASE64_STANDARD.encode(right) {
        return Some((
            "hash-base64",
            "it is the right hash in base64 once more: send the hex".into(),
        ));
    }
    if is_hex && sent.eq_ignore_ascii_case(&right[8..24]) {
        return Some((
            "hash-short",
            "it is the middle half of the right one: send all 32 digits".into(),
        ));
    }
    if sent.eq_ignore_ascii_case(ContentMd5::of(right.as_bytes()).as_str()) {
        return Some(("hash-twice", "it is the MD5 of the MD5: hash once".into()));
    }
    let other = match (is_hex, sent.len()) {
        (true, 40) => "SHA-1",
        (true, 64) => "SHA-256 or SM3",
        (true, 128) => "SHA-512",
        (true, 8) => "CRC-32",
        _ => return None,
    };
    let why = format!("it has the length of {other}: this API v2 takes MD5 (SHA-256 is API v3's)");
    Some(("hash-other-algorithm", why.into()))
}

/// The MD5 of something else that the client had.
fn of_other_bytes(sent: &str, bytes: &[u8], file_name: Option<&str>) -> Option<Reason> {
    let is = |bytes: &[u8]| ContentMd5::of(bytes).as_str() == sent;
    if is(b"") {
        return Some((
            "hash-of-nothing",
            "it is the MD5 of nothing: was the stream at its end when it was hashed?".into(),
        ));
    }
    if let Some(name) = file_name
        && is(name.as_bytes())
    {
        return Some((
            "hash-of-name",
            "it is the MD5 of the file name: hash the file's bytes".into(),
        ));
    }
    let base64 = BASE64_STANDARD.encode(bytes);
    let lines = |width: usize, end: &str| -> String {
        let lines = base64.as_bytes().chunks(width);
        lines
            .flat_map(|line| [String::from_utf8_lossy(line), end.into()])
            .collect()
    };
    if is(base64.as_bytes())
        || [("\n"), ("\r\n")].iter().any(|end| {
            let text = lines(76, end);
            is(text.as_bytes()) || is(text.trim_end().as_bytes())
        })
    {
        let why =
            "it is the MD5 of the picture's base64 text: hash the bytes before they are encoded";
        return Some(("hash-of-base64", why.into()));
    }
    if let Some(decoded) = decode_base64(bytes.trim_ascii())
        && is(&decoded)
    {
        let why = "it is the MD5 of what this base64 text holds: send those bytes, not the text";
        return Some(("hash-of-decoded", why.into()));
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if is(hex.as_bytes()) || is(hex.to_uppercase().as_bytes()) {
        return Some((
            "hash-of-hex",
            "it is the MD5 of the bytes written in hex: hash the bytes".into(),
        ));
    }
    if is(String::from_utf8_lossy(bytes).as_bytes()) {
        let why =
            "it is the MD5 of the picture decoded as UTF-8 text: read the file in binary mode";
        return Some(("hash-of-text", why.into()));
    }
    line_ends(bytes, &is).or_else(|| parts(bytes, sent))
}

fn line_ends(bytes: &[u8], is: &impl Fn(&[u8]) -> bool) -> Option<Reason> {
    let to_lf = replaced(bytes, b"\r\n", b"\n");
    let to_crlf = replaced(&to_lf, b"\n", b"\r\n");
    let doubled = replaced(bytes, b"\n", b"\r\n");
    if [&to_lf, &to_crlf, &doubled].iter().any(|bytes| is(bytes)) {
        let why = "it is the MD5 of the file with its line ends converted: open it in binary mode";
        return Some(("hash-of-converted", why.into()));
    }
    let with_end = [bytes, b"\n"].concat();
    (is(&with_end) || is(bytes.trim_ascii_end())).then(|| {
        let why =
            "it is the MD5 of the bytes with a line end more, or less: hash exactly what is sent";
        ("hash-of-line-end", why.into())
    })
}

fn replaced(bytes: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(what) {
            replaced.extend_from_slice(by);
            rest = behind;
        } else {
            replaced.push(rest[0]);
            rest = &rest[1..];
        }
    }
    replaced
}

/// A beginning of the file: what a read that was not repeated gives, a whole number of KiB, or a file
/// but for its last bytes.
fn parts(bytes: &[u8], sent: &str) -> Option<Reason> {
    const BLOCK: usize = 1024;
    let last = (1..=16).filter_map(|less| bytes.len().checked_sub(less));
    let near_the_end = last.filter(|length| ContentMd5::of(&bytes[..*length]).as_str() == sent);
    let mut hasher = ContentMd5::new();
    let mut length = 0;
    let whole_blocks = bytes.chunks_exact(BLOCK).filter_map(|block| {
        hasher.update(block);
        length += BLOCK;
        (hasher.clone().finish().as_str() == sent).then_some(length)
    });
    let length = whole_blocks.chain(near_the_end).next()?;
    let why = format!(
        "it is the MD5 of the first {length} of {} bytes: read the file to its end before hashing",
        bytes.len()
    );
    Some(("hash-of-truncated", why.into()))
}
