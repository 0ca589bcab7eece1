//! PBES2 (RFC 8018): what a password encrypts today, at a bounded cost.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit, block_padding::Pkcs7};
use des::TdesEde3;
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use zeroize::Zeroizing;

use crate::{
    IdentityError, Part, algorithm,
    der::{Element, INTEGER, OCTET_STRING},
};

pub(crate) const PBES2: &str = "1.2.840.113549.1.5.13";

/// What scrypt may fill, in bytes; this takes about a second. `openssl pkcs8 -scrypt` fills 16 MiB.
const MAX_COST: u64 = 256 * 1024 * 1024;
/// A round of SHA-512 under HMAC takes as long as scrypt takes to fill so many bytes: two million
/// rounds are a second. Files in use have a few thousand.
const ROUND: u64 = 128;

/// What may still be spent on all derivations for one identity.
pub(crate) struct Budget {
    left: u64,
    part: Part,
}

impl Budget {
    pub(crate) fn new(part: Part) -> Self {
        Self {
            left: MAX_COST,
            part,
        }
    }

    pub(crate) fn spend(&mut self, cost: u64) -> Result<(), IdentityError> {
        let left = self.left.checked_sub(cost);
        self.left = left.ok_or(IdentityError::Cost { part: self.part })?;
        Ok(())
    }
}

/// The cost of this many rounds for each of `blocks` outputs of the hash.
pub(crate) fn rounds_cost(rounds: u64, blocks: u64) -> u64 {
    rounds.saturating_mul(blocks).saturating_mul(ROUND)
}

/// A scheme with its parameters, none of which the password has been tried on.
pub(crate) struct Pbes2 {
    kdf: Kdf,
    key_length: usize,
    iv: Vec<u8>,
    cipher: Decrypt,
}

enum Kdf {
    Pbkdf2 {
        salt: Vec<u8>,
        rounds: u64,
        output: usize,
        derive: Derive,
    },
    Scrypt {
        salt: Vec<u8>,
        log_n: u8,
        block_size: u64,
        parallelization: u64,
    },
}

/// Password, salt and rounds to a key.
type Derive = fn(&[u8], &[u8], u32, &mut [u8]);

/// Key, initialisation vector and ciphertext to plain text, if the padding is right.
pub(crate) type Decrypt = fn(&[u8], &[u8], &[u8]) -> Option<Zeroizing<Vec<u8>>>;

impl Pbes2 {
    /// Reads `PBES2-params`.
    pub(crate) fn parse(params: &Element<'_>, part: Part) -> Result<Self, IdentityError> {
        let parsed = Self::parse_known(params).ok_or(IdentityError::Damaged { part })?;
        parsed.map_err(|oid| IdentityError::UnsupportedEncryption {
            part,
            algorithm: algorithm::name(&oid),
        })
    }

