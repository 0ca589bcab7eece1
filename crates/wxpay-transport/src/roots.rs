//! The certificate authorities that a server's certificate must lead to.

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use wxpay_identity::{IdentityError, Part, read_authorities};

#[cfg(feature = "native-roots")]
use crate::error::{BoxError, ErrorKind, TlsErrorKind};
use crate::{
    certificate::{Purpose, ServerCertificate},
    error::Error,
};

/// The certificate authorities (trust anchors) that a server's certificate must lead to.
///
/// Mozilla's set is compiled in, so it costs no start-up time and is the same on every machine; a
/// private authority can be added to it or take its place. Nothing here pins a single public
/// authority: gateways change theirs.
///
/// A self-signed certificate that is no authority is trusted for itself alone: the server must present
/// that very certificate, and nothing that its key has signed is trusted.
///
/// ```
/// use wxpay_transport::Roots;
///
/// # let ca_pem = rcgen::generate_simple_self_signed(["localhost".to_owned()])?.cert.pem();
/// let both = Roots::webpki().with_pem(&ca_pem)?;
/// let ours_alone = Roots::empty().with_pem(&ca_pem)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Roots {
    webpki: bool,
    #[cfg(feature = "native-roots")]
    native: bool,
    own: RootCertStore,
    /// Those in `own` with keys too weak to be used: subject, and bits of the key.
    weak: Vec<(Vec<u8>, usize)>,
    pinned: Vec<CertificateDer<'static>>,
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
            weak: Vec::new(),
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

    /// The authorities that are installed on this machine, and no others: what administrators add to
    /// and take from. `SSL_CERT_FILE` and `SSL_CERT_DIR` can name another file or folder for them.
    ///
    /// They are read, on a thread that may block, when the first connection is opened. If none can
    /// be read at all, that call and the next ones fail with
    /// [`TlsErrorKind::NoRoots`](crate::TlsErrorKind::NoRoots); a part that cannot be read is a warning
    /// in `tracing`.
    #[cfg(feature = "native-roots")]
    #[must_use]
    pub fn native() -> Self {
        Self::empty().with_native()
    }

    /// These authorities and those that are installed on this machine, as [`native`](Self::native)
    /// reads them; but if none can be read, these alone.
    #[cfg(feature = "native-roots")]
    #[must_use]
    pub fn with_native(mut self) -> Self {
        self.native = true;
        self
    }

    /// These authorities and those in a PEM file.
    ///
    /// # Errors
    ///
    /// [`RootsError`] when the file is of another form or damaged, or holds a certificate that an
    /// authority has issued to a server or a client.
    ///
    /// ```
    /// use wxpay_transport::Roots;
    ///
    /// let zip = Roots::webpki().with_pem(b"PK\x03\x04...").unwrap_err();
    /// assert!(zip.to_string().contains("a zip archive: unpack it first"));
    /// ```
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
        match certificate.purpose {
            Purpose::Authority => {
                if let Some(bits) = certificate.weak_key {
                    self.weak.push((certificate.subject_der, bits));
                }
                self.own.add(der).map_err(|_| DAMAGED)
            }
            Purpose::SelfSignedServer => {
                self.pinned.push(der);
                Ok(())
            }
            Purpose::Issued => Err(RootsError::NotAnAuthority { subject }),
            Purpose::Client => Err(RootsError::ForClients { subject }),
        }
    }

    /// All authorities, those of the machine read from its store.
    #[cfg_attr(
        not(feature = "native-roots"),
        expect(
            clippy::unused_async,
            reason = "only the machine's store has to be read"
        )
    )]
    pub(crate) async fn load(&self) -> Result<RootCertStore, Error> {
        let mut store = self.own.clone();
        if self.webpki {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        #[cfg(feature = "native-roots")]
        if self.native {
            read_native(&mut store, !self.pinned.is_empty()).await?;
        }
        Ok(store)
    }

    /// The bits of the key of an authority of this name, where they are too few to be used.
    pub(crate) fn weak_key(&self, subject: &[u8]) -> Option<usize> {
        let found = self.weak.iter().find(|(known, _)| known == subject);
        found.map(|(_, bits)| *bits)
    }

    /// The certificates that are trusted for themselves alone.
    pub(crate) fn pinned(&self) -> &[CertificateDer<'static>] {
        &self.pinned
    }
}

/// The reason why a file of certificate authorities was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// The file is of another form than PEM, has no certificate in it, or is damaged.
    #[error(transparent)]
    File(#[from] IdentityError),
    /// A certificate that an authority has issued: that authority is to be trusted in its place.
    #[error(
        "the certificate of `{subject}` is not an authority's, but issued by one: give the authority's certificate"
    )]
    #[non_exhaustive]
    NotAnAuthority {
        /// Its subject, as RFC 4514 writes it.
        subject: String,
    },
    /// A certificate for clients, such as one's own.
    #[error(
        "the certificate of `{subject}` is for clients: give the certificate of the server's authority"
    )]
    #[non_exhaustive]
    ForClients {
        /// Its subject, as RFC 4514 writes it.
        subject: String,
    },
}

/// Adds the machine's authorities to the store.
#[cfg(feature = "native-roots")]
async fn read_native(store: &mut RootCertStore, may_be_empty: bool) -> Result<(), Error> {
    let no_roots = |source| Error::new(ErrorKind::Tls(TlsErrorKind::NoRoots), source);
    let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    // It ends without a result when the runtime does.
    let read = read.map_err(|error| no_roots(BoxError::from(error)))?;
    let found = read.certs.len();
    let (taken, _) = store.add_parsable_certificates(read.certs);
    tracing::debug!(found, taken, "read the machine's certificate authorities");
    for error in &read.errors {
        let error: &dyn std::error::Error = error;
        tracing::warn!(
            error,
            "a part of the machine's certificate authorities cannot be read"
        );
    }
    if store.is_empty() && !may_be_empty {
        let first = read.errors.into_iter().next();
        let empty = || BoxError::from("the machine's store is empty");
        return Err(no_roots(first.map_or_else(empty, BoxError::from)));
    }
    Ok(())
}
