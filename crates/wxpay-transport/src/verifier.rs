//! The verifier of servers' certificates.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::der::{Decode, SliceReader, oid::ObjectIdentifier};

use crate::{
    config::{Config, ConnectEvent},
    error::Uncheckable,
    roots::ServerCertificate,
};

/// rustls' verifier, which also trusts pinned certificates, and explains why a signature cannot be
/// checked.
#[derive(Debug)]
pub(crate) struct Verifier {
    /// `None` without any authority, from which rustls' verifier cannot be made.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
    config: Arc<Config>,
}

impl Verifier {
    pub(crate) fn new(
        provider: &Arc<CryptoProvider>,
        authorities: RootCertStore,
        config: &Arc<Config>,
    ) -> Self {
        let (authorities, provider) = (Arc::new(authorities), Arc::clone(provider));
        let algorithms = provider.signature_verification_algorithms;
        let verifier = WebPkiServerVerifier::builder_with_provider(authorities, provider);
        Self {
            // Without revocation lists the only possible error is that there is no authority.
            authorities: verifier.build().ok(),
            algorithms,
            config: Arc::clone(config),
        }
    }

    /// Adds the reason why a signature in the chain could not be checked.
    fn explain(&self, error: Error, chain: &[Option<ServerCertificate>]) -> Error {
        use CertificateError::{
            BadSignature, UnsupportedSignatureAlgorithmContext as OfKind,
            UnsupportedSignatureAlgorithmForPublicKeyContext as ForKey,
        };

        let Error::InvalidCertificate(why) = &error else {
            return error;
        };
        let cause = match why {
            BadSignature => {
                let mut issuers = chain.iter().skip(1).flatten();
                let of_issuer = issuers.find_map(|issuer| issuer.weak_key);
                let weak = &self.config.roots.weak;
                let of_authority = |it: &ServerCertificate| weak.get(&it.issuer).copied();
                let bits = of_issuer.or_else(|| chain.iter().flatten().find_map(of_authority));
                bits.map(Uncheckable::WeakKey)
            }
            OfKind {
                signature_algorithm_id,
                ..
            }
            | ForKey {
                signature_algorithm_id,
                ..
            } => Some(Uncheckable::Signature(signature(signature_algorithm_id))),
            _ => None,
        };
        cause.map_or(error, Error::from)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [end_entity].into_iter().chain(intermediates);
        let chain: Vec<_> = chain.map(|der| ServerCertificate::parse(der)).collect();
        // A certificate that cannot be parsed has an empty issuer.
        let issuer = |it: &Option<ServerCertificate>| Some(it.as_ref()?.issuer.clone());
        let issuers = chain.iter().map(|it| issuer(it).unwrap_or_default());
        let issuers: Vec<String> = issuers.collect();
        self.config
            .observe(ConnectEvent::CertificatesPresented(&issuers));
        let own = chain[0].as_ref();
        // Its signature in the handshake cannot be checked.
        if let Some(bits) = own.and_then(|own| own.weak_key) {
            return Err(Uncheckable::WeakKey(bits).into());
        }
        if let Some(own) = own.filter(|_| self.config.roots.pinned.contains(end_entity)) {
            let now = UNIX_EPOCH + Duration::from_secs(now.as_secs());
            if now > own.not_after {
                return Err(CertificateError::Expired.into());
            }
            if now < own.not_before {
                return Err(CertificateError::NotValidYet.into());
            }
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let Some(authorities) = &self.authorities else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        authorities
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| self.explain(error, &chain))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl From<Uncheckable> for Error {
    fn from(why: Uncheckable) -> Self {
        CertificateError::Other(OtherError(Arc::new(why))).into()
    }
}

/// The name of a signature algorithm, from the contents of its `AlgorithmIdentifier`.
fn signature(id: &[u8]) -> String {
    let oid = SliceReader::new(id).and_then(|mut reader| <ObjectIdentifier>::decode(&mut reader));
    let oid = oid.map(|oid| oid.to_string()).unwrap_or_default();
    let name = match oid.as_str() {
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.1" => "ECDSA with SHA-224",
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.14" => "RSA with SHA-224",
        "1.3.101.113" => "Ed448",
        "1.2.156.10197.1.501" => "SM2 with SM3",
        _ => return format!("of the kind {oid}"),
    };
    name.to_owned()
}
