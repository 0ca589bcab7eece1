//! How a digest was written as a signature.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    Mistake,
    digest::{hex_lower, hex_upper},
    escape,
};
use crate::hex;

/// A way to write a digest.
///
/// None of them leaves out so much that a guess could be confirmed piece by piece: the shortest
/// has 32 digits.
#[derive(Debug)]
struct Writing {
    mistake: Option<Mistake>,
    alphabet: Alphabet,
    /// How long it is, for a digest of so many bytes.
    lengths: fn(usize) -> RangeInclusive<usize>,
    write: fn(&[u8], &mut Vec<u8>),
}

#[derive(Debug, Clone, Copy)]
enum Alphabet {
    /// Written in upper case; lower case is a mistake of its own.
    Digits,
    /// Written without padding, with `+` and `/`.
    Base64,
}

const fn digits(
    mistake: Mistake,
    lengths: fn(usize) -> RangeInclusive<usize>,
    write: fn(&[u8], &mut Vec<u8>),
) -> Writing {
    Writing {
        mistake: Some(mistake),
        alphabet: Alphabet::Digits,
        lengths,
        write,
    }
}

const fn base64(
    lengths: fn(usize) -> RangeInclusive<usize>,
    write: fn(&[u8], &mut Vec<u8>),
) -> Writing {
    Writing {
        mistake: Some(Mistake::Base64),
        alphabet: Alphabet::Base64,
        lengths,
        write,
    }
}

const WRITINGS: &[Writing] = &[
    Writing {
        mistake: None,
        alphabet: Alphabet::Digits,
        lengths: |bytes| 2 * bytes..=2 * bytes,
        write: upper,
    },
    digits(
        Mistake::Truncated,
        |bytes| 32..=bytes,
        |digest, out| upper(&digest[..16], out),
    ),
    digits(Mistake::DigitsSeparated, separated, |digest, out| {
        join(digest, b'-', out);
    }),
    digits(Mistake::DigitsSeparated, separated, |digest, out| {
        join(digest, b':', out);
    }),
    digits(Mistake::DigitsSeparated, separated, |digest, out| {
        join(digest, b' ', out);
    }),
    digits(
        Mistake::ZerosMissing,
        |bytes| bytes..=2 * bytes - 1,
        |digest, out| {
            upper(digest, out);
            let zeros = out.iter().take_while(|digit| **digit == b'0').count();
            out.drain(..zeros);
        },
    ),
    digits(
        Mistake::ZerosMissing,
        |bytes| bytes..=2 * bytes - 1,
        |digest, out| digest.iter().for_each(|byte| short(*byte, out)),
    ),
    digits(
        Mistake::SignExtended,
        |bytes| bytes..=8 * bytes,
        |digest, out| {
            for &byte in digest {
                sign_extension(byte, out);
                short(byte, out);
            }
        },
    ),
    digits(
        Mistake::SignExtended,
        |bytes| 2 * bytes..=8 * bytes,
        |digest, out| {
            for &byte in digest {
                sign_extension(byte, out);
                upper(&[byte], out);
            }
        },
    ),
    digits(Mistake::HexTwice, twice, |digest, out| {
        upper(&hex_lower(digest), out);
    }),
    digits(Mistake::HexTwice, twice, |digest, out| {
        upper(&hex_upper(digest), out);
    }),
    base64(base64_length, unpadded_base64),
    base64(
        |bytes| base64_length(2 * bytes),
        |digest, out| unpadded_base64(&hex_lower(digest), out),
    ),
    base64(
        |bytes| base64_length(2 * bytes),
        |digest, out| unpadded_base64(&hex_upper(digest), out),
    ),
];

/// A signature as it came, in the forms in which it is compared.
#[derive(Debug)]
pub(super) struct Received {
    padded: bool,
    lower_case: bool,
    upper: Vec<u8>,
    base64: Vec<u8>,
    scratch: Zeroizing<Vec<u8>>,
}

