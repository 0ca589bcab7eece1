//! Who the client says it is.

mod chain;
mod encrypted;
mod error;
mod leaf;
mod pem;
#[cfg(feature = "p12")]
mod pkcs12;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls::{Error, InconsistentKeys, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tracing::warn;

use crate::crypto;
use leaf::Leaf;

pub use error::InvalidIdentity;

/// From how many days before its end a certificate should be renewed.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A client certificate with its chain and private key, checked to belong together and to be valid.
///
/// Of a certificate that expires within 30 days `tracing` is warned when it is loaded.
///
/// The key never shows: `Debug` prints what the certificate says, nothing else. A clone shares the
/// key with the original.
#[derive(Clone)]
pub struct Identity {
    certified_key: Arc<CertifiedKey>,
    leaf: Arc<Leaf>,
}

impl Identity {
    /// Reads the certificate chain and the private key from PEM, out of two files or twice out of
    /// one that holds both.
    ///
    /// The chain starts with the client's own certificate; of any other order the chain is found.
    /// The key is PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or SEC1 (`EC PRIVATE KEY`), not
    /// encrypted; for one that is, take [`from_pem_encrypted`](Self::from_pem_encrypted).
    ///
    /// # Errors
    ///
    /// [`InvalidIdentity`] says what is wrong with which of the two: nothing of the kind in it, the
    /// two swapped, an encrypted key, a damaged file, a key that belongs to another certificate, a
    /// certificate that has expired; or that no crypto provider is compiled in to tell.
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
        Self::new(chain, pem::key(key.as_ref(), None)?)
    }

