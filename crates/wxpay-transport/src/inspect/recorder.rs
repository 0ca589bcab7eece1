//! What passes by in a TLS handshake, written down.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::{Identity, tls::certified_key, verifier::Verifier};

/// Stands before what rustls would use, notes what it is asked, and leaves every answer to it.
///
/// In particular it trusts nothing by itself. It is here because a handshake that failed does not
/// say which certificates it failed over.
#[derive(Debug)]
pub(crate) struct Recorder {
    verifier: Arc<Verifier>,
    identity: Option<SingleCertAndKey>,
    chain: OnceLock<Vec<CertificateDer<'static>>>,
    is_asked: AtomicBool,
}

impl Recorder {
    pub(super) fn new(
        provider: &CryptoProvider,
        verifier: Arc<Verifier>,
        identity: Option<&Identity>,
    ) -> Result<Self, Error> {
        let identity = identity.map(|identity| certified_key(provider, identity));
        Ok(Self {
            identity: identity.transpose()?,
            verifier,
            chain: OnceLock::new(),
            is_asked: AtomicBool::new(false),
        })
    }

    /// The server's certificates, its own first.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        self.chain.get().map_or(&[], Vec::as_slice)
    }

    /// Whether the server wanted a client certificate.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.chain.get_or_init(|| {
            let chain = [end_entity].into_iter().chain(intermediates);
            chain.map(|it| it.clone().into_owned()).collect()
        });
        self.verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.is_asked.store(true, Ordering::Relaxed);
        let identity = self.identity.as_ref()?;
        identity.resolve(root_hint_subjects, schemes)
    }

    fn has_certs(&self) -> bool {
        // Without this rustls does not ask.
        true
    }
}
