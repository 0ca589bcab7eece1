//! A client certificate with its chain and private key.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tracing::warn;
use zeroize::Zeroizing;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use {crate::der::Element, rustls::pki_types::PrivatePkcs8KeyDer};

use crate::{
    Form, IdentityError, Part,
    der::SEQUENCE,
    error::{self, Result},
    key::Key,
    leaf::{self, Leaf, PublicKey},
    pem,
};

/// Certificate authorities usually ask for renewal 30 days before the end.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A client certificate with its chain and private key, checked to belong together and to be valid.
///
/// `tracing` gets a warning if it expires within 30 days when it is read. `Debug` prints the
/// certificate's properties, and nothing of the key. Clones share the key. The [crate](crate)'s
/// page has an example.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    chain: Vec<Vec<u8>>,
    key: Zeroizing<Vec<u8>>,
    leaf: Leaf,
}

impl Identity {
    /// Reads the certificate chain, in any order, and the private key from PEM; one file may have
    /// both. The key is PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or SEC1
    /// (`EC PRIVATE KEY`), not encrypted.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] for a file of another format, a damaged file, an encrypted key, a key of
    /// another certificate, an expired certificate.
    ///
    /// ```
    /// use wxpay_identity::{Form, Identity, IdentityError, Part};
    ///
    /// let swapped = Identity::from_pem("-----BEGIN PRIVATE KEY-----\n…", "…").unwrap_err();
    /// let (wanted, found) = (Part::Certificate, Form::PrivateKey);
    /// assert_eq!(swapped, IdentityError::WrongForm { wanted, found });
    /// ```
    pub fn from_pem(certificates: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self> {
        let chain = pem::chain(certificates.as_ref(), Part::Certificate)?;
        Self::new(chain, &pem::key(key.as_ref(), None)?)
    }

    /// Reads PEM whose key may be encrypted: PKCS#8 (`ENCRYPTED PRIVATE KEY`) by PBES2, with PBKDF2
    /// or scrypt. It needs the feature `encrypted-pem`, and blocks for a second at most.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] as for [`from_pem`](Self::from_pem), and for a wrong password; for PBES1
    /// and `DEK-Info`, with the command that converts them.
    ///
    /// ```no_run
    /// use wxpay_identity::Identity;
    ///
    /// let (cert, key) = (std::fs::read("cert.pem")?, std::fs::read("key.pem")?);
    /// let identity = Identity::from_pem_encrypted(cert, key, "secret")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_pem_encrypted(
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
        password: &str,
    ) -> Result<Self> {
        let chain = pem::chain(certificates.as_ref(), Part::Certificate)?;
        Self::new(chain, &pem::key(key.as_ref(), Some(password))?)
    }

    /// Reads a PKCS#12 file (`.p12`, `.pfx`) with certificate, chain and key, also in old forms:
    /// RC2-40 and 3DES with a SHA-1 MAC, and BER. It needs the feature `pkcs12`, and blocks for a
    /// second at most.
    ///
    /// # Errors
    ///
    /// [`IdentityError`] as for [`from_pem`](Self::from_pem), and for a wrong password, for a file
    /// without a MAC, a key or a certificate, and for a file with several keys.
    ///
    /// ```
    /// use wxpay_identity::{Form, Identity, IdentityError, Part};
    ///
    /// let page = Identity::from_pkcs12("<html>not found</html>", "password").unwrap_err();
    /// let (wanted, found) = (Part::Pkcs12, Form::WebPage);
    /// assert_eq!(page, IdentityError::WrongForm { wanted, found });
    /// ```
    pub fn from_pkcs12(bytes: impl AsRef<[u8]>, password: &str) -> Result<Self> {
        let (wanted, bytes) = (Part::Pkcs12, bytes.as_ref());
        match Form::of(bytes) {
            Form::Pkcs12 => {}
            Form::Unknown if bytes.first() == Some(&SEQUENCE) => {
                return Err(IdentityError::Damaged(wanted));
            }
            found => return Err(IdentityError::WrongForm { wanted, found }),
        }
        #[cfg(feature = "pkcs12")]
        {
            let (chain, key) = crate::pkcs12::read(bytes, password)?;
            Self::new(chain, &key)
        }
        #[cfg(not(feature = "pkcs12"))]
        {
            let _ = password;
            Err(IdentityError::MissingFeature("pkcs12"))
        }
    }

