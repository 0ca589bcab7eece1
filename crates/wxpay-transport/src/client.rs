//! hyper's client for the identity that holds, with its connections.

use std::sync::{Arc, Mutex, PoisonError};

use http::uri::Authority;
use hyper_util::{
    client::legacy::Client as HyperClient,
    rt::{TokioExecutor, TokioTimer},
};
use tower::ServiceExt;
use tracing::debug;

use crate::{
    Identity, authority,
    config::Config,
    connect::Connector,
    error::{BuildError, Error, ErrorKind},
    tls::Tls,
    tracking::{RequestBody, TrackedBody},
};

/// Makes a client for an identity, keeps it for as long as that identity holds, and then makes
/// another.
///
/// The whole client is replaced: connector, pool and TLS sessions together. A connection in the pool
/// and a session in the store were both opened as the old identity, and would go on as it. The old
/// client lives until the last of its requests is done; with it go its idle connections.
pub(crate) struct Clients<B> {
    tls: Tls,
    config: Arc<Config>,
    current: Mutex<Option<Client<B>>>,
}

/// A client, and the identity that it sends.
#[derive(Clone)]
pub(crate) struct Client<B> {
    pub(crate) identity: Option<Identity>,
    connector: Connector,
    pub(crate) hyper: HyperClient<Connector, TrackedBody<B>>,
}

impl<B: RequestBody> Clients<B> {
    pub(crate) fn new(config: &Arc<Config>) -> Result<Self, BuildError> {
        Ok(Self {
            tls: Tls::new(config)?,
            config: Arc::clone(config),
            current: Mutex::new(None),
        })
    }

    /// The client for an attempt that begins now.
    pub(crate) async fn current(&self) -> Result<Client<B>, Error> {
        let source = self.config.identity.as_ref();
        if let Some(source) = source {
            source.refresh().await;
        }
        let verifier = self.tls.verifier().await?;
        // Asked under the lock: else an attempt that was held up between asking and locking could
        // bring an old identity back. Valid after any statement, so a poisoned lock is safe to reuse.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = source.map(|source| source.current());
        if let Some(current) = &*current {
            match (&current.identity, &identity) {
                (None, None) => return Ok(current.clone()),
                (Some(one), Some(other)) if one.ptr_eq(other) => return Ok(current.clone()),
                _ => debug!("another identity: new connections, new sessions"),
            }
        }
        let tls = self.tls.client_config(verifier, identity.as_ref())?;
        let connector = Connector::new(Arc::clone(&self.config), Arc::new(tls));
        let hyper = HyperClient::builder(TokioExecutor::new())
            // Without it idle connections are closed only when the next call finds them.
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

    /// Connects, makes the TLS handshake and closes: whether the server could be called, without a
    /// call.
    pub(crate) async fn probe(&self, server: Authority) -> Result<(), Error> {
        let connector = self.current().await?.connector;
        let stream = connector.oneshot(authority::uri("https", &server)).await;
        stream
            .map(drop)
            .map_err(|error| Error::from_below(error, ErrorKind::Connect))
    }
}
