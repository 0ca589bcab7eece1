//! From a recipe's string to its digest.

use alloc::vec::Vec;

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest as _, Md5};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    facts::Keys,
    recipe::{Algorithm, HashedBefore, HmacKey, KeyForm, Recipe},
};
use crate::hex;

/// Bytes that a signature could be made of.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// The key as a recipe's signer had it.
pub(super) fn key(form: KeyForm, keys: &Keys<'_>) -> Option<Secret> {
    let right = keys.right.expose();
    let copy = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    Some(match form {
        KeyForm::AsItIs => copy(right),
        KeyForm::Between(before, after) => {
            Zeroizing::new([before, right, after].concat().into_bytes())
        }
        KeyForm::UpperCase => Zeroizing::new(right.as_bytes().to_ascii_uppercase()),
        KeyForm::LowerCase => Zeroizing::new(right.as_bytes().to_ascii_lowercase()),
        KeyForm::Md5LowerCase => md5_lower(right.as_bytes()),
        KeyForm::Md5UpperCase => md5_upper(right.as_bytes()),
        KeyForm::Instead(text) => copy(text),
        KeyForm::Other(index) => copy(keys.others.get(index)?.expose()),
    })
}

/// Hashes a recipe's string, with the key in the recipe's form: 16 or 32 bytes.
pub(super) fn digest(recipe: &Recipe, text: &[u8], key: &[u8]) -> Secret {
    let before = match recipe.hashed_before {
        HashedBefore::No => None,
        HashedBefore::Md5LowerCase => Some(md5_lower(text)),
        HashedBefore::Md5UpperCase => Some(md5_upper(text)),
        HashedBefore::Md5Bytes => Some(md5(text)),
    };
    let text = before.as_ref().map_or(text, |before| before);
    match recipe.algorithm {
        Algorithm::Md5 => md5(text),
        Algorithm::Sha256 => Zeroizing::new(Sha256::digest(text).to_vec()),
        Algorithm::HmacMd5 => hmac::<Hmac<Md5>>(key, text),
        Algorithm::HmacSha256 => {
            let hmac = hmac::<Hmac<Sha256>>;
            match recipe.hmac_key {
                HmacKey::Key => hmac(key, text),
                HmacKey::Md5LowerCase => hmac(&md5_lower(key), text),
                HmacKey::Md5UpperCase => hmac(&md5_upper(key), text),
                HmacKey::Md5Bytes => hmac(&md5(key), text),
                HmacKey::FromHex => hmac(&from_hex(key), text),
                HmacKey::Empty => hmac(b"", text),
                HmacKey::Swapped => hmac(text, key),
            }
        }
    }
}

fn hmac<H: KeyInit + Mac>(key: &[u8], text: &[u8]) -> Secret {
    let hmac = <H as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    Zeroizing::new(hmac.chain_update(text).finalize().into_bytes().to_vec())
}

fn md5(text: &[u8]) -> Secret {
    Zeroizing::new(Md5::digest(text).to_vec())
}

fn md5_lower(text: &[u8]) -> Secret {
    hex_lower(&md5(text))
}

fn md5_upper(text: &[u8]) -> Secret {
    hex_upper(&md5(text))
}

/// Upper-case digits.
pub(super) fn hex_upper(bytes: &[u8]) -> Secret {
    let mut digits = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
    for byte in bytes {
        digits.extend(hex::upper::<2>(&[*byte]));
    }
    digits
}

/// Lower-case digits.
pub(super) fn hex_lower(bytes: &[u8]) -> Secret {
    let mut digits = Zeroizing::new(Vec::with_capacity(2 * bytes.len()));
    for byte in bytes {
        digits.extend(hex::lower::<2>(&[*byte]));
    }
    digits
}

/// As PHP's `hex2bin` and its kin: what is no digit counts as zero.
fn from_hex(digits: &[u8]) -> Secret {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    let bytes = digits.chunks(2).map(|pair| {
        let low = pair.get(1).copied().unwrap_or(b'0');
        value(pair[0]) << 4 | value(low)
    });
    Zeroizing::new(bytes.collect())
}
