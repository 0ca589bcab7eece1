//! Whom a server's certificate must lead to.

mod store;
#[cfg(feature = "native-roots")]
mod system;

use rustls_pki_types::{CertificateDer, pem::PemObject};

pub(crate) use store::RootStore;

/// The certificate authorities (trust anchors) that a server's certificate must lead to.
///
/// Mozilla's set is compiled in, so it costs no start-up time and is the same on every machine; a
/// private authority can be added to it or take its place. Nothing here pins a single public
/// authority: gateways change theirs.
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
    own: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// The authorities that Mozilla's browsers trust.
    ///
    /// ```
    /// use wxpay_transport::{Roots, Transport};
    ///
    /// // The default, said in so many words.
    /// let builder = Transport::builder().roots(Roots::mozilla());
    /// # let _ = builder;
    /// ```
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
    ///
    /// ```
    /// use wxpay_transport::Roots;
    ///
    /// let roots = Roots::mozilla().and_system();
    /// # let _ = roots;
    /// ```
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
    /// [`InvalidRoots`] when the file holds no certificate or is cut.
    ///
    /// ```
    /// use wxpay_transport::{InvalidRoots, Roots};
    ///
    /// # let ca = rcgen::generate_simple_self_signed(["localhost".to_owned()])?.cert;
    /// let roots = Roots::only_pem(ca.pem())?;
    /// let der = Roots::only_pem(ca.der()).unwrap_err();
    /// assert_eq!(der, InvalidRoots::Empty);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only_pem(pem: impl AsRef<[u8]>) -> Result<Self, InvalidRoots> {
        Self::none().and_pem(pem)
    }

    /// These authorities and those in a PEM file.
    ///
    /// # Errors
    ///
    /// [`InvalidRoots`] when the file holds no certificate or is cut.
    ///
    /// ```
    /// use wxpay_transport::{InvalidRoots, Roots};
    ///
    /// assert_eq!(Roots::mozilla().and_pem("").unwrap_err(), InvalidRoots::Empty);
    /// ```
    pub fn and_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, InvalidRoots> {
        let before = self.own.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_ref()) {
            self.own.push(certificate.map_err(|_| InvalidRoots::Pem)?);
        }
        if self.own.len() == before {
            return Err(InvalidRoots::Empty);
        }
        Ok(self)
    }

    fn none() -> Self {
        Self {
            mozilla: false,
            #[cfg(feature = "native-roots")]
            system: false,
            own: Vec::new(),
        }
    }
}

/// Why a file of certificate authorities was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRoots {
    /// No `CERTIFICATE` section in it: another kind of file, or DER where PEM is wanted.
    #[error("no PEM certificate in the file of certificate authorities")]
    Empty,
    /// A section is cut or is not base64.
    #[error("the file of certificate authorities is cut or damaged")]
    Pem,
}
