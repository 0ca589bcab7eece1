//! The TLS configurations, one for each identity.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, SignatureScheme, WantsVerifier, client::ResolvesClientCert,
    crypto::CryptoProvider, sign::CertifiedKey,
};
use tokio::sync::OnceCell;

use crate::{
    Identity, Roots,
    config::{ClientIdentity, Config, ConnectEvent, Observer},
    crypto::{certified_key, default_provider},
    error::{BoxError, BuildError, Error, ErrorKind, TlsErrorKind},
    verifier::Verifier,
};

/// What the TLS configurations of all identities have in common.
pub(crate) struct Tls {
    versions: ConfigBuilder<ClientConfig, WantsVerifier>,
    roots: Roots,
    observer: Observer,
    /// Made when it is first needed: to read the machine's store may take long, and a program that
    /// makes no call should not wait for it.
    verifier: OnceCell<Arc<Verifier>>,
}

impl Tls {
    pub(crate) fn new(config: &Config) -> Result<Self, BuildError> {
        let given = config.crypto_provider.clone();
        let provider = given.or_else(|| default_provider().map(Arc::new));
        let provider = provider.ok_or_else(|| {
            BuildError::new(
                "no crypto provider: turn on the feature `ring` or `aws-lc-rs`, or hand one in",
            )
        })?;
        let versions = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(BuildError::new)?;
        if let Some(ClientIdentity::Fixed(identity)) = &config.identity {
            certified_key(versions.crypto_provider(), identity).map_err(BuildError::new)?;
        }
        Ok(Self {
            versions,
            roots: config.roots.clone(),
            observer: config.observer.clone(),
            verifier: OnceCell::new(),
        })
    }

    fn provider(&self) -> &Arc<CryptoProvider> {
        self.versions.crypto_provider()
    }

    /// A configuration with a session store of its own.
    pub(crate) async fn client_config(
        &self,
        identity: Option<&Identity>,
    ) -> Result<ClientConfig, Error> {
        let verifier = self.verifier.get_or_try_init(|| async {
            let store = self.roots.load().await?;
            let observer = self.observer.clone();
            let verifier = Verifier::new(self.provider(), store, &self.roots, observer);
            Ok::<_, Error>(Arc::new(verifier))
        });
        let verifier = Arc::clone(verifier.await?);
        let builder = self.versions.clone().dangerous();
        let resolver = ClientCertificate {
            key: identity
                .map(|identity| certified_key(self.provider(), identity))
                .transpose()
                .map_err(|error| {
                    let kind = ErrorKind::Tls(TlsErrorKind::Other);
                    Error::new(kind, BoxError::from(error))
                })?,
            observer: self.observer.clone(),
        };
        Ok(builder
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(resolver)))
    }
}

/// The client's certificate, given to every server that asks for one.
#[derive(Debug)]
struct ClientCertificate {
    key: Option<Arc<CertifiedKey>>,
    observer: Observer,
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.observer.tell(ConnectEvent::CertificateRequested);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        // An observer wants to hear of the question, too.
        self.key.is_some() || self.observer.0.is_some()
    }
}
