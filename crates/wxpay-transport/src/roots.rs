//! The trusted certificate authorities.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use wxpay_identity::{IdentityError, Part, read_authorities};
use x509_cert::{
    certificate::{CertificateInner, Raw, TbsCertificateInner, Version},
    der::{Decode, asn1::UintRef, oid::ObjectIdentifier},
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
    },
};

use crate::error::Error;
#[cfg(feature = "native-roots")]
use crate::error::{BoxError, ErrorKind, TlsErrorKind};

/// The certificate authorities (trust anchors) that a server's certificate must lead to.
///
/// Mozilla's set is compiled in; private authorities can be added to it or replace it. A
/// self-signed certificate that is no authority is pinned: the server must present that very
/// certificate, and no certificate that its key has signed is trusted.
///
/// ```
/// use wxpay_transport::Roots;
///
/// # let ca_pem = rcgen::generate_simple_self_signed(["localhost".to_owned()])?.cert.pem();
/// let both = Roots::webpki().with_pem(&ca_pem)?;
/// let ours_alone = Roots::empty().with_pem(&ca_pem)?;
/// let zip = Roots::webpki().with_pem(b"PK\x03\x04...").unwrap_err();
/// assert!(zip.to_string().contains("a zip archive: unpack it first"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Roots {
    webpki: bool,
    #[cfg(feature = "native-roots")]
    native: bool,
    own: RootCertStore,
    /// Those in `own` with too short a key: the subject, and the length of the key in bits.
    pub(crate) weak: BTreeMap<String, usize>,
    /// Certificates that are no authorities.
    pub(crate) pinned: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// No authority at all, for [`with_pem`](Self::with_pem) to add to.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            webpki: false,
            #[cfg(feature = "native-roots")]
            native: false,
            own: RootCertStore::empty(),
            weak: BTreeMap::new(),
            pinned: Vec::new(),
        }
    }

    /// The authorities that Mozilla's browsers trust.
    #[must_use]
    pub fn webpki() -> Self {
        Self {
            webpki: true,
            ..Self::empty()
        }
    }

    /// The authorities that are installed on this machine. `SSL_CERT_FILE` and `SSL_CERT_DIR` can
    /// name another file or folder.
    ///
    /// They are read on a blocking thread when the first connection is opened. If none can be read,
    /// calls fail with [`NoRoots`](crate::TlsErrorKind::NoRoots); if a part cannot be read,
    /// `tracing` gets a warning.
    #[cfg(feature = "native-roots")]
    #[must_use]
    pub fn native() -> Self {
        Self::empty().with_native()
    }

    /// Adds the authorities that [`native`](Self::native) reads, if there are any.
    #[cfg(feature = "native-roots")]
    #[must_use]
    pub fn with_native(mut self) -> Self {
        self.native = true;
        self
    }

    /// Adds the certificates in a PEM file.
    ///
    /// # Errors
    ///
    /// [`RootsError`] when the file has another format or is damaged, or when it contains a
    /// certificate that an authority has issued to a server or a client.
    pub fn with_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, RootsError> {
        for der in read_authorities(pem)? {
            self.add(der.into())?;
        }
        Ok(self)
    }

    fn add(&mut self, der: CertificateDer<'static>) -> Result<(), RootsError> {
        const DAMAGED: RootsError = RootsError::File(IdentityError::Damaged(Part::Authorities));
        let certificate = ServerCertificate::parse(&der).ok_or(DAMAGED)?;
        let subject = certificate.subject;
        if certificate.may_issue {
            self.weak
                .extend(certificate.weak_key.map(|bits| (subject, bits)));
            return self.own.add(der).map_err(|_| DAMAGED);
        }
        if !certificate.is_for_servers {
            return Err(RootsError::ForClients(subject));
        }
        if !certificate.is_self_signed {
            return Err(RootsError::NotAnAuthority(subject));
        }
        self.pinned.push(der);
        Ok(())
    }

    /// All authorities, including those of the machine's store.
    pub(crate) async fn load(&self) -> Result<RootCertStore, Error> {
        let mut store = self.own.clone();
        if self.webpki {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        #[cfg(feature = "native-roots")]
        if self.native {
            let no_roots = |source| Error::new(ErrorKind::Tls(TlsErrorKind::NoRoots), source);
            let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            // It fails when the runtime shuts down.
            let read = read.map_err(|error| no_roots(BoxError::from(error)))?;
            let found = read.certs.len();
            let (taken, _) = store.add_parsable_certificates(read.certs);
            tracing::debug!(found, taken, "read the machine's certificate authorities");
            for error in &read.errors {
                let error: &dyn std::error::Error = error;
                let unread = "a part of the machine's certificate authorities cannot be read";
                tracing::warn!(error, "{unread}");
            }
            if store.is_empty() && self.pinned.is_empty() {
                let first = read.errors.into_iter().next().map(BoxError::from);
                return Err(no_roots(
                    first.unwrap_or("the machine's store is empty".into()),
                ));
            }
        }
        Ok(store)
    }
}

