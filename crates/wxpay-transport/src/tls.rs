//! The TLS configuration, and which crypto provider it stands on.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider, sign::SingleCertAndKey};

use crate::{BuildError, Identity, Roots};

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

pub(crate) fn client_config(
    provider: CryptoProvider,
    identity: Option<&Identity>,
    roots: &Roots,
) -> Result<ClientConfig, BuildError> {
    let mut store = RootCertStore::empty();
    for root in roots.own() {
        store.add(root.clone()).map_err(BuildError::new)?;
    }
    if roots.has_mozilla() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(BuildError::new)?
        .with_root_certificates(store);
    Ok(match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let resolver = SingleCertAndKey::from(identity.certified_key());
            builder.with_client_cert_resolver(Arc::new(resolver))
        }
    })
}
