//! The TLS configurations, one for each identity, and the crypto provider that they stand on.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, SignatureScheme, WantsVerifier, client::ResolvesClientCert,
    crypto::CryptoProvider, sign::CertifiedKey,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::sync::OnceCell;

use crate::{
    Identity, Roots,
    config::{ClientIdentity, Config, ConnectEvent, Observer},
    error::{BoxError, BuildError, Error, ErrorKind, TlsErrorKind},
    verifier::Verifier,
};

/// The common part of the TLS configurations of all identities.
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

    /// The verifier of servers; its first use reads the machine's authorities, if they were asked for.
    pub(crate) async fn verifier(&self) -> Result<Arc<Verifier>, Error> {
        let verifier = self.verifier.get_or_try_init(|| async {
            let store = self.roots.load().await?;
            let provider = self.versions.crypto_provider();
            let observer = self.observer.clone();
            Ok::<_, Error>(Arc::new(Verifier::new(
                provider,
                store,
                &self.roots,
                observer,
            )))
        });
        verifier.await.cloned()
    }

    /// A configuration with a session store of its own.
    pub(crate) fn client_config(
        &self,
        verifier: Arc<Verifier>,
        identity: Option<&Identity>,
    ) -> Result<ClientConfig, Error> {
        let provider = self.versions.crypto_provider();
        let key = identity.map(|identity| certified_key(provider, identity));
        let key = key.transpose().map_err(|error| {
            let kind = ErrorKind::Tls(TlsErrorKind::Other);
            Error::new(kind, BoxError::from(error))
        })?;
        let observer = self.observer.clone();
        let builder = self.versions.clone().dangerous();
        Ok(builder
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(ClientCertificate { key, observer })))
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

/// The provider of the features, named in so many words: rustls' process-wide default panics when two
/// are compiled in, and a library must not install one for its program.
fn default_provider() -> Option<CryptoProvider> {
    #[cfg(feature = "ring")]
    return Some(rustls::crypto::ring::default_provider());
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    return Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    None
}

/// The identity as a provider uses it.
fn certified_key(
    provider: &CryptoProvider,
    identity: &Identity,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(identity.private_key().to_vec());
    let key = provider.key_provider.load_private_key(key.into())?;
    let chain = identity.certificates().map(|der| der.to_vec().into());
    Ok(Arc::new(CertifiedKey::new(chain.collect(), key)))
}
