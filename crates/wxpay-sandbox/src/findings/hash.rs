//! The hash: the form in which it would be right, or the bytes whose hash it is.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use wxpay_sign::ContentMd5;

use super::Findings;

pub(super) fn look(
    sent: &[u8],
    right: &str,
    bytes: &[u8],
    file_name: Option<&str>,
    findings: &mut Findings<'_>,
) {
    if sent == right.as_bytes() {
        return;
    }
    let text = String::from_utf8_lossy(sent);
    let (row, values) = in_another_form(text.trim(), right)
        .or_else(|| of_other_bytes(&text.trim().to_ascii_lowercase(), bytes, file_name))
        .unwrap_or(("hash-of-other-bytes", Default::default()));
    let (before, before_zh) = findings.worded("hash/", &[&sent, &right]);
    let (why, why_zh) = findings.worded(row, &[&values[0], &values[1]]);
    findings.push(row, before + &why, before_zh + &why_zh);
}

/// A row of the table, and the values for it.
type Reason = (&'static str, [String; 2]);

/// The right hash in another form, or another kind of hash.
fn in_another_form(sent: &str, right: &str) -> Option<Reason> {
    let is = |text: &str| sent.eq_ignore_ascii_case(text);
    let digest: Vec<u8> = (0..16)
        .filter_map(|at| u8::from_str_radix(right.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    let forms = [
        ("hash-not-trimmed", sent == right),
        ("hash-upper-case", is(right)),
        ("hash-base64", sent == BASE64_STANDARD.encode(&digest)),
        ("hash-base64/hex", sent == BASE64_STANDARD.encode(right)),
        ("hash-short", is(&right[8..24])),
        ("hash-twice", is(ContentMd5::of(right.as_bytes()).as_str())),
    ];
    if let Some((row, _)) = forms.iter().find(|form| form.1) {
        return Some((row, Default::default()));
    }
    let algorithm = match sent.len() {
        _ if !sent.bytes().all(|byte| byte.is_ascii_hexdigit()) => return None,
        8 => "CRC-32",
        40 => "SHA-1",
        64 => "SHA-256 / SM3",
        128 => "SHA-512",
        _ => return None,
    };
    Some((
        "hash-other-algorithm",
        [algorithm.to_owned(), String::new()],
    ))
}

/// The MD5 of other bytes that the client had. Each is made once; all of 2 MiB take some 50 ms.
fn of_other_bytes(sent: &str, bytes: &[u8], file_name: Option<&str>) -> Option<Reason> {
    if sent.len() != 32 {
        return None;
    }
    let is = |bytes: &[u8]| ContentMd5::of(bytes).as_str() == sent;
    #[rustfmt::skip] // a row a line
    let sources: [(&str, &dyn Fn() -> bool); 7] = [
        ("hash-of-nothing", &|| is(b"")),
        ("hash-of-name", &|| file_name.is_some_and(|name| is(name.as_bytes()))),
        ("hash-of-base64", &|| is_of_base64(sent, bytes)),
        ("hash-of-decoded", &|| decode_base64(bytes.trim_ascii()).is_some_and(|it| is(&it))),
        ("hash-of-hex", &|| { let it = hex(bytes); is(&it) || is(&it.to_ascii_uppercase()) }),
        ("hash-of-text", &|| is(String::from_utf8_lossy(bytes).as_bytes())),
        ("hash-of-converted", &|| converted(bytes).any(|it| is(&it))),
    ];
    of_a_beginning(sent, bytes).or_else(|| {
        let (row, _) = sources.iter().find(|source| (source.1)())?;
        Some((row, Default::default()))
    })
}

/// A beginning of the file, in one pass: a number of KiB, as after a single read; or all but the
/// last bytes; or the file with one more line end.
fn of_a_beginning(sent: &str, bytes: &[u8]) -> Option<Reason> {
    const BLOCK: usize = 1024;
    let is = |hasher: &ContentMd5| hasher.clone().finish().as_str() == sent;
    let near_the_end = bytes.len().saturating_sub(16);
    let without_space = bytes.trim_ascii_end().len();
    let mut ends: Vec<_> = (BLOCK..near_the_end).step_by(BLOCK).collect();
    ends.extend(near_the_end..bytes.len());
    ends.push(without_space);
    ends.sort_unstable();
    let (mut hasher, mut at) = (ContentMd5::new(), 0);
    for end in ends {
        hasher.update(&bytes[at..end]);
        at = end;
        if at > 0 && at < bytes.len() && is(&hasher) {
            let lengths = [at.to_string(), bytes.len().to_string()];
            return Some(match at == without_space {
                true => ("hash-of-line-end", Default::default()),
                false => ("hash-of-truncated", lengths),
            });
        }
    }
    hasher.update(&bytes[at..]);
    hasher.update(b"\n");
    is(&hasher).then(|| ("hash-of-line-end", Default::default()))
}

/// Base64 in one line, or in MIME's lines of 76 characters, with or without a line end at the end.
fn is_of_base64(sent: &str, bytes: &[u8]) -> bool {
    let text = BASE64_STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(76).collect();
    ["", "\n", "\r\n"].iter().any(|end| {
        let mut hasher = ContentMd5::new();
        hasher.update(&lines.join(end.as_bytes()));
        let open = hasher.clone().finish();
        hasher.update(end.as_bytes());
        open.as_str() == sent || hasher.finish().as_str() == sent
    })
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
    let pairs = bytes
        .iter()
        .map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    pairs.collect::<Vec<_>>().into_flattened()
}

/// With line ends converted to LF, with a CR before each LF, and converted to CR LF.
fn converted(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let ways = [("\r\n", "\n"), ("\n", "\r\n"), ("\r\n", "\r\n")];
    ways.into_iter().map(|(old, new)| {
        let mut converted = Vec::with_capacity(bytes.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let bare = line.strip_suffix(old.as_bytes());
            let bare = bare.or_else(|| line.strip_suffix(b"\n"));
            converted.extend_from_slice(bare.unwrap_or(line));
            converted.extend_from_slice(bare.map_or(b"", |_| new.as_bytes()));
        }
        converted
    })
}

/// The content of base64 of either alphabet, without an incomplete last group.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    const ANY: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let whole = &text[..text.len() - text.len() % 4];
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, ANY).decode(whole).ok())
        .filter(|decoded| !decoded.is_empty())
}
