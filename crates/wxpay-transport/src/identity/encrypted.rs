//! Private keys under a password.

use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    pkcs5::{EncryptionScheme, pbes2::Kdf},
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::InvalidIdentity;

/// So many rounds of PBKDF2 take about a second; files in use have a few thousand.
const MOST_ROUNDS: u32 = 10_000_000;
/// The memory of scrypt, in bytes: `openssl pkcs8 -scrypt` takes 16 MiB.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;
const MOST_PARALLEL: u16 = 16;

/// Decrypts an encrypted PKCS#8 key (PBES2), at a bounded cost.
pub(super) fn decrypt(
    der: &[u8],
    password: &str,
) -> Result<PrivateKeyDer<'static>, InvalidIdentity> {
    let encrypted =
        EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| InvalidIdentity::KeyEncryption)?;
    match &encrypted.encryption_algorithm {
        EncryptionScheme::Pbes2(parameters) if costs_too_much(&parameters.kdf) => {
            return Err(InvalidIdentity::KeyCost);
        }
        EncryptionScheme::Pbes2(_) => {}
        _ => return Err(InvalidIdentity::KeyEncryption),
    }
    let key = encrypted
        .decrypt(password)
        .map_err(|_| InvalidIdentity::KeyPassword)?;
    // The document wipes itself; rustls takes bytes of its own.
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

fn costs_too_much(kdf: &Kdf) -> bool {
    match kdf {
        Kdf::Pbkdf2(parameters) => parameters.iteration_count > MOST_ROUNDS,
        Kdf::Scrypt(parameters) => {
            let memory = u64::from(parameters.block_size)
                .saturating_mul(128)
                .saturating_mul(parameters.cost_parameter);
            memory > MOST_MEMORY || parameters.parallelization > MOST_PARALLEL
        }
        _ => true,
    }
}
