//! Whether the gateway accepts a client certificate.

use std::sync::Arc;

use rustls::{
    CertificateError, Error, RootCertStore,
    crypto::CryptoProvider,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};
use serde::Serialize;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::{BoxError, limits};

/// Status of what a client has sent in the handshake. The response tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientCertStatus {
    /// None was sent.
    Missing,
    /// It is not one of the authority's, or not valid now; here is why, for people.
    Refused(&'static str),
    /// The authority's, valid now, and for this common name, if it has one.
    Accepted(Option<String>),
}

/// Checks client certificates: those that one authority has issued directly are accepted.
///
/// Chains are not followed. The authority issues no intermediates, and so a certificate can be checked
/// by itself, in the handshake and after it alike.
#[derive(Debug, Clone)]
pub(crate) struct ClientCertChecker {
    webpki: Arc<dyn ClientCertVerifier>,
}

impl ClientCertChecker {
    pub(crate) fn new(
        authority: CertificateDer<'_>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.into_owned())?;
        let webpki = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build()?;
        Ok(Self { webpki })
    }

    /// Status of the certificates that a client has sent, its own first.
    pub(crate) fn status(
        &self,
        sent: Option<&[CertificateDer<'_>]>,
        now: UnixTime,
    ) -> ClientCertStatus {
        let Some(certificate) = sent.and_then(<[_]>::first) else {
            return ClientCertStatus::Missing;
        };
        match self.check(certificate, now) {
            Ok(()) => ClientCertStatus::Accepted(common_name(certificate)),
            Err(error) => ClientCertStatus::Refused(reason(&error)),
        }
    }

    /// Whether the authority has issued it, for clients, and it is valid now.
    pub(crate) fn check(&self, cert: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
        self.webpki.verify_client_cert(cert, &[], now).map(drop)
    }

    /// Verifier of the handshake's signatures.
    pub(crate) fn webpki(&self) -> &dyn ClientCertVerifier {
        &*self.webpki
    }
}

/// A client certificate that was sent in the handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SentCertificate {
    /// As `CN=1900000109`; empty where it cannot be read.
    pub subject: String,
    /// In upper-case hex, as the merchant platform shows it; empty where it cannot be read.
    pub serial_number: String,
    /// Why it is not accepted; none for one that is.
    pub refused: Option<String>,
}

impl SentCertificate {
    pub(crate) fn new(certificate: &CertificateDer<'_>, status: &ClientCertStatus) -> Self {
        let shortened = |text: String| limits::capped(text.as_bytes(), limits::LINE);
        let (subject, serial_number) = match X509Certificate::from_der(certificate) {
            Ok((_, certificate)) => (
                shortened(certificate.subject().to_string()),
                shortened(format!("{:X}", certificate.serial)),
            ),
            Err(_) => Default::default(),
        };
        let refused = match status {
            ClientCertStatus::Refused(why) => Some((*why).to_owned()),
            ClientCertStatus::Missing | ClientCertStatus::Accepted(_) => None,
        };
        Self {
            subject,
            serial_number,
            refused,
        }
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
