//! The TLS configuration, and which crypto provider it stands on.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, WantsVerifier,
    crypto::CryptoProvider,
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::{
    BuildError, Error, Identity, Roots, inspect::Recorder, roots::LazyVerifier, verifier::Verifier,
};

/// The crypto provider, named in so many words: rustls' process-wide default panics when two are
/// compiled in, and a library must not install one for its program.
pub(crate) fn provider() -> Option<CryptoProvider> {
    #[cfg(feature = "ring")]
    return Some(rustls::crypto::ring::default_provider());
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    return Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    None
}

/// What the TLS configurations of all identities have in common.
pub(crate) struct Tls {
    versions: ConfigBuilder<ClientConfig, WantsVerifier>,
    verifier: LazyVerifier,
}

impl Tls {
    pub(crate) fn new(provider: CryptoProvider, roots: &Roots) -> Result<Self, BuildError> {
        let provider = Arc::new(provider);
        let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(BuildError::new)?;
        Ok(Self {
            versions,
            verifier: LazyVerifier::new(provider, roots.clone()),
        })
    }

    /// What says whether a server is trusted; made first, with the machine's authorities, where that
    /// was asked for.
    pub(crate) async fn verifier(&self) -> Result<Arc<Verifier>, Error> {
        self.verifier.get().await
    }

    /// A configuration with a session store of its own.
    pub(crate) fn client_config(
        &self,
        verifier: Arc<Verifier>,
        identity: Option<&Identity>,
    ) -> Result<ClientConfig, rustls::Error> {
        let versions = self.versions.clone();
        let builder = versions
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        Ok(match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = certified_key(self.versions.crypto_provider(), identity)?;
                builder.with_client_cert_resolver(Arc::new(key))
            }
        })
    }

    pub(crate) fn crypto_provider(&self) -> &CryptoProvider {
        self.versions.crypto_provider()
    }

    /// A configuration for one handshake that is written down.
    pub(crate) fn recorded_config(&self, recorder: Arc<Recorder>) -> ClientConfig {
        self.versions
            .clone()
            .dangerous()
            .with_custom_certificate_verifier(Arc::<Recorder>::clone(&recorder))
            .with_client_cert_resolver(recorder)
    }
}

/// The identity as this provider uses it.
pub(crate) fn certified_key(
    provider: &CryptoProvider,
    identity: &Identity,
) -> Result<SingleCertAndKey, rustls::Error> {
    let key = identity.private_key().clone_key();
    let key = provider.key_provider.load_private_key(key)?;
    Ok(CertifiedKey::new(identity.certificates().to_vec(), key).into())
}
