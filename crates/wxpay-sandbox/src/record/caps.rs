//! How much of a call is kept: at most 130 KB, so that 200 calls are under 26 MB, and usually 2 KB.

/// So many headers.
pub(crate) const HEADERS: usize = 64;
/// Of a header's value.
pub(crate) const HEADER_VALUE: usize = 512;
/// So many fields.
pub(crate) const FIELDS: usize = 32;
/// Of a field's value.
pub(super) const VALUE: usize = 2048;
/// Of a path, a file name, a subject.
pub(crate) const LINE: usize = 1024;

/// As text, cut to so many bytes and `…`.
pub(crate) fn capped(bytes: &[u8], limit: usize) -> String {
    let kept = &bytes[..bytes.len().min(limit)];
    let mut text = String::from_utf8_lossy(kept).into_owned();
    if bytes.len() > limit {
        // Half a character at the cut is no fault of the client's.
        text.truncate(text.trim_end_matches('\u{fffd}').len());
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::capped;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(capped("店铺".as_bytes(), 6), "店铺");
        assert_eq!(capped("店铺".as_bytes(), 5), "店…");
        assert_eq!(capped(b"a\xffb", 9), "a\u{fffd}b");
    }
}
