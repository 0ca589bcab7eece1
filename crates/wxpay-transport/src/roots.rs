//! The certificate authorities that a server's certificate must lead to.

use std::sync::Arc;

use rustls::{RootCertStore, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::sync::OnceCell;

use crate::{
    Error,
    certificate::{Purpose, ServerCertificate},
    verifier::Verifier,
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
/// let both = Roots::mozilla().and_pem(&ca_pem)?;
/// let ours_alone = Roots::only_pem(&ca_pem)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Roots {
    mozilla: bool,
    #[cfg(feature = "native-roots")]
    system: bool,
    own: RootCertStore,
    /// Those in `own` with keys too weak to be used: subject, and bits of the key.
    weak: Vec<(Vec<u8>, usize)>,
    pinned: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// The authorities that Mozilla's browsers trust.
    #[must_use]
    pub fn mozilla() -> Self {
        Self {
            mozilla: true,
            ..Self::none()
        }
    }

    /// The authorities that are installed on this machine, and no others: what administrators add to
    /// and take from. `SSL_CERT_FILE` and `SSL_CERT_DIR` can name another file or folder for them.
    ///
    /// They are read, on a thread that may block, when the first connection is opened. If none can
    /// be read at all, that call and the next ones fail with [`TlsFault::NoRoots`]; a part that
    /// cannot be read is a warning in `tracing`.
    ///
    /// ```
    /// use wxpay_transport::{Roots, Transport};
    ///
    /// // The store is read with the first connection, not here.
    /// let transport: Transport<String> = Transport::builder().roots(Roots::system()).build()?;
    /// # Ok::<(), wxpay_transport::BuildError>(())
    /// ```
    ///
    /// [`TlsFault::NoRoots`]: crate::TlsFault::NoRoots
    #[cfg(feature = "native-roots")]
    #[must_use]
    pub fn system() -> Self {
        Self {
            system: true,
            ..Self::none()
        }
    }

    /// These authorities and those that are installed on this machine, as [`system`](Self::system)
    /// reads them; but if none can be read, these alone.
    #[cfg(feature = "native-roots")]
    #[must_use]
    pub fn and_system(mut self) -> Self {
        self.system = true;
        self
    }

    /// The authorities in a PEM file, and no others.
    ///
    /// # Errors
    ///
    /// As [`and_pem`](Self::and_pem).
    pub fn only_pem(pem: impl AsRef<[u8]>) -> Result<Self, InvalidRoots> {
        Self::none().and_pem(pem)
    }

    /// These authorities and those in a PEM file.
    ///
    /// # Errors
    ///
    /// [`InvalidRoots`] when the file holds no certificate or is cut, or holds one that an authority
    /// has issued to a server or a client.
    ///
    /// ```
    /// use wxpay_transport::{InvalidRoots, Roots};
    ///
    /// assert_eq!(Roots::mozilla().and_pem("").unwrap_err(), InvalidRoots::Empty);
    /// ```
    pub fn and_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, InvalidRoots> {
        let mut is_empty = true;
        for der in CertificateDer::pem_slice_iter(pem.as_ref()) {
            self.add(der.map_err(|_| InvalidRoots::Pem)?)?;
            is_empty = false;
        }
        if is_empty {
            return Err(InvalidRoots::Empty);
        }
        Ok(self)
    }

    fn add(&mut self, der: CertificateDer<'static>) -> Result<(), InvalidRoots> {
        let certificate = ServerCertificate::parse(&der).ok_or(InvalidRoots::Pem)?;
        match certificate.purpose {
            Purpose::Authority => {
                if let Some(bits) = certificate.weak_key {
                    self.weak.push((certificate.subject_der, bits));
                }
                self.own.add(der).map_err(|_| InvalidRoots::Pem)
            }
            Purpose::SelfSignedServer => {
                self.pinned.push(der);
                Ok(())
            }
            Purpose::Issued => Err(InvalidRoots::NotAnAuthority {
                subject: certificate.subject,
            }),
            Purpose::Client => Err(InvalidRoots::ForClients {
                subject: certificate.subject,
            }),
        }
    }

    fn none() -> Self {
        Self {
            mozilla: false,
            #[cfg(feature = "native-roots")]
            system: false,
            own: RootCertStore::empty(),
            weak: Vec::new(),
            pinned: Vec::new(),
        }
    }
}

/// Why a file of certificate authorities was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRoots {
    /// No `CERTIFICATE` section in it: another kind of file, or DER where PEM is wanted.
    #[error("no PEM certificate in the file of certificate authorities")]
    Empty,
    /// A section is cut, is not base64, or is no X.509 certificate.
    #[error("the file of certificate authorities is cut or damaged")]
    Pem,
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

/// Makes the verifier when it is first needed: to read the machine's store may take long, and a
/// program that makes no call should not wait for it.
pub(crate) struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    roots: Roots,
    verifier: OnceCell<Arc<Verifier>>,
}

impl LazyVerifier {
    pub(crate) fn new(provider: Arc<CryptoProvider>, roots: Roots) -> Self {
        Self {
            provider,
            roots,
            verifier: OnceCell::new(),
        }
    }

    pub(crate) async fn get(&self) -> Result<Arc<Verifier>, Error> {
        let verifier = self.verifier.get_or_try_init(|| async {
            let roots = &self.roots;
            let mut store = roots.own.clone();
            if roots.mozilla {
                store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
            #[cfg(feature = "native-roots")]
            if roots.system {
                read_native(&mut store, !roots.pinned.is_empty()).await?;
            }
            let (weak, pinned) = (roots.weak.clone(), roots.pinned.clone());
            Ok(Arc::new(Verifier::new(&self.provider, store, weak, pinned)))
        });
        verifier.await.cloned()
    }
}

/// Adds the machine's authorities to the store.
#[cfg(feature = "native-roots")]
async fn read_native(store: &mut RootCertStore, may_be_empty: bool) -> Result<(), Error> {
    let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    // It ends without a result when the runtime does.
    let read = read.map_err(|error| Error::no_roots(error.into()))?;
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
        let empty = || "the machine's store is empty".into();
        return Err(Error::no_roots(first.map_or_else(empty, Into::into)));
    }
    Ok(())
}
