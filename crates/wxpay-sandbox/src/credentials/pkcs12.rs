//! The merchant's certificate and key in one file, as the merchant platform hands them out.

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};

use crate::{BoxError, certificates::CertifiedKey};

/// What OpenSSL writes by default; older readers are slow at more.
const ITERATIONS: u32 = 2048;

/// 3DES for both bags and a SHA-1 MAC: the one form that OpenSSL reads from 1.0 to 3 (which has left
/// RC2 out), as do Java from 8 on, Windows and macOS. The password is no secret, so neither is weaker
/// than the other forms would be.
pub(super) fn write(merchant: &CertifiedKey, password: &str) -> Result<Vec<u8>, BoxError> {
    let cert = CertificateDer::from_pem_slice(merchant.cert.as_bytes())?;
    let key = PrivatePkcs8KeyDer::from_pem_slice(merchant.key.as_bytes())?;
    // What tells which certificate is the key's: any bytes, if both have the same.
    let id = [1].as_slice();
    let chain = PrivateKeyChain::new(
        id,
        PrivateKey::from_der(key.secret_pkcs8_der())?,
        [Certificate::from_der(&cert)?],
    );
    let mut store = KeyStore::new();
    store.add_entry(NAME, KeyStoreEntry::PrivateKeyChain(chain));
    let algorithm = EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc;
    let file = store
        .writer(password)
        .encryption_algorithm(algorithm)
        .encryption_iterations(ITERATIONS)
        .mac_algorithm(MacAlgorithm::HmacSha1)
        .mac_iterations(ITERATIONS)
        .write()?;
    Ok(file)
}

/// What Java calls the alias.
const NAME: &str = "tenpay certificate";
