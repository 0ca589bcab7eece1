//! hyper's client for the identity that holds, with its connections.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use http::{Request, Response, Uri, uri::Authority};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client as HyperClient,
    rt::{TokioExecutor, TokioTimer},
};
use tower::ServiceExt;
use tracing::debug;

use crate::{
    Identity, authority,
    config::{ClientIdentity, Config},
    connect::Connector,
    error::{BuildError, Error, ErrorKind},
    progress::{RequestBody, TrackedBody},
    tls::Tls,
};

/// Makes a client for an identity, keeps it for as long as that identity holds, and then makes
/// another.
///
/// The whole client is replaced: connector, pool and TLS sessions together. A connection in the pool
/// and a session in the store were both opened as the old identity, and would go on as it. The old
/// client lives until the last of its requests is done; with it go its idle connections.
pub(crate) struct Clients<B>(Arc<Shared<B>>);

struct Shared<B> {
    tls: Tls,
    config: Config,
    current: Mutex<Option<Client<B>>>,
}

/// A client, and whom it speaks for.
pub(crate) struct Client<B> {
    identity: Option<Identity>,
    connector: Connector,
    hyper: HyperClient<Connector, TrackedBody<B>>,
}

impl<B: RequestBody> Clients<B> {
    pub(crate) fn new(config: &Config) -> Result<Self, BuildError> {
        Ok(Self(Arc::new(Shared {
            tls: Tls::new(config)?,
            config: config.clone(),
            current: Mutex::new(None),
        })))
    }

    /// The client for an attempt that begins now.
    pub(crate) async fn current(&self) -> Result<Client<B>, Error> {
        let source = self.0.config.identity.as_ref();
        if let Some(ClientIdentity::Source(source)) = source {
            source.refresh().await;
        }
        let verifier = self.0.tls.verifier().await?;
        // Asked under the lock: else an attempt that was held up between asking and locking could
        // bring an old identity back. Valid after any statement, so a poisoned lock is safe to reuse.
        let current = self.0.current.lock();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        let identity = source.map(ClientIdentity::current);
        if let Some(current) = &*current
            && is_same(current.identity.as_ref(), identity.as_ref())
        {
            return Ok(current.clone());
        }
        if current.is_some() {
            debug!("another identity: new connections, new sessions");
        }
        let tls = self.0.tls.client_config(verifier, identity.as_ref())?;
        let connector = Connector::new(&self.0.config, Arc::new(tls));
        let client = Client::new(identity, connector, &self.0.config);
        Ok(current.insert(client).clone())
    }

    /// Connects, makes the TLS handshake and closes: whether the server could be called, without a
    /// call.
    pub(crate) async fn probe(self, server: Authority) -> Result<(), Error> {
        let connector = self.current().await?.connector;
        let stream = connector.oneshot(authority::uri("https", &server)).await;
        stream
            .map(drop)
            .map_err(|error| Error::from_below(error, ErrorKind::Connect))
    }
}

impl<B: RequestBody> Client<B> {
    fn new(identity: Option<Identity>, connector: Connector, config: &Config) -> Self {
        let hyper = HyperClient::builder(TokioExecutor::new())
            // Without it idle connections are closed only when the next call finds them.
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(config.pool_idle_timeout)
            .pool_max_idle_per_host(config.pool_max_idle_per_host)
            .build(connector.clone());
        Self {
            identity,
            connector,
            hyper,
        }
    }

    /// Sends a request; the response is there with its head.
    pub(crate) fn request(
        &self,
        request: Request<TrackedBody<B>>,
    ) -> impl Future<Output = Result<Response<Incoming>, hyper_util::client::legacy::Error>> + Send
    {
        self.hyper.request(request)
    }

    /// The proxy that a server is reached through.
    pub(crate) fn proxy_to(&self, server: &Uri) -> Option<Authority> {
        let proxy = self.connector.proxy_to(server)?;
        Some(proxy.authority().clone())
    }

    pub(crate) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }
}

fn is_same(one: Option<&Identity>, other: Option<&Identity>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.ptr_eq(other),
        _ => false,
    }
}

impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self {
            identity: self.identity.clone(),
            connector: self.connector.clone(),
            hyper: self.hyper.clone(),
        }
    }
}

impl<B> Clone for Clients<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
