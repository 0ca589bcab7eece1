//! Characters, as XML 1.0 sorts them.

/// The first character that an XML 1.0 document must not hold, and its offset in bytes.
///
/// ```text
/// Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]
/// ```
pub(crate) fn first_illegal(text: &str) -> Option<(usize, char)> {
    // Nearly every document ends here: bytes are compared many at a time.
    if !text
        .bytes()
        .fold(false, |found, byte| found | may_start_illegal(byte))
    {
        return None;
    }
    text.char_indices().find(|&(_, char)| !is_legal(char))
}

/// Whether an illegal character may start with the byte: it is a control character, or else U+FFFE
/// or U+FFFF.
fn may_start_illegal(byte: u8) -> bool {
    const LAST_OF_THREE: u8 = 0xef;
    byte == LAST_OF_THREE || byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_illegal_character_is_found_among_any_number() {
        assert_eq!(first_illegal("a\t\r\n b\u{fffd}中😀"), None);
        assert_eq!(first_illegal("\u{1}"), Some((0, '\u{1}')));
        assert_eq!(first_illegal("\u{1}\u{2}"), Some((0, '\u{1}')));
        assert_eq!(first_illegal("ab\u{ffff}c\u{0}"), Some((2, '\u{ffff}')));
    }
}
