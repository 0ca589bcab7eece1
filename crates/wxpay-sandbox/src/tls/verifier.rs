//! A verifier that refuses nobody in the handshake.

use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::client_certificate::Judge;

/// Asks for a client certificate and takes any, or none, as the real gateway does: the verdict is
/// told in the reply, by [`Judge::judge`].
///
/// One thing must be settled in the handshake, since nothing shows it later: that the client has the
/// key of the certificate it sends. Whoever sends a certificate that the reply would accept, and cannot
/// sign with its key, is turned away. For other certificates it does not matter, and webpki could not
/// check it for all of them (versions 1 and 2, short RSA keys).
#[derive(Debug)]
pub(super) struct AskForAny {
    judge: Judge,
}

impl AskForAny {
    pub(super) fn new(judge: Judge) -> Self {
        Self { judge }
    }

    fn settle(
        &self,
        cert: &CertificateDer<'_>,
        signature: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match signature {
            Err(error) if self.judge.check(cert, UnixTime::now()).is_ok() => Err(error),
            _ => Ok(HandshakeSignatureValid::assertion()),
        }
    }
}

impl ClientCertVerifier for AskForAny {
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
        self.settle(
            cert,
            self.judge
                .webpki()
                .verify_tls12_signature(message, cert, dss),
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.settle(
            cert,
            self.judge
                .webpki()
                .verify_tls13_signature(message, cert, dss),
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.webpki().supported_verify_schemes()
    }
}
