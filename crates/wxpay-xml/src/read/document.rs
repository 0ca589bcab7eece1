//! The document as text: its length, its charset, its characters.

use super::declaration;
use crate::{Error, ErrorKind, Limits, chars};

/// What a document in another charset starts with: the byte order marks of UTF-16 and UTF-32, and
/// `<` in UTF-16 without a mark. UTF-32 in little endian starts as UTF-16 does.
const WIDE: [&[u8]; 5] = [b"\xfe\xff", b"\xff\xfe", b"\0\0\xfe\xff", b"\0<", b"<\0"];

/// Takes the whole document as text, its byte order mark and its declaration included.
pub(super) fn text(input: &[u8], limits: Limits) -> Result<&str, Error> {
    if input.len() > limits.max_bytes {
        return Err(Error::new(ErrorKind::TooLong, limits.max_bytes));
    }
    if WIDE.iter().any(|start| input.starts_with(start)) {
        return Err(Error::new(ErrorKind::WrongCharset, 0));
    }
    // The first takes many bytes at a time, and nearly every document is UTF-8.
    let text = str::from_utf8(input)
        .unwrap_or_else(|_| input.utf8_chunks().next().map_or("", |chunk| chunk.valid()));
    // Before the bytes that are no UTF-8 are refused: a declared charset explains them better.
    declaration::check(text)?;
    if text.len() < input.len() {
        return Err(Error::new(ErrorKind::InvalidUtf8, text.len()));
    }
    match chars::first_illegal(text) {
        Some((at, _)) => Err(Error::new(ErrorKind::IllegalCharacter, at)),
        None => Ok(text),
    }
}
