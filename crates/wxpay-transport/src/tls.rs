//! The TLS configurations, one for each identity, and the crypto provider that they stand on.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, WantsVerifier,
    crypto::CryptoProvider,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::sync::OnceCell;

use crate::{
    Identity,
    config::Config,
    error::{BoxError, BuildError, Error, ErrorKind, TlsErrorKind},
    verifier::Verifier,
};

/// The common part of the TLS configurations of all identities.
pub(crate) struct Tls {
    versions: ConfigBuilder<ClientConfig, WantsVerifier>,
    config: Arc<Config>,
    /// Made when it is first needed: to read the machine's store may take long, and a program that
    /// makes no call should not wait for it.
    verifier: OnceCell<Arc<Verifier>>,
}

impl Tls {
    pub(crate) fn new(config: &Arc<Config>) -> Result<Self, BuildError> {
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
        if let Some(source) = &config.identity {
            let identity = source.current();
            certified_key(versions.crypto_provider(), &identity).map_err(BuildError::new)?;
        }
        Ok(Self {
            versions,
            config: Arc::clone(config),
            verifier: OnceCell::new(),
        })
    }

    /// The verifier of servers; its first use reads the machine's authorities, if they were asked for.
    pub(crate) async fn verifier(&self) -> Result<Arc<Verifier>, Error> {
        let verifier = self.verifier.get_or_try_init(|| async {
            let roots = &self.config.roots;
            let store = roots.load().await?;
            let provider = self.versions.crypto_provider();
            let observer = self.config.observer.clone();
            Ok(Arc::new(Verifier::new(provider, store, roots, observer)))
        });
        verifier.await.cloned()
    }

    /// A configuration with a session store of its own.
    pub(crate) fn client_config(
        &self,
        verifier: Arc<Verifier>,
        identity: Option<&Identity>,
    ) -> Result<ClientConfig, Error> {
        let builder = self.versions.clone().dangerous();
        let builder = builder.with_custom_certificate_verifier(verifier);
        let Some(identity) = identity else {
            return Ok(builder.with_no_client_auth());
        };
        let key = certified_key(self.versions.crypto_provider(), identity);
        let key = key.map_err(|error| {
            let kind = ErrorKind::Tls(TlsErrorKind::Other);
            Error::new(kind, BoxError::from(error))
        })?;
        Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))))
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
) -> Result<CertifiedKey, rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(identity.private_key().to_vec());
    let key = provider.key_provider.load_private_key(key.into())?;
    let chain = identity.certificates().map(|der| der.to_vec().into());
    Ok(CertifiedKey::new(chain.collect(), key))
}
