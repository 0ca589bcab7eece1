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

/// The gateway's opinion of a client's certificate, which the response states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientCertStatus {
    /// None was sent.
    Missing,
    /// It is not one of the authority's, or not valid now, for this reason.
    Refused(&'static str),
    /// The authority's, valid now, and for this common name, if it has one.
    Accepted(Option<String>),
}

/// Checks client certificates: those that one authority has issued directly are accepted.
///
/// The authority issues no intermediates, so chains are not followed, and a certificate can be checked
/// by itself, in the handshake and after it.
#[derive(Debug, Clone)]
pub(crate) struct ClientCertChecker(Arc<dyn ClientCertVerifier>);

impl ClientCertChecker {
    pub(crate) fn new(
        authority: CertificateDer<'_>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.into_owned())?;
        let webpki = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build()?;
        Ok(Self(webpki))
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
        self.0.verify_client_cert(cert, &[], now).map(drop)
    }

    /// Verifier of the handshake's signatures.
    pub(crate) fn webpki(&self) -> &dyn ClientCertVerifier {
        &*self.0
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
    /// The reason why it is not accepted.
    pub refused: Option<String>,
}

impl SentCertificate {
    pub(crate) fn new(certificate: &CertificateDer<'_>, status: &ClientCertStatus) -> Self {
        let shown = |text: String| limits::capped(text.as_bytes(), limits::LINE);
        let parsed = X509Certificate::from_der(certificate).ok().map(|it| it.1);
        let subject = parsed.as_ref().map(|it| shown(it.subject().to_string()));
        let serial = parsed.as_ref().map(|it| shown(format!("{:X}", it.serial)));
        Self {
            subject: subject.unwrap_or_default(),
            serial_number: serial.unwrap_or_default(),
            refused: match status {
                ClientCertStatus::Refused(why) => Some((*why).to_owned()),
                ClientCertStatus::Missing | ClientCertStatus::Accepted(_) => None,
            },
        }
    }
}

/// 1 to 32 ASCII letters and digits.
pub(crate) fn is_merchant_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The subject's common name; of several, the first.
pub(crate) fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}

fn reason(error: &Error) -> &'static str {
    use CertificateError as E;
    let Error::InvalidCertificate(error) = error else {
        return "it cannot be checked";
    };
    match error {
        E::Expired | E::ExpiredContext { .. } => "it has expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "it is not valid yet",
        E::UnknownIssuer | E::BadSignature => "this sandbox's authority has not issued it",
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "it is not for clients",
        E::BadEncoding => "it cannot be read",
        _ => "it is not acceptable",
    }
}
