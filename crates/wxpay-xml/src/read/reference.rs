//! References to entities and to characters.

use crate::{ErrorKind, chars, name};

/// The character that `&name;` stands for.
pub(super) fn resolve(name: &str) -> Result<char, ErrorKind> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => match name.strip_prefix('#') {
            Some(number) => character(number),
            None if name::is_name(name) => Err(ErrorKind::UnknownEntity),
            None => Err(ErrorKind::Malformed),
        },
    }
}

/// The character of that number, which is decimal, or hexadecimal after an `x`.
fn character(number: &str) -> Result<char, ErrorKind> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(ErrorKind::Malformed);
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|&char| chars::is_legal(char))
        .ok_or(ErrorKind::IllegalCharacter)
}
