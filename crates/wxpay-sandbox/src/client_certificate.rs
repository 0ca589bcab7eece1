//! What a client certificate is worth.

use std::sync::Arc;

use rustls::{
    CertificateError, Error, RootCertStore,
    crypto::CryptoProvider,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::BoxError;

/// The verdict on what a client has sent in the handshake. It is told in the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientCertificate {
    /// None was sent.
    Missing,
    /// It is not one of the authority's, or not valid now; here is why, for people.
    Refused(&'static str),
    /// The authority's, valid now, and for this common name, if it has one.
    Accepted(Option<String>),
}

/// Judges the certificates of clients: those that one authority has issued directly are accepted.
///
/// Chains are not followed. The authority issues no intermediates, and so a certificate can be judged
/// by itself, in the handshake and after it alike.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    webpki: Arc<dyn ClientCertVerifier>,
}

impl Judge {
    pub(crate) fn new(
        authority: CertificateDer<'_>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.into_owned())?;
        let webpki = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build()?;
        Ok(Self { webpki })
    }

    /// The verdict on the certificates that a client has sent, its own first.
    pub(crate) fn judge(
        &self,
        sent: Option<&[CertificateDer<'_>]>,
        now: UnixTime,
    ) -> ClientCertificate {
        let Some(certificate) = sent.and_then(<[_]>::first) else {
            return ClientCertificate::Missing;
        };
        match self.check(certificate, now) {
            Ok(()) => ClientCertificate::Accepted(common_name(certificate)),
            Err(error) => ClientCertificate::Refused(reason(&error)),
        }
    }

    /// Whether the authority has issued it, for clients, and it is valid now.
    pub(crate) fn check(&self, cert: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
        self.webpki.verify_client_cert(cert, &[], now).map(drop)
    }

    /// What knows how to check the signatures of a handshake.
    pub(crate) fn webpki(&self) -> &dyn ClientCertVerifier {
        &*self.webpki
    }
}

/// The subject's common name; of several, the first.
pub(crate) fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}

fn reason(error: &Error) -> &'static str {
    let Error::InvalidCertificate(error) = error else {
        return "it cannot be checked";
    };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "this sandbox's authority has not issued it"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for clients"
        }
        CertificateError::BadEncoding => "it cannot be read",
        _ => "it is not acceptable",
    }
}
