//! Characters and names, as XML 1.0 sorts them.

/// The first character that an XML 1.0 document must not hold, and its offset in bytes.
///
/// ```text
/// Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]
/// ```
pub(crate) fn first_illegal(text: &str) -> Option<(usize, char)> {
    // Control characters, and the first byte of U+FFFE and U+FFFF. Nearly every document ends here:
    // bytes are compared many at a time.
    let may_start_illegal =
        |byte: u8| byte == 0xef || byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    if !text
        .bytes()
        .fold(false, |found, byte| found | may_start_illegal(byte))
    {
        return None;
    }
    text.char_indices().find(|&(_, char)| !is_legal(char))
}

/// Whether an XML 1.0 document may hold the character, raw or by reference.
pub(crate) fn is_legal(char: char) -> bool {
    // A `char` is never a surrogate.
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// White space between elements: the `S` of XML, which is less than Unicode's.
pub(crate) fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

/// Whether a field may have the name: an ASCII letter or `_`, then ASCII letters, digits, `_`, `-`
/// and `.`.
///
/// These are the names of XML without the colon, which is for namespaces, and without the letters
/// beyond ASCII, which no field of the API has and which different readers take differently.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::first_illegal;

    #[test]
    fn the_first_illegal_character_is_found_among_any_number() {
        assert_eq!(first_illegal("a\t\r\n b\u{fffd}中😀"), None);
        assert_eq!(first_illegal("\u{1}"), Some((0, '\u{1}')));
        assert_eq!(first_illegal("\u{1}\u{2}"), Some((0, '\u{1}')));
        assert_eq!(first_illegal("ab\u{ffff}c\u{0}"), Some((2, '\u{ffff}')));
    }
}