impl Received {
    pub(super) fn new(signature: &str) -> Self {
        let inner = signature.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '\0' | '\u{feff}')
        });
        let base64 = inner.trim_end_matches('=').bytes().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        });
        Self {
            padded: inner.len() != signature.len(),
            lower_case: inner.bytes().any(|byte| byte.is_ascii_lowercase()),
            upper: inner.to_ascii_uppercase().into_bytes(),
            base64: base64.collect(),
            scratch: Zeroizing::new(Vec::with_capacity(LONGEST)),
        }
    }

    /// Whether it is as long as any signature that is looked for.
    pub(super) fn may_be_a_signature(&self) -> bool {
        WRITINGS
            .iter()
            .any(|writing| [16, 32].iter().any(|bytes| self.fits(writing, *bytes)))
    }

    /// The mistakes of writing, none where it is written as it should be; nothing where it is not
    /// this digest.
    pub(super) fn matches(&mut self, digest: &[u8]) -> Option<Vec<Mistake>> {
        let writing = WRITINGS.iter().find(|writing| {
            self.fits(writing, digest.len()) && {
                self.scratch.clear();
                (writing.write)(digest, &mut self.scratch);
                self.scratch.ct_eq(self.form(writing)).into()
            }
        })?;
        let digits = matches!(writing.alphabet, Alphabet::Digits);
        let lower_case = (digits && self.lower_case).then_some(Mistake::LowerCase);
        let padded = self.padded.then_some(Mistake::Padded);
        let mistakes = [writing.mistake.clone(), lower_case, padded];
        Some(mistakes.into_iter().flatten().collect())
    }

    fn fits(&self, writing: &Writing, bytes: usize) -> bool {
        (writing.lengths)(bytes).contains(&self.form(writing).len())
    }

    fn form(&self, writing: &Writing) -> &[u8] {
        match writing.alphabet {
            Alphabet::Digits => &self.upper,
            Alphabet::Base64 => &self.base64,
        }
    }
}

/// The longest of all: 32 bytes, each in eight digits.
const LONGEST: usize = 256;

fn separated(bytes: usize) -> RangeInclusive<usize> {
    3 * bytes - 1..=3 * bytes - 1
}

fn twice(bytes: usize) -> RangeInclusive<usize> {
    4 * bytes..=4 * bytes
}

fn base64_length(bytes: usize) -> RangeInclusive<usize> {
    let length = (8 * bytes).div_ceil(6);
    length..=length
}

fn upper(digest: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&hex_upper(digest));
}

fn join(digest: &[u8], separator: u8, out: &mut Vec<u8>) {
    for (index, byte) in digest.iter().enumerate() {
        if index != 0 {
            out.push(separator);
        }
        upper(&[*byte], out);
    }
}

/// Without a leading zero.
fn short(byte: u8, out: &mut Vec<u8>) {
    let digits = hex::upper::<2>(&[byte]);
    out.extend(&digits[usize::from(byte < 0x10)..]);
}

fn sign_extension(byte: u8, out: &mut Vec<u8>) {
    if byte >= 0x80 {
        out.extend(b"FFFFFF");
    }
}

fn unpadded_base64(bytes: &[u8], out: &mut Vec<u8>) {
    escape::base64(bytes, out);
    while out.last() == Some(&b'=') {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 16 bytes and of 32. One that is shorter than 32 digits is made by few digests.
    #[test]
    fn only_what_may_be_as_long_is_compared() {
        // The first 32 digits of an MD5 are all of it.
        let none = RangeInclusive::new(32, 16);
        let expected = [
            [32..=32, 64..=64],
            [none, 32..=32],
            [47..=47, 95..=95],
            [47..=47, 95..=95],
            [47..=47, 95..=95],
            [16..=31, 32..=63],
            [16..=31, 32..=63],
            [16..=128, 32..=256],
            [32..=128, 64..=256],
            [64..=64, 128..=128],
            [64..=64, 128..=128],
            [22..=22, 43..=43],
            [43..=43, 86..=86],
            [43..=43, 86..=86],
        ];
        let lengths: Vec<_> = WRITINGS
            .iter()
            .map(|writing| [16, 32].map(writing.lengths))
            .collect();
        assert_eq!(lengths, expected);
        for (length, may_be) in [(15, false), (16, true), (256, true), (257, false)] {
            let received = Received::new(&"0".repeat(length));
            assert_eq!(received.may_be_a_signature(), may_be, "{length}");
        }
    }

    #[test]
    fn a_digest_is_not_compared_with_what_it_cannot_be() {
        let received = Received::new(&"0".repeat(47));
        let fitting = WRITINGS.iter().filter(|writing| received.fits(writing, 16));
        assert_eq!(fitting.count(), 5);
    }
}
