//! The server's side of TLS, and the check of client certificates.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use serde::Serialize;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// An error of a library, boxed so that its type is no part of this crate's API.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The crypto provider of this crate, never the process-wide one.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// TLS 1.2 and 1.3, HTTP/1.1; a client certificate is asked for, but not required.
pub(crate) fn config(
    cert: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    checker: ClientCertChecker,
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(checker))
        .with_single_cert(vec![cert], key)?;
    // A client whose ALPN list has none of these is refused in the handshake.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    Ok(config)
}

/// Checks client certificates: it accepts those that one authority has issued directly. The
/// authority issues no intermediates, so chains are not followed.
///
/// The handshake takes any certificate, or none, as the real gateway does, and the response says
/// whether it is accepted. But an acceptable certificate without its key fails in the handshake,
/// the only place that shows it. The keys of others do not matter, and webpki cannot check all
/// (versions 1 and 2, short RSA).
#[derive(Debug, Clone)]
pub(crate) struct ClientCertChecker(Arc<dyn ClientCertVerifier>);

impl ClientCertChecker {
    pub(crate) fn new(authority: CertificateDer<'_>) -> Result<Self, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.into_owned())?;
        let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
        Ok(Self(builder.build()?))
    }

    /// Whether the authority has issued it, for clients, and it is valid now.
    pub(crate) fn check(&self, cert: &CertificateDer<'_>) -> Result<(), Error> {
        let verified = self.0.verify_client_cert(cert, &[], UnixTime::now());
        verified.map(drop)
    }

    /// A certificate of the handshake, with the outcome of its check.
    pub(crate) fn sent(&self, cert: &CertificateDer<'_>) -> SentCertificate {
        let parsed = X509Certificate::from_der(cert).ok().map(|it| it.1);
        let parsed = parsed.as_ref();
        SentCertificate {
            subject: parsed.map_or_else(String::new, |it| it.subject().to_string()),
            serial_number: parsed.map_or_else(String::new, |it| format!("{:X}", it.serial)),
            refused: self
                .check(cert)
                .err()
                .map(|error| reason(&error).to_owned()),
            holder: parsed.and_then(common_name),
        }
    }

    /// The outcome of the client's signature in the handshake, which matters for acceptable
    /// certificates.
    fn settle(
        &self,
        cert: &CertificateDer<'_>,
        signature: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match signature {
            Err(error) if self.check(cert).is_ok() => Err(error),
            _ => Ok(HandshakeSignatureValid::assertion()),
        }
    }
}

impl ClientCertVerifier for ClientCertChecker {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// Empty: with a list, some clients (Go's) send only certificates of an issuer in it.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.settle(cert, self.0.verify_tls12_signature(message, cert, dss))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.settle(cert, self.0.verify_tls13_signature(message, cert, dss))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
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
    /// The common name, which is the merchant id.
    #[serde(skip)]
    pub(crate) holder: Option<String>,
}

/// 1 to 32 ASCII letters and digits.
pub(crate) fn is_merchant_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The common name of the subject; of several, the first.
pub(crate) fn common_name(cert: &X509Certificate<'_>) -> Option<String> {
    let name = cert.subject().iter_common_name().next()?;
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
