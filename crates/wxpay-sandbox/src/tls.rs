//! The server's side of TLS.

mod verifier;

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::client_certificate::Judge;
use verifier::AskForAny;

/// The one crypto provider of this crate, never the process-wide one.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// TLS 1.2 and 1.3, HTTP/1.1, a client certificate asked for and not insisted on.
pub(crate) fn config(
    cert: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    judge: Judge,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(AskForAny::new(judge)))
        .with_single_cert(vec![cert], key)?;
    // Both, for to a client that offers none of these there is no TLS at all.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    Ok(Arc::new(config))
}