    /// `None` where it is damaged, else the scheme or the object identifier of what is not read.
    fn parse_known(params: &Element<'_>) -> Option<Result<Self, String>> {
        let [kdf, encryption] = params.children()?[..] else {
            return None;
        };
        let cipher = encryption.oid()?;
        let (key_length, block, decrypt): (_, _, Decrypt) = match cipher.as_str() {
            "2.16.840.1.101.3.4.1.2" => (16, 16, cbc::<Aes128>),
            "2.16.840.1.101.3.4.1.22" => (24, 16, cbc::<Aes192>),
            "2.16.840.1.101.3.4.1.42" => (32, 16, cbc::<Aes256>),
            "1.2.840.113549.3.7" => (24, 8, cbc::<TdesEde3>),
            _ => return Some(Err(cipher)),
        };
        let iv = encryption.children()?.get(1)?.octets()?.into_owned();
        if iv.len() != block {
            return None;
        }
        let fields = kdf.children()?.get(1)?.children()?;
        let [salt, cost, rest @ ..] = &fields[..] else {
            return None;
        };
        let salt = match salt.tag | 0x20 {
            tag if tag == OCTET_STRING | 0x20 => salt.octets()?.into_owned(),
            _ => return None,
        };
        let cost = cost.integer()?;
        let name = kdf.oid()?;
        let (kdf, rest) = match name.as_str() {
            "1.2.840.113549.1.5.12" => {
                let (explicit, prf) = match rest {
                    [length, prf @ ..] if length.tag == INTEGER => (&rest[..1], prf),
                    _ => (&rest[..0], rest),
                };
                let prf = match prf {
                    [] => "1.2.840.113549.2.7".to_owned(),
                    [prf] => prf.oid()?,
                    _ => return None,
                };
                let (output, derive): (_, Derive) = match prf.as_str() {
                    "1.2.840.113549.2.7" => (20, pbkdf2_hmac::<Sha1>),
                    "1.2.840.113549.2.8" => (28, pbkdf2_hmac::<Sha224>),
                    "1.2.840.113549.2.9" => (32, pbkdf2_hmac::<Sha256>),
                    "1.2.840.113549.2.10" => (48, pbkdf2_hmac::<Sha384>),
                    "1.2.840.113549.2.11" => (64, pbkdf2_hmac::<Sha512>),
                    "1.2.840.113549.2.12" => (28, pbkdf2_hmac::<Sha512_224>),
                    "1.2.840.113549.2.13" => (32, pbkdf2_hmac::<Sha512_256>),
                    _ => return Some(Err(prf)),
                };
                let rounds = (cost > 0).then_some(cost)?;
                let kdf = Kdf::Pbkdf2 {
                    salt,
                    rounds,
                    output,
                    derive,
                };
                (kdf, explicit)
            }
            "1.3.6.1.4.1.11591.4.11" => {
                let [block_size, parallelization, rest @ ..] = rest else {
                    return None;
                };
                let (block_size, parallelization) =
                    (block_size.integer()?, parallelization.integer()?);
                if !cost.is_power_of_two() || cost == 1 || block_size == 0 || parallelization == 0 {
                    return None;
                }
                let log_n = u8::try_from(cost.ilog2()).ok()?;
                let kdf = Kdf::Scrypt {
                    salt,
                    log_n,
                    block_size,
                    parallelization,
                };
                (kdf, rest)
            }
            _ => return Some(Err(name)),
        };
        match rest {
            [] => {}
            [length] if length.integer() == Some(key_length as u64) => {}
            _ => return None,
        }
        Some(Ok(Self {
            kdf,
            key_length,
            iv,
            cipher: decrypt,
        }))
    }

    pub(crate) fn cost(&self) -> u64 {
        match self.kdf {
            Kdf::Pbkdf2 { rounds, output, .. } => {
                rounds_cost(rounds, self.key_length.div_ceil(output) as u64)
            }
            // Lanes are filled one after the other, though all in the same memory.
            Kdf::Scrypt {
                log_n,
                block_size,
                parallelization,
                ..
            } => (128_u64 << log_n.min(40))
                .saturating_mul(block_size)
                .saturating_mul(parallelization),
        }
    }

    /// Decrypts; call it only when the cost has been spent from a budget.
    ///
    /// `None` when the password is another one, as far as the padding tells.
    pub(crate) fn decrypt(&self, password: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut key = Zeroizing::new(vec![0; self.key_length]);
        match &self.kdf {
            Kdf::Pbkdf2 {
                salt,
                rounds,
                derive,
                ..
            } => derive(password, salt, u32::try_from(*rounds).ok()?, &mut key),
            Kdf::Scrypt {
                salt,
                log_n,
                block_size,
                parallelization,
            } => {
                let [block_size, parallelization] =
                    [block_size, parallelization].map(|it| u32::try_from(*it).ok());
                let params = scrypt::Params::new(*log_n, block_size?, parallelization?).ok()?;
                scrypt::scrypt(password, salt, &params, &mut key).ok()?;
            }
        }
        (self.cipher)(&key, &self.iv, data)
    }
}

/// Decrypts CBC with the padding of PKCS#7.
pub(crate) fn cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    cipher
        .decrypt_padded_vec::<Pkcs7>(data)
        .ok()
        .map(Zeroizing::new)
}
