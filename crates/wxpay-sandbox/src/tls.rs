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
        .with_client_cert_verifier(Arc::new(OptionalClientAuth { checker }))
        .with_single_cert(vec![cert], key)?;
    // Both, for to a client that offers none of these there is no TLS at all.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    Ok(Arc::new(config))
}

/// Asks for a client certificate and takes any, or none, as the real gateway does: its status is told in
/// the response, by [`ClientCertChecker::status`].
///
/// One thing must be settled in the handshake, since nothing shows it later: that the client has the
/// key of the certificate it sends. A client that sends a certificate that the response would accept,
/// and cannot sign with its key, is turned away. For other certificates it does not matter, and webpki
/// could not check it for all of them (versions 1 and 2, short RSA keys).
#[derive(Debug)]
struct OptionalClientAuth {
    checker: ClientCertChecker,
}

impl OptionalClientAuth {
    fn settle(
        &self,
        cert: &CertificateDer<'_>,
        signature: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match signature {
            Err(error) if self.checker.check(cert, UnixTime::now()).is_ok() => Err(error),
            _ => Ok(HandshakeSignatureValid::assertion()),
        }
    }
}

impl ClientCertVerifier for OptionalClientAuth {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: given names, some clients (Go's) send a certificate only if one of them has issued it.
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
        let webpki = self.checker.webpki();
        self.settle(cert, webpki.verify_tls12_signature(message, cert, dss))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let webpki = self.checker.webpki();
        self.settle(cert, webpki.verify_tls13_signature(message, cert, dss))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.checker.webpki().supported_verify_schemes()
    }
}
