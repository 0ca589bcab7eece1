//! The escapes that text must not have when it is signed.

use alloc::{string::String, vec::Vec};

use super::recipe::UrlEncoding;

pub(super) fn url_encode(bytes: &[u8], encoding: UrlEncoding, out: &mut Vec<u8>) {
    let digits = if encoding.lower_case {
        b"0123456789abcdef"
    } else {
        b"0123456789ABCDEF"
    };
    for &byte in bytes {
        if byte == b' ' && encoding.plus {
            out.push(b'+');
        } else if byte.is_ascii_alphanumeric() || encoding.keeps.as_bytes().contains(&byte) {
            out.push(byte);
        } else {
            let digit = |nibble: u8| digits[usize::from(nibble)];
            out.extend([b'%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
}

/// What is not an escape stays as it is.
pub(super) fn url_decode(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = text
            .get(at + 1..at + 3)
            .filter(|digits| byte == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(escaped) => {
                out.push(escaped);
                at += 3;
            }
            None => {
                out.push(if byte == b'+' { b' ' } else { byte });
                at += 1;
            }
        }
    }
}

pub(super) fn html(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend(b"&amp;"),
            b'<' => out.extend(b"&lt;"),
            b'>' => out.extend(b"&gt;"),
            b'"' => out.extend(b"&quot;"),
            _ => out.push(byte),
        }
    }
}

/// As JSON writes a text between its quotes.
pub(super) fn json(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => out.extend(alloc::format!("\\u{byte:04x}").bytes()),
            _ => out.push(byte),
        }
    }
}

/// Standard Base64, with padding.
pub(super) fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        out.extend((0..4).map(|index| {
            let sextet = bits >> (18 - 6 * index) & 63;
            if index > group.len() {
                b'='
            } else {
                ALPHABET[sextet as usize]
            }
        }));
    }
}

pub(super) fn latin1_to_utf8(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.extend(char::from(byte).encode_utf8(&mut [0; 2]).bytes());
    }
}

/// Control characters, and Unicode's line separators, as escapes: for people.
pub(super) fn visible(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_it_must() {
        let mut out = Vec::new();
        json("a\"\\/\n\r\t\u{8}\u{1f}\u{7f}签".as_bytes(), &mut out);
        let expected = String::from(r#"a\"\\/\n\r\t\u0008\u001f"#) + "\u{7f}签";
        assert_eq!(String::from_utf8(out), Ok(expected));
    }
}
