//! The crypto provider that TLS stands on.

use std::sync::Arc;

use rustls::{crypto::CryptoProvider, sign::CertifiedKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use wxpay_identity::Identity;

/// The provider of the features, named in so many words: rustls' process-wide default panics when two
/// are compiled in, and a library must not install one for its program.
pub(crate) fn default_provider() -> Option<CryptoProvider> {
    #[cfg(feature = "ring")]
    return Some(rustls::crypto::ring::default_provider());
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    return Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    None
}

/// The identity as a provider uses it.
pub(crate) fn certified_key(
    provider: &CryptoProvider,
    identity: &Identity,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(identity.private_key().to_vec());
    let key = provider.key_provider.load_private_key(key.into())?;
    let chain = identity.certificates().map(|der| der.to_vec().into());
    Ok(Arc::new(CertifiedKey::new(chain.collect(), key)))
}
