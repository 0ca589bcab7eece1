//! The service that callers hold, and its builder.

use std::{
    fmt, io,
    net::IpAddr,
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use rustls::crypto::CryptoProvider;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
};
use tower::Service;

use crate::{
    BuildError, EndpointStatus, Endpoints, Error, Identity, IdentitySource, Proxy, RetryClass,
    Roots,
    call::Caller,
    config::{Config, ConnectEvent, Io, MAX_TIMEOUT},
    error::BoxError,
};

/// An HTTPS client with a client certificate, as a tower service.
///
/// It takes an [`http::Request`] with an absolute `https` URI and returns the complete response,
/// within the bounds of its [`TransportBuilder`].
///
/// Clones share the connection pool, the TLS sessions and the limits. The service is always ready:
/// a call waits for a place by itself. `B` is the request's body, inferred from the first call; it
/// is [`Clone`], as [`Full`] and `String` are, so that every attempt sends the same bytes.
pub struct Transport<B>(Arc<Caller<B>>);

impl<B> Transport<B> {
    /// The [endpoints](TransportBuilder::endpoints) in their order, and whether they are in
    /// service.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.0.endpoints.statuses()
    }
}

impl<B> Service<Request<B>> for Transport<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    /// # Panics
    ///
    /// The future panics when it is polled outside a Tokio runtime with time and I/O enabled.
    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let caller = Arc::clone(&self.0);
        Box::pin(async move { Ok(caller.call(request).await?.map(Full::new)) })
    }
}

impl<B> Clone for Transport<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> fmt::Debug for Transport<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}

/// The future of a [`Transport`]'s response. To drop it ends the call and closes its connection.
pub type ResponseFuture =
    Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Error>> + Send>>;

/// The settings of a [`Transport`]; every default is safe.
///
/// ```
/// use wxpay_transport::Transport;
///
/// let builder = Transport::builder().max_retries(2).max_response_bytes(64 * 1024);
/// let transport: Transport<String> = builder.build()?;
/// # Ok::<(), wxpay_transport::BuildError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TransportBuilder {
    config: Config,
}

/// Implemented for one type, so that `Transport::builder()` needs no type; `build` infers the body.
impl Transport<String> {
    /// The default settings: no identity, Mozilla's roots, no repetition.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::default()
    }
}

impl TransportBuilder {
    /// The client certificate and its key, for every server that asks for one. This and
    /// [`identity_source`](Self::identity_source) replace each other.
    pub fn identity(self, identity: Identity) -> Self {
        self.identity_source(identity)
    }

    /// The source of a client certificate that may be renewed, asked before each attempt. With
    /// another identity new attempts open new connections, and resume no TLS session of the old
    /// one.
    pub fn identity_source(mut self, source: impl IdentitySource) -> Self {
        self.config.identity = Some(Arc::new(source));
        self
    }

