//! What bytes are that are no picture.

use super::{finding::shown, kind::Kind};

/// A code and what to say, for bytes that are none of the pictures that the API takes.
pub(super) fn identify(bytes: &[u8]) -> (&'static str, String) {
    binary(bytes)
        .map(|(code, what)| (code, what.to_owned()))
        .or_else(|| text(bytes))
        .unwrap_or_else(|| {
            let first = &bytes[..bytes.len().min(8)];
            let first: Vec<_> = first.iter().map(|byte| format!("{byte:02x}")).collect();
            let what = format!(
                "it is no picture that is known; it begins with {}",
                first.join(" ")
            );
            ("media-unknown", what)
        })
}

/// By magic numbers.
fn binary(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const CONVERT: &str = "convert it to JPEG or PNG: a new extension is not enough";
    let brand = bytes.get(8..12).unwrap_or_default();
    Some(match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => match brand {
            b"avif" | b"avis" => ("media-is-avif", "it is an AVIF: convert it to JPEG or PNG"),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => (
                "media-is-heic",
                "it is a HEIC, as iPhones take: convert it to JPEG (a new extension is not enough)",
            ),
            _ => (
                "media-is-video",
                "it is an MP4 or QuickTime file, not a picture",
            ),
        },
        [b'R', b'I', b'F', b'F', ..] if brand == b"WEBP" => {
            ("media-is-webp", "it is a WebP: convert it to JPEG or PNG")
        }
        [b'G', b'I', b'F', b'8', ..] => ("media-is-gif", "it is a GIF: convert it to JPEG or PNG"),
        [b'%', b'P', b'D', b'F', ..] => (
            "media-is-pdf",
            "it is a PDF: send a picture of the page, as JPEG or PNG",
        ),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => ("media-is-tiff", CONVERT),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => (
            "media-is-zip",
            "it is a ZIP file, or an Office document: send the picture itself",
        ),
        [0x1f, 0x8b, ..] => (
            "media-is-gzip",
            "it is compressed with gzip: send the picture as it is",
        ),
        [0x89, b'P', b'N', b'G', ..] => (
            "media-converted",
            "it is a PNG whose line ends were converted: read and send the file in binary mode",
        ),
        [0xff, 0xd8, ..] => (
            "media-truncated",
            "it is the beginning of a JPEG, and no more",
        ),
        // What becomes of 0xff 0xd8 0xff, or of 0x89, when bytes are decoded as UTF-8.
        [0xef, 0xbf, 0xbd, ..] => (
            "media-decoded",
            "it is a picture that was decoded as text (every byte that is no UTF-8 was replaced): \
             keep it as bytes from the file to the request, never as a string",
        ),
        // And as Latin-1, encoded as UTF-8 again.
        [0xc3, 0xbf, 0xc3, 0x98, ..] | [0xc2, 0x89, b'P', b'N', b'G', ..] => (
            "media-decoded",
            "it is a picture that was decoded as Latin-1 and encoded as UTF-8: keep it as bytes from \
             the file to the request, never as a string",
        ),
        _ => return None,
    })
}

fn text(bytes: &[u8]) -> Option<(&'static str, String)> {
    // A long text may be cut within a character.
    let text = match str::from_utf8(&bytes[..bytes.len().min(4096)]) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 4090 => {
            str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    let lower = text
        .get(..text.len().min(64))
        .unwrap_or(text)
        .to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    let say = |code, what: &str| Some((code, what.to_owned()));
    if text.is_empty() {
        return say("media-is-text", "it is white space");
    }
    if begins(&["http://", "https://", "//", "ftp://"]) {
        let what = "it is the URL {}: download the picture, and send its bytes";
        return Some(("media-is-url", what.replace("{}", &shown(text))));
    }
    if begins(&["data:"]) {
        return say(
            "media-is-data-url",
            "it is a data URL: decode what is behind the comma, and send the bytes",
        );
    }
    if begins(&["<!doctype html", "<html", "<head", "<body"]) {
        return say(
            "media-is-html",
            "it is an HTML page: was a page of an error, or of a login, downloaded in the picture's place?",
        );
    }
    if begins(&["<svg"]) || begins(&["<?xml"]) && text.contains("<svg") {
        return say("media-is-svg", "it is an SVG: draw it as PNG");
    }
    if begins(&["<?xml", "<xml"]) {
        return say("media-is-xml", "it is an XML document");
    }
    if begins(&["{", "[{", "[\""]) {
        return say(
            "media-is-json",
            "it is JSON, not a picture's bytes: was a buffer, or an answer of another server, turned to JSON?",
        );
    }
    if begins(&[
        "[object ",
        "array",
        "<_io.",
        "<file",
        "resource id",
        "#<file",
        "java.io",
        "undefined",
        "null",
        "b'",
        "b\"",
    ]) {
        let what =
            "it is the name of an object, {}: the client has printed it in the place of its bytes";
        return Some(("media-is-object", what.replace("{}", &shown(text))));
    }
    if begins(&["@", "/", "./", "../", "~/", "file:", "c:\\", "d:\\"])
        && text.len() < 1024
        && !text.contains('\n')
    {
        let what = "it is the path {}: send the file's bytes (curl: -F media=@FILE; PHP: CURLFile, for @ in a value is long gone)";
        if let Some(encoded) = encoded(text) {
            return Some(encoded);
        }
        return Some(("media-is-path", what.replace("{}", &shown(text))));
    }
    if begins(&["-----begin "]) {
        return say(
            "media-is-pem",
            "it is a PEM file, a certificate or a key: keep those to yourself, and send the picture",
        );
    }
    if let Some(encoded) = encoded(text) {
        return Some(encoded);
    }
    let is_printed = |character: char| !character.is_control() || character.is_whitespace();
    if text.chars().all(is_printed) {
        let what = "it is a text that begins with {}: send the picture's bytes";
        return Some(("media-is-text", what.replace("{}", &shown(text))));
    }
    None
}

/// Base64 or hex, and of what.
fn encoded(text: &str) -> Option<(&'static str, String)> {
    let compact: String = text.split_whitespace().collect();
    let of = |decoded: &[u8]| Kind::of(decoded).map_or("something", Kind::name);
    if compact.len() >= 16 && compact.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let what = format!(
            "it is {} written in hex: decode it, and send the bytes",
            of(&unhex(&compact))
        );
        return Some(("media-is-hex", what));
    }
    let decoded = decode_base64(compact.as_bytes())?;
    let kind = Kind::of(&decoded);
    // Without a picture in it, a word or two may be base64 by chance.
    if kind.is_none() && compact.len() < 64 {
        return None;
    }
    let what = format!(
        "it is {} in base64: decode it, and send the bytes",
        of(&decoded)
    );
    Some(("media-is-base64", what))
}

/// The beginning of what base64 holds, of either alphabet.
pub(super) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    use base64::{
        Engine, alphabet,
        engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    };

    const ANY: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let whole = &text[..text.len() - text.len() % 4];
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, ANY).decode(whole).ok())
        .filter(|decoded| !decoded.is_empty())
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