/// The reason why a file of certificate authorities was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The file is not PEM, contains no certificate, or is damaged.
    #[error(transparent)]
    File(#[from] IdentityError),
    /// The certificate of this subject was issued by an authority.
    #[error(
        "the certificate of `{0}` is not an authority's, but issued by one: give the authority's certificate"
    )]
    NotAnAuthority(String),
    /// The certificate of this subject is for clients, as the caller's own.
    #[error(
        "the certificate of `{0}` is for clients: give the certificate of the server's authority"
    )]
    ForClients(String),
}

/// rustls' lower bound of RSA keys, in bits.
const SHORTEST: usize = 2048;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// A parsed certificate.
pub(crate) struct ServerCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    may_issue: bool,
    is_self_signed: bool,
    is_for_servers: bool,
    /// The length of an RSA key that is too short, in bits.
    pub(crate) weak_key: Option<usize>,
}

impl ServerCertificate {
    pub(crate) fn parse(der: &CertificateDer<'_>) -> Option<Self> {
        // `Raw` accepts all certificates that rustls accepts, and not only those that RFC 5280
        // allows.
        let certificate: CertificateInner<Raw> = CertificateInner::from_der(der).ok()?;
        let certificate = certificate.tbs_certificate();
        let validity = certificate.validity();
        let issuer_key = certificate.get_extension::<AuthorityKeyIdentifier>().ok()?;
        let issuer_key = issuer_key.and_then(|(_, id)| id.key_identifier);
        let own_key = certificate.get_extension::<SubjectKeyIdentifier>().ok()?;
        let is_self_signed = certificate.issuer() == certificate.subject()
            && match (issuer_key, own_key) {
                (Some(issuer), Some((_, own))) => issuer == own.0,
                _ => true,
            };
        let usage = certificate.get_extension::<KeyUsage>().ok()?;
        let may_sign = usage.is_none_or(|(_, usage)| usage.key_cert_sign());
        let usages = certificate.get_extension::<ExtendedKeyUsage>().ok()?;
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before: UNIX_EPOCH + validity.not_before.to_unix_duration(),
            not_after: UNIX_EPOCH + validity.not_after.to_unix_duration(),
            may_issue: match certificate.get_extension::<BasicConstraints>().ok()? {
                Some((_, constraints)) => constraints.ca && may_sign,
                // Version 1 has no extensions: as in OpenSSL, a self-signed one is an authority.
                None => certificate.version() == Version::V1 && is_self_signed,
            },
            is_self_signed,
            is_for_servers: usages.is_none_or(|(_, ExtendedKeyUsage(usages))| {
                usages.contains(&SERVER_AUTH) || usages.contains(&ANY_USAGE)
            }),
            weak_key: rsa_bits(certificate).filter(|&bits| bits < SHORTEST),
        })
    }
}

/// The length of the modulus, if it is an RSA key.
fn rsa_bits(certificate: &TbsCertificateInner<Raw>) -> Option<usize> {
    let key = certificate.subject_public_key_info();
    if key.algorithm.oid != RSA {
        return None;
    }
    let numbers = Vec::<UintRef<'_>>::from_der(key.subject_public_key.raw_bytes()).ok()?;
    let modulus = numbers.first()?.as_bytes();
    Some(modulus.len() * 8 - modulus.first()?.leading_zeros() as usize)
}
