//! The TLS configuration, and which crypto provider it stands on.

use std::sync::Arc;

use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
    crypto::CryptoProvider,
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::{BuildError, Error, Identity, Roots, inspect::Recorder, roots::RootStore};

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
    roots: RootStore,
}

impl Tls {
    pub(crate) fn new(provider: CryptoProvider, roots: &Roots) -> Result<Self, BuildError> {
        let versions = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .map_err(BuildError::new)?;
        Ok(Self {
            versions,
            roots: RootStore::new(roots)?,
        })
    }

    /// The trusted authorities, read from the machine first where that was asked for.
    pub(crate) async fn roots(&self) -> Result<Arc<RootCertStore>, Error> {
        self.roots.complete().await
    }

    /// A configuration with a session store of its own.
    pub(crate) fn client_config(
        &self,
        roots: Arc<RootCertStore>,
        identity: Option<&Identity>,
    ) -> Result<ClientConfig, rustls::Error> {
        let builder = self.versions.clone().with_root_certificates(roots);
        Ok(match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = certified_key(self.versions.crypto_provider(), identity)?;
                builder.with_client_cert_resolver(Arc::new(key))
            }
        })
    }
    /// A configuration for one handshake that is written down.
    pub(crate) fn recorded_config(&self, recorder: Arc<Recorder>) -> ClientConfig {
        self.versions
            .clone()
            .dangerous()
            .with_custom_certificate_verifier(Arc::<Recorder>::clone(&recorder))
            .with_client_cert_resolver(recorder)
    }

    pub(crate) fn crypto_provider(&self) -> Arc<CryptoProvider> {
        Arc::clone(self.versions.crypto_provider())
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
