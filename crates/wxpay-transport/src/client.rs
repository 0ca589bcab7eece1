//! hyper's client for the current identity, with its connections and its TLS configuration.

use std::sync::{Arc, Mutex, atomic::Ordering};

use http::uri::Authority;
use hyper_util::{
    client::legacy::Client as HyperClient,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, ConfigBuilder, SignatureScheme, WantsVerifier, client::ResolvesClientCert,
    crypto::CryptoProvider, sign::CertifiedKey,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::sync::OnceCell;
use tower::ServiceExt;
use tracing::debug;

use crate::{
    Identity,
    attempt::{CONNECTING, RequestBody},
    config::Config,
    connect::{Connector, connector},
    endpoints,
    error::{BuildError, Error, ErrorKind, lock},
    verifier::Verifier,
};

/// Makes a client for the current identity, and a new client, with its own connections and TLS
/// sessions, when the identity has changed. The old client lives until the last of its requests is
/// done.
pub(crate) struct Clients<B> {
    config: Arc<Config>,
    versions: ConfigBuilder<ClientConfig, WantsVerifier>,
    /// Made on first use, as reading the machine's store may take long.
    verifier: OnceCell<Arc<Verifier>>,
    current: Mutex<Option<Client<B>>>,
}

/// A client with its identity.
#[derive(Clone)]
pub(crate) struct Client<B> {
    pub(crate) identity: Option<Identity>,
    connector: Connector,
    pub(crate) hyper: HyperClient<Connector, B>,
}

impl<B: RequestBody> Clients<B> {
    pub(crate) fn new(config: Arc<Config>) -> Result<Self, BuildError> {
        const MISSING: &str =
            "no crypto provider: turn on the feature `ring` or `aws-lc-rs`, or hand one in";
        let provider = config.crypto_provider.clone();
        let provider = provider.or_else(|| default_provider().map(Arc::new));
        let provider = provider.ok_or_else(|| BuildError(MISSING.into()))?;
        let unusable = |error: rustls::Error| BuildError(error.into());
        if let Some(source) = &config.identity {
            certified_key(&provider, &source.current()).map_err(unusable)?;
        }
        let versions = ClientConfig::builder_with_provider(provider);
        let versions = versions.with_safe_default_protocol_versions();
        Ok(Self {
            config,
            versions: versions.map_err(unusable)?,
            verifier: OnceCell::new(),
            current: Mutex::new(None),
        })
    }

    /// The client for an attempt that begins now.
    pub(crate) async fn current(&self) -> Result<Client<B>, Error> {
        let source = self.config.identity.as_ref();
        if let Some(source) = source {
            source.refresh().await;
        }
        let verifier = self.verifier.get_or_try_init(|| async {
            let authorities = self.config.roots.load().await?;
            let (provider, config) = (self.versions.crypto_provider(), &self.config);
            Ok::<_, Error>(Arc::new(Verifier::new(provider, authorities, config)))
        });
        let verifier = verifier.await?;
        // Read under the lock, so that a delayed attempt does not bring an old identity back.
        let mut current = lock(&self.current);
        let identity = source.map(|source| source.current());
        if let Some(current) = &*current {
            match (&current.identity, &identity) {
                (None, None) => return Ok(current.clone()),
                (Some(one), Some(other)) if one.ptr_eq(other) => return Ok(current.clone()),
                _ => debug!("another identity: new connections, new sessions"),
            }
        }
        // A new configuration has a new session store.
        let tls = self.versions.clone().dangerous();
        let tls = tls.with_custom_certificate_verifier(Arc::clone(verifier) as _);
        let tls = match &identity {
            None => tls.with_no_client_auth(),
            Some(identity) => {
                let key = certified_key(self.versions.crypto_provider(), identity);
                let key = key.map_err(|error| Error::from_below(error.into(), ErrorKind::Http))?;
                tls.with_client_cert_resolver(Arc::new(Certificate(Arc::new(key))))
            }
        };
        let connector = connector(Arc::clone(&self.config), Arc::new(tls));
        let hyper = HyperClient::builder(TokioExecutor::new())
            // Without a timer idle connections are closed only by the next call.
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.config.pool_idle_timeout)
            .pool_max_idle_per_host(self.config.pool_max_idle_per_host)
            .build(connector.clone());
        let client = Client {
            identity,
            connector,
            hyper,
        };
        Ok(current.insert(client).clone())
    }

    /// Connects, makes the TLS handshake and closes.
    pub(crate) async fn probe(&self, server: Authority) -> Result<(), Error> {
        let connector = self.current().await?.connector;
        let stream = connector.oneshot(endpoints::uri("https", &server)).await;
        let failed = |error| Error::from_below(error, ErrorKind::Connect);
        stream.map(drop).map_err(failed)
    }
}

/// rustls' process-wide default is for the program to install, and panics if two are compiled in.
fn default_provider() -> Option<CryptoProvider> {
    #[cfg(feature = "ring")]
    return Some(rustls::crypto::ring::default_provider());
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    return Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    None
}

/// The identity's certificate, whatever the server asks for. The attempt learns when its key does
/// not fit.
#[derive(Debug)]
struct Certificate(Arc<CertifiedKey>);

impl ResolvesClientCert for Certificate {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let is_refused = self.0.key.choose_scheme(schemes).is_none();
        // A probe has no attempt.
        let _ = CONNECTING.try_with(|it| it.is_key_refused.store(is_refused, Ordering::Relaxed));
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The identity as a provider uses it. `CertifiedKey::from_der` would refuse certificates of
/// version 1 and those with unknown critical extensions.
fn certified_key(
    provider: &CryptoProvider,
    identity: &Identity,
) -> Result<CertifiedKey, rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(identity.private_key().to_vec());
    let key = provider.key_provider.load_private_key(key.into())?;
    let chain = identity.certificates().map(|der| der.to_vec().into());
    Ok(CertifiedKey::new(chain.collect(), key))
}
