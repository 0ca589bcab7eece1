//! The crypto provider that TLS stands on.

use rustls::crypto::CryptoProvider;

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