    /// The same with the password of an encrypted key: PKCS#8 (`ENCRYPTED PRIVATE KEY`) by PBES2,
    /// with PBKDF2 or scrypt. A key that is not encrypted is taken too.
    ///
    /// Decrypting is bounded: at most two million rounds of PBKDF2, or 256 MiB filled by scrypt. It
    /// may take a second: do it where a thread may block.
    ///
    /// # Errors
    ///
    /// [`InvalidIdentity`], as [`from_pem`](Self::from_pem) has it; also for a wrong password, and for
    /// the forms that cannot be read (PBES1, `DEK-Info`), with the command that converts them.
    ///
    /// ```no_run
    /// use wxpay_transport::Identity;
    ///
    /// let password = std::fs::read_to_string("password.txt")?;
    /// let (cert, key) = (std::fs::read("cert.pem")?, std::fs::read("key.pem")?);
    /// let identity = Identity::from_pem_encrypted(cert, key, password.trim_end())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_pem_encrypted(
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
        password: &str,
    ) -> Result<Self, InvalidIdentity> {
        let chain = pem::chain(certificates.as_ref())?;
        Self::new(chain, pem::key(key.as_ref(), Some(password))?)
    }

    /// Reads a PKCS#12 file (`.p12`, `.pfx`), which holds certificate, chain and key.
    ///
    /// Taken are the forms that have been handed out over the years: RC2-40 and 3DES with a SHA-1
    /// MAC, PBES2 with AES, chains in any order, bags without names, and BER. Needs the feature `p12`.
    ///
    /// Its rounds are bounded by a million for each bag, and scrypt's memory by 1 GiB; a bag may take a
    /// second. Nothing bounds the bags but the file's length, so that a file of a stranger's, whose
    /// password he has given too, may take long.
    ///
    /// # Errors
    ///
    /// [`InvalidIdentity`] for an empty file, PEM or a web page in its place, a damaged file, a wrong
    /// password, a file without a MAC, without a key or certificate or with several keys; and for what
    /// [`from_pem`](Self::from_pem) refuses: an expired certificate, a key of another one.
    ///
    /// ```
    /// use wxpay_transport::{Identity, InvalidIdentity};
    ///
    /// let page = Identity::from_pkcs12("<html>not found</html>", "password").unwrap_err();
    /// assert_eq!(page, InvalidIdentity::PageAsPkcs12);
    /// ```
    #[cfg(feature = "p12")]
    pub fn from_pkcs12(bytes: impl AsRef<[u8]>, password: &str) -> Result<Self, InvalidIdentity> {
        let (chain, key) = pkcs12::read(bytes.as_ref(), password)?;
        Self::new(chain, key)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, InvalidIdentity> {
        let provider = crypto::default_provider().ok_or(InvalidIdentity::NoProvider)?;
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|_| InvalidIdentity::Key)?;
        let chain = chain::order(chain, key.as_ref())?;
        let leaf = Leaf::of(chain.first().ok_or(InvalidIdentity::NoCertificate)?)?;
        let certified_key = CertifiedKey::new(chain, key);
        match certified_key.keys_match() {
            // A key that does not tell cannot be checked; no supported one is like that.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(Error::InconsistentKeys(_)) => return Err(InvalidIdentity::Mismatch),
            Err(_) => return Err(InvalidIdentity::Certificate),
        }
        let now = SystemTime::now();
        leaf.check(now)?;
        if leaf.expires_within(SOON, now) {
            let Leaf {
                serial_number: serial,
                subject,
                not_after,
                ..
            } = &leaf;
            let until = error::date(*not_after);
            warn!(
                serial,
                subject, until, "the client certificate expires within 30 days: renew it"
            );
        }
        Ok(Self {
            certified_key: Arc::new(certified_key),
            leaf: Arc::new(leaf),
        })
    }

    /// The serial number of the client's own certificate in upper-case hex, as
    /// `openssl x509 -serial` prints it: for people to compare with what they were given.
    ///
    /// ```
    /// use wxpay_transport::Identity;
    ///
    /// # let made = rcgen::generate_simple_self_signed(["1900000109".to_owned()])?;
    /// # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// println!("{} of {}", identity.serial_number(), identity.subject());
    /// assert!(!identity.expires_soon());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn serial_number(&self) -> &str {
        &self.leaf.serial_number
    }

    /// The subject of the certificate, in the form of RFC 4514: `CN=1900000109,O=…`.
    ///
    /// ```
    /// use wxpay_transport::Identity;
    ///
    /// # let mut params = rcgen::CertificateParams::default();
    /// # params.distinguished_name.push(rcgen::DnType::CommonName, "1900000109");
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let (cert_pem, key_pem) = (params.self_signed(&key)?.pem(), key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// assert_eq!(identity.subject(), "CN=1900000109");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.leaf.subject
    }

    /// The common name in the subject, where it has one.
    ///
    /// ```
    /// use wxpay_transport::Identity;
    ///
    /// # let mut params = rcgen::CertificateParams::default();
    /// # params.distinguished_name.push(rcgen::DnType::CommonName, "1900000109");
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let (cert_pem, key_pem) = (params.self_signed(&key)?.pem(), key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// let is_ours = identity.common_name() == Some("1900000109");
    /// assert!(is_ours);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.leaf.common_name.as_deref()
    }

    /// Since when the certificate is valid.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use wxpay_transport::Identity;
    ///
    /// # let made = rcgen::generate_simple_self_signed(["1900000109".to_owned()])?;
    /// # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// // Or else it would have been refused.
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// assert!(identity.not_before() <= SystemTime::now());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.leaf.not_before
    }

    /// Until when the certificate is valid.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use wxpay_transport::Identity;
    ///
    /// # let made = rcgen::generate_simple_self_signed(["1900000109".to_owned()])?;
    /// # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// let left = identity.not_after().duration_since(SystemTime::now())?;
    /// println!("{} days are left", left.as_secs() / 86_400);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.leaf.not_after
    }

    /// Whether the certificate expires within 30 days from now.
    ///
    /// ```
    /// use wxpay_transport::Identity;
    ///
    /// # use std::time::{Duration, SystemTime};
    /// # let mut params = rcgen::CertificateParams::default();
    /// # params.not_after = (SystemTime::now() + Duration::from_secs(10 * 86_400)).into();
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let (cert_pem, key_pem) = (params.self_signed(&key)?.pem(), key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?; // ten days are left
    /// assert!(identity.expires_soon());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn expires_soon(&self) -> bool {
        self.leaf.expires_within(SOON, SystemTime::now())
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified_key)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.certified_key.cert.len())
            .field("leaf", &self.leaf)
            .finish_non_exhaustive()
    }
}
