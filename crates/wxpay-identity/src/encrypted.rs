//! Decryption with a password by PBES2 (RFC 8018), at a bounded cost.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit, block_padding::Pkcs7};
use des::TdesEde3;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use zeroize::Zeroizing;

use crate::{
    IdentityError, Part,
    der::{Element, SEQUENCE},
    error::Result,
};

pub(crate) const PBES2: &str = "1.2.840.113549.1.5.13";
const PBKDF2: &str = "1.2.840.113549.1.5.12";
const SCRYPT: &str = "1.3.6.1.4.1.11591.4.11";

/// Upper bound of the bytes that scrypt fills in about a second. `openssl pkcs8 -scrypt` fills 16
/// MiB.
const MAX_COST: u64 = 256 * 1024 * 1024;
/// The cost of a round: two million rounds of HMAC-SHA512 take about a second. Usual files have a
/// few thousand.
const ROUND: u64 = MAX_COST / 2_000_000;

/// The remaining cost of the key derivations for one identity, and the file that errors name.
pub(crate) struct Budget(u64, Part);

impl Budget {
    pub(crate) fn new(part: Part) -> Self {
        Self(MAX_COST, part)
    }

    pub(crate) fn spend(&mut self, cost: u64) -> Result<()> {
        self.0 = (self.0.checked_sub(cost)).ok_or(IdentityError::Cost(self.1))?;
        Ok(())
    }
}

/// The cost of these rounds for each of `blocks` outputs of the hash.
pub(crate) fn rounds_cost(rounds: u64, blocks: usize) -> u64 {
    rounds.saturating_mul(blocks as u64).saturating_mul(ROUND)
}

/// An encryption scheme with its parameters.
pub(crate) struct Scheme {
    /// The cost of the key derivation.
    pub(crate) cost: u64,
    /// Password and ciphertext to plain text, if the padding is right.
    #[allow(clippy::type_complexity, reason = "it has no other name")]
    pub(crate) decrypt: Box<dyn Fn(Option<&str>, &[u8]) -> Option<Zeroizing<Vec<u8>>>>,
}

/// Key, initialisation vector and ciphertext to plain text.
pub(crate) type Cipher = fn(&[u8], &[u8], &[u8]) -> Option<Zeroizing<Vec<u8>>>;
/// Password, salt and rounds to key.
type Hash = fn(&[u8], &[u8], u32, &mut [u8]);
/// Password to key.
type Derive = Box<dyn Fn(&[u8], &mut [u8])>;

/// Reads `PBES2-params`.
pub(crate) fn pbes2(params: &Element<'_>) -> Result<Scheme> {
    let [kdf, encryption] = params.fields()?;
    let name = encryption.oid()?;
    let (key_length, iv_length, cipher): (_, _, Cipher) = match name.as_str() {
        "2.16.840.1.101.3.4.1.2" => (16, 16, cbc::<Aes128>),
        "2.16.840.1.101.3.4.1.22" => (24, 16, cbc::<Aes192>),
        "2.16.840.1.101.3.4.1.42" => (32, 16, cbc::<Aes256>),
        "1.2.840.113549.3.7" => (24, 8, cbc::<TdesEde3>),
        _ => return encryption.unsupported(&name),
    };
    let [_, iv] = encryption.fields()?;
    let iv = iv.octets()?.into_owned();
    let name = kdf.oid()?;
    let [_, params] = kdf.fields()?;
    let (cost, derive) = match name.as_str() {
        PBKDF2 => pbkdf2(&params, key_length)?,
        SCRYPT => scrypt(&params)?,
        _ => return kdf.unsupported(&name),
    };
    if iv.len() != iv_length {
        return Err(encryption.damaged());
    }
    let decrypt = move |password: Option<&str>, data: &[u8]| {
        let mut key = Zeroizing::new(vec![0; key_length]);
        derive(password.unwrap_or_default().as_bytes(), &mut key);
        cipher(&key, &iv, data)
    };
    let decrypt = Box::new(decrypt);
    Ok(Scheme { cost, decrypt })
}

fn pbkdf2(params: &Element<'_>, key_length: usize) -> Result<(u64, Derive)> {
    let [salt, rounds] = params.head()?;
    let (salt, rounds) = (salt.octets()?.into_owned(), positive(&rounds)?);
    let prf = match params.find(SEQUENCE)? {
        None => "1.2.840.113549.2.7".to_owned(),
        Some(prf) => prf.oid()?,
    };
    let (output, hash): (_, Hash) = match prf.as_str() {
        "1.2.840.113549.2.7" => (20, pbkdf2_hmac::<Sha1>),
        "1.2.840.113549.2.8" => (28, pbkdf2_hmac::<Sha224>),
        "1.2.840.113549.2.9" => (32, pbkdf2_hmac::<Sha256>),
        "1.2.840.113549.2.10" => (48, pbkdf2_hmac::<Sha384>),
        "1.2.840.113549.2.11" => (64, pbkdf2_hmac::<Sha512>),
        "1.2.840.113549.2.12" => (28, pbkdf2_hmac::<Sha512_224>),
        "1.2.840.113549.2.13" => (32, pbkdf2_hmac::<Sha512_256>),
        _ => return params.unsupported(&prf),
    };
    let cost = rounds_cost(rounds, key_length.div_ceil(output));
    // The budget refuses more rounds.
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    let derive = move |password: &[u8], key: &mut [u8]| hash(password, &salt, rounds, key);
    Ok((cost, Box::new(derive)))
}

fn scrypt(params: &Element<'_>) -> Result<(u64, Derive)> {
    let [salt, n, block_size, lanes] = params.head()?;
    let (n, block_size, lanes) = (positive(&n)?, positive(&block_size)?, positive(&lanes)?);
    if n == 1 || !n.is_power_of_two() {
        return Err(params.damaged());
    }
    // Lanes use the same memory, one after the other.
    let factors = [block_size, lanes, 128];
    let cost = factors.into_iter().fold(n, u64::saturating_mul);
    Budget::new(params.part).spend(cost)?;
    let salt = salt.octets()?.into_owned();
    let costs = scrypt::Params::new(n.ilog2() as u8, block_size as u32, lanes as u32);
    let costs = costs.map_err(|_| params.damaged())?;
    let derive = move |password: &[u8], key: &mut [u8]| {
        scrypt::scrypt(password, &salt, &costs, key).expect("a cipher's key is not too long");
    };
    Ok((cost, Box::new(derive)))
}

pub(crate) fn positive(element: &Element<'_>) -> Result<u64> {
    match element.integer()? {
        0 => Err(element.damaged()),
        value => Ok(value),
    }
}

/// Decrypts CBC with the padding of PKCS#7.
pub(crate) fn cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(data).ok()?;
    Some(Zeroizing::new(plain))
}
