//! The server's side of TLS.

use std::sync::Arc;

use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, ring},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use crate::request::client_certificate::ClientCertChecker;

/// The one crypto provider of this crate, never the process-wide one.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// TLS 1.2 and 1.3, HTTP/1.1, a client certificate asked for and not insisted on.
pub(crate) fn config(
    cert: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    checker: ClientCertChecker,
) -> Result<Arc<ServerConfig>, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(OptionalClientAuth(checker)))
        .with_single_cert(vec![cert], key)?;
    // Without an offered protocol in common there would be no TLS at all.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    Ok(Arc::new(config))
}

/// Asks for a client certificate and takes any, or none, as the real gateway does: the response states
/// the result, by [`ClientCertChecker::status`].
///
/// Only the handshake shows that the client has the key of its certificate. So a client is turned away
/// whose certificate the response would accept, and which cannot sign with its key. For other
/// certificates it does not matter, and webpki could not check all of them (versions 1 and 2, short RSA
/// keys).
#[derive(Debug)]
struct OptionalClientAuth(ClientCertChecker);

impl OptionalClientAuth {
    fn settle(
        &self,
        cert: &CertificateDer<'_>,
        signature: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match signature {
            Err(error) if self.0.check(cert, UnixTime::now()).is_ok() => Err(error),
            _ => Ok(HandshakeSignatureValid::assertion()),
        }
    }
}

impl ClientCertVerifier for OptionalClientAuth {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// Empty: otherwise some clients (Go's) send only certificates that one of these names has issued.
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
        let verified = self.0.webpki().verify_tls12_signature(message, cert, dss);
        self.settle(cert, verified)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = self.0.webpki().verify_tls13_signature(message, cert, dss);
        self.settle(cert, verified)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.webpki().supported_verify_schemes()
    }
}
