//! Who the client says it is.

mod error;
mod pem;

use std::{fmt, sync::Arc};

use rustls::{Error, InconsistentKeys, sign::CertifiedKey};

use crate::tls;

pub use error::InvalidIdentity;

/// A client certificate with its chain and private key, checked to belong together.
///
/// The key never shows: `Debug` prints the number of certificates, nothing else. A clone shares
/// the key with the original.
#[derive(Clone)]
pub struct Identity {
    certified_key: Arc<CertifiedKey>,
}

impl Identity {
    /// Reads the certificate chain and the private key from PEM, out of two files or twice out of
    /// one that holds both.
    ///
    /// The chain starts with the client's own certificate. The key is PKCS#8 (`PRIVATE KEY`),
    /// PKCS#1 (`RSA PRIVATE KEY`) or SEC1 (`EC PRIVATE KEY`), not encrypted.
    ///
    /// # Errors
    ///
    /// [`InvalidIdentity`] says what is wrong with which of the two: nothing of the kind in it, the
    /// two swapped, an encrypted key, a damaged file, a key that belongs to another certificate; or
    /// that no crypto provider is compiled in to tell.
    ///
    /// ```
    /// use wxpay_transport::{Identity, InvalidIdentity};
    ///
    /// # let made = rcgen::generate_simple_self_signed(["1900000109".to_owned()])?;
    /// # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// let swapped = Identity::from_pem(&key_pem, &cert_pem).unwrap_err();
    /// assert!(matches!(swapped, InvalidIdentity::KeyInCertificateFile));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_pem(
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidIdentity> {
        let chain = pem::chain(certificates.as_ref())?;
        let key = pem::key(key.as_ref())?;
        let provider = tls::provider().ok_or(InvalidIdentity::NoProvider)?;
        match CertifiedKey::from_der(chain, key, &provider) {
            Ok(certified_key) => Ok(Self {
                certified_key: Arc::new(certified_key),
            }),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(InvalidIdentity::Mismatch)
            }
            Err(Error::InvalidCertificate(_)) => Err(InvalidIdentity::Certificate),
            Err(_) => Err(InvalidIdentity::Key),
        }
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified_key)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.certified_key.cert.len())
            .finish_non_exhaustive()
    }
}
