//! Private keys under a password.

use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    pkcs5::{EncryptionScheme, pbes2::Kdf},
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::{IdentityError, Part};

/// So many rounds of PBKDF2 take about a second by SHA-512; files in use have a few thousand.
const MOST_ROUNDS: u32 = 2_000_000;
/// What scrypt fills, in bytes and over all its lanes, which are filled one after the other:
/// `openssl pkcs8 -scrypt` fills 16 MiB.
const MOST_FILLED: u64 = 256 * 1024 * 1024;

/// Decrypts an encrypted PKCS#8 key (PBES2), at a bounded cost.
pub(crate) fn decrypt(der: &[u8], password: &str) -> Result<PrivateKeyDer<'static>, IdentityError> {
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unsupported())?;
    match &encrypted.encryption_algorithm {
        EncryptionScheme::Pbes2(parameters) if costs_too_much(&parameters.kdf) => {
            return Err(IdentityError::Cost {
                part: Part::PrivateKey,
            });
        }
        EncryptionScheme::Pbes2(_) => {}
        _ => return Err(unsupported()),
    }
    let key = encrypted
        .decrypt(password)
        .map_err(|_| IdentityError::WrongPassword {
            part: Part::PrivateKey,
        })?;
    // The document wipes itself; rustls takes bytes of its own.
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

fn unsupported() -> IdentityError {
    IdentityError::UnsupportedEncryption {
        part: Part::PrivateKey,
        algorithm: "PBES1".to_owned(),
    }
}

fn costs_too_much(kdf: &Kdf) -> bool {
    match kdf {
        Kdf::Pbkdf2(parameters) => parameters.iteration_count > MOST_ROUNDS,
        Kdf::Scrypt(parameters) => {
            let filled = u64::from(parameters.block_size)
                .saturating_mul(128)
                .saturating_mul(parameters.cost_parameter)
                .saturating_mul(parameters.parallelization.into());
            filled > MOST_FILLED
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use pkcs8::pkcs5::pbes2::{Pbkdf2Params, Pbkdf2Prf, Salt, ScryptParams};

    use super::*;

    #[test]
    fn what_takes_more_than_a_second_costs_too_much() {
        let salt = Salt::new(b"salt").unwrap();
        let pbkdf2 = |iteration_count| {
            Kdf::Pbkdf2(Pbkdf2Params {
                salt,
                iteration_count,
                key_length: None,
                prf: Pbkdf2Prf::default(),
            })
        };
        assert!(!costs_too_much(&pbkdf2(MOST_ROUNDS)));
        assert!(costs_too_much(&pbkdf2(MOST_ROUNDS + 1)));

        let scrypt = |cost_parameter, block_size, parallelization| {
            Kdf::Scrypt(ScryptParams {
                salt,
                cost_parameter,
                block_size,
                parallelization,
                key_length: None,
            })
        };
        assert!(!costs_too_much(&scrypt(1 << 18, 8, 1)));
        assert!(!costs_too_much(&scrypt(1 << 14, 8, 16)));
        // Lanes take their time one after the other, though all in the same memory.
        assert!(costs_too_much(&scrypt(1 << 18, 8, 2)));
        assert!(costs_too_much(&scrypt(1 << 62, u16::MAX, u16::MAX)));
    }
}
