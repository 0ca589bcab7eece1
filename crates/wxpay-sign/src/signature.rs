//! Signatures that this crate computes.

use core::fmt;

use hmac::{
    Hmac, KeyInit,
    digest::{FixedOutput, Output, Update},
};
use md5::Md5;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{api_key::ApiKey, sign_type::SignType};

/// A signature in upper-case hexadecimal digits: 32 for MD5, 64 for HMAC-SHA256.
///
/// [`Params::sign`](crate::Params::sign) makes it for the field `sign`;
/// [`Params::verify`](crate::Params::verify) checks one that was received. The right signature of a
/// stranger's request is a secret: keep it out of logs and responses. Two signatures are compared
/// in constant time.
#[derive(Clone, Copy)]
pub struct Signature {
    sign_type: SignType,
    /// Zeros after an MD5 signature's 32 digits.
    digits: [u8; 64],
}

impl Signature {
    pub(crate) fn compute<'p>(
        sign_type: SignType,
        pieces: impl Iterator<Item = &'p str>,
        key: &ApiKey,
    ) -> Self {
        let digits = match sign_type {
            SignType::Md5 => hex(b'A', &hash(Md5::default(), pieces)),
            SignType::HmacSha256 => {
                let hmac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
                    .expect("HMAC takes a key of any length");
                hex(b'A', &hash(hmac, pieces))
            }
        };
        Self { sign_type, digits }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.digits[..self.sign_type.hex_len()])
    }

    /// The algorithm.
    #[must_use]
    pub fn sign_type(&self) -> SignType {
        self.sign_type
    }
}

fn hash<'p, H>(mut hasher: H, pieces: impl Iterator<Item = &'p str>) -> Output<H>
where
    H: Update + FixedOutput,
{
    pieces.for_each(|piece| hasher.update(piece.as_bytes()));
    hasher.finalize_fixed()
}

/// Hexadecimal digits, two a byte, `ten` standing for ten; zeros fill the rest of the array.
///
/// It has no table and no branch: its time must not depend on the digits of a right signature.
pub(crate) fn hex<const N: usize>(ten: u8, bytes: &[u8]) -> [u8; N] {
    let digit = |value: u8| b'0' + value + u8::from(value > 9) * (ten - b'0' - 10);
    let mut digits = [0; N];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[byte >> 4, byte & 0xf].map(digit));
    }
    digits
}

/// The digits that [`hex`] wrote.
pub(crate) fn text(digits: &[u8]) -> &str {
    str::from_utf8(digits).expect("hexadecimal digits are ASCII")
}

impl AsRef<str> for Signature {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signature").field(&self.as_str()).finish()
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        // Signatures of different algorithms differ in digits that only one of them has.
        self.digits.ct_eq(&other.digits).into()
    }
}

impl Eq for Signature {}