    fn new(chain: Vec<Vec<u8>>, key: &Key) -> Result<Self> {
        let (own, key) = pair(&chain, key)?;
        let chain = leaf::order(chain, own)?;
        let leaf = Leaf::of(&chain[0])?;
        let now = SystemTime::now();
        if now > leaf.not_after {
            return Err(IdentityError::Expired(leaf.not_after));
        }
        if now < leaf.not_before {
            return Err(IdentityError::NotYetValid(leaf.not_before));
        }
        let until = error::date(leaf.not_after);
        let identity = Self(Arc::new(Inner { chain, key, leaf }));
        if identity.expires_soon() {
            let (serial, subject) = (identity.serial_number(), identity.subject());
            let renew = "the client certificate expires within 30 days: renew it";
            warn!(serial, subject, until, "{renew}");
        }
        Ok(identity)
    }

    /// The certificate chain in DER, the client's own certificate first.
    #[must_use]
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.chain.iter().map(Vec::as_slice)
    }

    /// The private key as PKCS#8 in DER.
    #[must_use]
    pub fn private_key(&self) -> &[u8] {
        &self.0.key
    }

    /// The certificate's serial number in upper-case hex, as `openssl x509 -serial` prints it.
    #[must_use]
    pub fn serial_number(&self) -> &str {
        &self.0.leaf.serial_number
    }

    /// The subject of the certificate, in the form of RFC 4514: `CN=1900000109,O=…`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.leaf.subject
    }

    /// The common name in the subject, if there is one.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.0.leaf.common_name.as_deref()
    }

    /// The first moment at which the certificate is valid, and 1970 at the earliest.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.0.leaf.not_before
    }

    /// The last moment at which the certificate is valid.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.0.leaf.not_after
    }

    /// Returns true if the certificate expires within 30 days from now.
    #[must_use]
    pub fn expires_soon(&self) -> bool {
        self.not_after() < SystemTime::now() + SOON
    }

    /// Returns true if one is a clone of the other. An identity that was read again is not.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.0.chain.len())
            .field("leaf", &self.0.leaf)
            .finish_non_exhaustive()
    }
}

/// The index of the certificate that the key belongs to, and the key with its public half.
fn pair(chain: &[Vec<u8>], key: &Key) -> Result<(usize, Zeroizing<Vec<u8>>)> {
    let mut is_refused = false;
    for (own, certificate) in chain.iter().enumerate() {
        let public_key = PublicKey::of(certificate)?;
        if let Some(der) = key.with_public_half(&public_key) {
            match is_key_of(&der, &public_key) {
                Some(true) => return Ok((own, der)),
                Some(false) => {}
                None => is_refused = true,
            }
        }
    }
    Err(match is_refused {
        true if !key.is_used => IdentityError::UnsupportedKey(key.kind.clone()),
        true if key.public.is_some() => IdentityError::Damaged(Part::PrivateKey),
        _ => IdentityError::Mismatch,
    })
}

/// Returns true if the provider finds the certificate's public key in the key, and `None` if the
/// provider refuses the key. Without a provider every key is accepted.
fn is_key_of(key: &[u8], public_key: &PublicKey) -> Option<bool> {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    {
        #[cfg(not(feature = "ring"))]
        use rustls::crypto::aws_lc_rs::default_provider;
        #[cfg(feature = "ring")]
        use rustls::crypto::ring::default_provider;

        let key = PrivatePkcs8KeyDer::from(key.to_vec());
        let key = default_provider().key_provider.load_private_key(key.into());
        // Some providers do not give the public half.
        if let Some(info) = key.ok()?.public_key()
            && let Ok(info) = Element::first(&info, Part::PrivateKey)
            && let Ok(own) = PublicKey::parse(&info)
        {
            return Some(own.bits == public_key.bits);
        }
    }
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let _ = (key, public_key);
    Some(true)
}
