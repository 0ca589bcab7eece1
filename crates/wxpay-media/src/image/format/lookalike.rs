//! What is sent in a picture's place by mistake.

/// What each begins with, and what to call it. The first that fits is taken.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"GIF8", "a GIF"),
    (b"%PDF-", "a PDF"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"http://", "a URL, not the picture behind it"),
    (b"https://", "a URL, not the picture behind it"),
    (b"data:", "a data URL: decode it first"),
    (b"/9j/", "base64 text: decode it first"),
    (b"iVBORw0KGgo", "base64 text: decode it first"),
    (b"<", "HTML or XML"),
    (b"{", "JSON"),
];

/// A name for people, for the usual mistakes.
pub(super) fn name(bytes: &[u8]) -> &'static str {
    let begins = BEGINNINGS
        .iter()
        .find(|(beginning, _)| bytes.starts_with(beginning));
    if let Some((_, name)) = begins {
        return name;
    }
    match bytes {
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "a WebP",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', ..] => "a HEIC",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "a video or a picture of another format",
        _ if std::str::from_utf8(bytes).is_ok() => "text",
        _ => "of an unknown format",
    }
}
