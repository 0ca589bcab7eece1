//! Hexadecimal digits into an array. There is no table and no branch: the digits of a signature
//! that is being checked must not show in the time they take.

/// Upper-case digits, two a byte; zeros fill the rest of the array.
pub(crate) fn upper<const N: usize>(bytes: &[u8]) -> [u8; N] {
    encode(bytes, b'A')
}

/// Lower-case digits, two a byte; zeros fill the rest of the array.
pub(crate) fn lower<const N: usize>(bytes: &[u8]) -> [u8; N] {
    encode(bytes, b'a')
}

/// What [`upper`] and [`lower`] wrote.
pub(crate) fn as_str(digits: &[u8]) -> &str {
    core::str::from_utf8(digits).expect("hexadecimal digits are ASCII")
}

fn encode<const N: usize>(bytes: &[u8], ten: u8) -> [u8; N] {
    let mut digits = [0; N];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = digit(byte >> 4, ten);
        pair[1] = digit(byte & 0xf, ten);
    }
    digits
}

/// `ten` is the digit of the value 10.
fn digit(value: u8, ten: u8) -> u8 {
    b'0' + value + u8::from(value > 9) * (ten - b'0' - 10)
}