    /// The trusted certificate authorities; Mozilla's unless set.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.config.roots = roots;
        self
    }

    /// The crypto provider, in place of the one of the features `ring` and `aws-lc-rs`.
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Self {
        self.config.crypto_provider = Some(provider.into());
        self
    }

    /// The proxy; none unless set, whatever the environment says.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.config.proxy = Some(proxy);
        self
    }

    /// The addresses of `host` for connections to this port, in place of name resolution, as by
    /// curl's `--resolve host:port:address[,address]`. The server's certificate is still checked
    /// against `host`. A proxy resolves the names of servers by itself.
    pub fn resolve<A: Into<IpAddr>>(
        mut self,
        host: &str,
        port: u16,
        addresses: impl IntoIterator<Item = A>,
    ) -> Self {
        let addresses = addresses.into_iter().map(Into::into).collect();
        let host = host.to_ascii_lowercase();
        self.config.overrides.insert((host, port), addresses);
        self
    }

    /// A function that opens connections, in place of name resolution and TCP. Its argument is the
    /// address of the server or proxy as a URI; TLS runs over the connection that it returns.
    pub fn dialer<F, Fut, S>(mut self, dial: F) -> Self
    where
        F: Fn(Uri) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.config.dialer = Some(Arc::new(move |server| {
            let dialing = dial(server);
            Box::pin(async move { Ok(Box::new(dialing.await?) as Box<dyn Io>) })
        }));
        self
    }

    /// A function that is called at the steps of each new connection. It must not block.
    pub fn observer(mut self, observe: impl Fn(ConnectEvent<'_>) + Send + Sync + 'static) -> Self {
        self.config.observer = Some(Arc::new(observe));
        self
    }

    /// The time for name resolution, TCP, proxy and TLS handshake together; 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.rules.connect_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// The time in which the server must accept at least a byte of the request; 30 s unless set.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.config.rules.stall_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// The time from the last byte of the request to the last byte of the response; 30 s unless
    /// set.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.config.rules.response_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// The time of a call from the first poll to the last byte of the response, with all waits and
    /// attempts; `None`, the default, for no such bound. With it, each timeout above is at most the
    /// remaining time divided by the number of [`endpoints`](Self::endpoints) still to be tried.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.config.rules.timeout = timeout.into().map(|timeout| timeout.min(MAX_TIMEOUT));
        self
    }

    /// The most bytes in the body of a response; 1 MiB unless set. A longer response is an error.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.config.max_response_bytes = bytes;
        self
    }

    /// The most attempts at the same time, over all clones; no limit unless set, and 0 is read as
    /// 1.
    pub fn concurrency(mut self, attempts: usize) -> Self {
        self.config.concurrency = Some(attempts.clamp(1, Semaphore::MAX_PERMITS));
        self
    }

    /// The time after which an idle connection is closed; 30 s unless set. Keep it below the
    /// server's: a request that is sent just as the server closes is lost.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.pool_idle_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// The most idle connections for each host and port; no limit unless set.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.config.pool_max_idle_per_host = connections;
        self
    }

    /// The servers that may stand in for one another; a call to another server goes there alone.
    /// With [`max_retries`](Self::max_retries) a call moves to the next endpoint when an attempt
    /// cannot connect, stalls, gets no response in time or is cut on a new connection, and never
    /// for a wrong certificate.
    pub fn endpoints(mut self, endpoints: impl Into<Endpoints>) -> Self {
        self.config.endpoints = Some(endpoints.into());
        self
    }

    /// The number of failed attempts in a row that take an endpoint out of service, until a probe
    /// in the background reaches it; 3 unless set, and 0 is read as 1.
    pub fn failover_after(mut self, failures: u32) -> Self {
        self.config.failover_after = failures.max(1);
        self
    }

    /// The time before an endpoint out of service is probed, and between two probes; 30 s unless
    /// set, and at least 1 s. A probe connects, makes the TLS handshake and closes.
    pub fn probe_interval(mut self, interval: Duration) -> Self {
        self.config.probe_interval = interval.max(Duration::from_secs(1));
        self
    }

    /// The most attempts of a call after its first, on all endpoints together; 0 unless set, as
    /// only the caller knows if a request may be sent again.
    ///
    /// Attempts are repeated, with the same bytes, after failed, stalled and cut connections and as
    /// the [`classifier`](Self::classifier) says, after the [`backoff`](Self::backoff) and
    /// `Retry-After`, if that is before the [`timeout`](Self::timeout). When many calls fail, a
    /// budget limits the repetitions.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.config.rules.max_retries = retries;
        self
    }

    /// The bounds of the random wait between attempts at one endpoint: at first up to the base (100
    /// ms unless set), then up to twice, four times … the base, and never more than the cap (5 s).
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.config.rules.backoff = (base, cap);
        self
    }

    /// The function that classifies each response; [`RetryClass::of_status`] unless set.
    pub fn classifier(
        mut self,
        classifier: impl Fn(&Response<Bytes>) -> RetryClass + Send + Sync + 'static,
    ) -> Self {
        self.config.classifier = Arc::new(classifier);
        self
    }

    /// The most attempts in a second, over all clones; `None`, the default, for no limit. When a
    /// server [asks to slow down](RetryClass::Throttle), attempts come a little more slowly than it
    /// accepted them, and then gradually faster.
    pub fn max_rate(mut self, per_second: impl Into<Option<NonZeroU32>>) -> Self {
        self.config.max_rate = per_second.into();
        self
    }

    /// Builds the transport, without a connection or a runtime.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when there is no crypto provider, or one that cannot read the client's key.
    pub fn build<B>(self) -> Result<Transport<B>, BuildError>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static,
    {
        Ok(Transport(Arc::new(Caller::new(self.config)?)))
    }
}
