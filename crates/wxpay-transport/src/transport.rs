//! The service that callers hold, and its builder.

use std::{
    fmt,
    future::Future,
    io,
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
/// It takes an [`http::Request`] with an absolute `https` URI and answers with the whole response,
/// collected under the bounds of its [`TransportBuilder`].
///
/// A clone is cheap and shares the connection pool, the TLS sessions and the limits. It is always ready:
/// waiting for a place happens inside the call. `B` is the request's body, inferred from the first call; it
/// is [`Clone`], as [`Full`] and `String` are, so that an attempt can be repeated with the same bytes.
pub struct Transport<B>(Arc<Caller<B>>);

impl<B> Transport<B> {
    /// The [endpoints](TransportBuilder::endpoints) in their order, and whether they are in service.
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
        Box::pin(async move {
            let response = caller.call(request).await?;
            Ok(response.map(Full::new))
        })
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

/// The response of a [`Transport`], once it is there, or an [`Error`].
///
/// Dropping it ends the call; a connection that was in use is closed, not returned to the pool.
pub type ResponseFuture =
    Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Error>> + Send>>;

/// Describes a [`Transport`]; every setting has a default that is safe to keep.
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

/// For one body only, so that `Transport::builder()` needs no type; `build` names the body.
impl Transport<String> {
    /// Starts to describe a transport: no identity, Mozilla's roots, nothing repeated.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::default()
    }
}

impl TransportBuilder {
    /// The client certificate and its key, sent to every server that asks for one. Of this and
    /// [`identity_source`](Self::identity_source) the last call holds.
    pub fn identity(self, identity: Identity) -> Self {
        self.identity_source(identity)
    }

    /// The source of a client certificate that changes while the program runs, asked before each attempt.
    /// With another identity new attempts open new connections, and resume no TLS session of the old one.
    pub fn identity_source(mut self, source: impl IdentitySource) -> Self {
        self.config.identity = Some(Arc::new(source));
        self
    }

    /// The certificate authorities whose servers are trusted; Mozilla's unless set.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.config.roots = roots;
        self
    }

    /// The crypto provider, in place of that of the features `ring` and `aws-lc-rs`.
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Self {
        self.config.crypto_provider = Some(provider.into());
        self
    }

    /// The proxy that connections are tunnelled through; none unless set, whatever the environment says.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.config.proxy = Some(proxy);
        self
    }

    /// Connects to these addresses, in this order, instead of resolving `host`, when the URI's host
    /// and port are these: what curl calls `--resolve host:port:address[,address]`.
    ///
    /// The server's certificate is still checked against `host`. The last call for a host and port holds.
    /// A server behind a proxy is resolved by the proxy.
    pub fn resolve<A: Into<IpAddr>>(
        mut self,
        host: &str,
        port: u16,
        addresses: impl IntoIterator<Item = A>,
    ) -> Self {
        let addresses = addresses.into_iter().map(Into::into).collect();
        let overrides = &mut self.config.overrides;
        overrides.insert((host.to_ascii_lowercase(), port), addresses);
        self
    }

    /// Opens connections by a function of the caller's, in place of name look-up and TCP. It is given the
    /// address of the server as a URI, or that of the proxy; TLS runs over what it returns.
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

    /// Tells a function of the steps of each new connection. It must not block.
    pub fn observer(mut self, observe: impl Fn(ConnectEvent<'_>) + Send + Sync + 'static) -> Self {
        self.config.observer = Some(Arc::new(observe));
        self
    }

    /// How long name, TCP, proxy and TLS handshake may take together; 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.rules.connect_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How long the other side may take nothing while a request is sent; 30 s unless set.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.config.rules.stall_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How long the whole response may take from the last byte of the request on, however often a byte of
    /// it comes; 30 s unless set.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.config.rules.response_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How long a call may take from the first poll to the last byte of the response, with waiting and
    /// all attempts; `None`, the default, for no such bound.
    ///
    /// With it, each silence may last at most what is left of it divided by the
    /// [`endpoints`](Self::endpoints) still to be tried.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.config.rules.timeout = timeout.into().map(|timeout| timeout.min(MAX_TIMEOUT));
        self
    }

    /// The longest body of a response that is taken, in bytes; 1 MiB unless set. A longer one is an error.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.config.max_response_bytes = bytes;
        self
    }

    /// How many attempts may be under way at once, over all clones; no limit unless set, and 0 is 1.
    pub fn concurrency(mut self, attempts: usize) -> Self {
        self.config.concurrency = Some(attempts.clamp(1, Semaphore::MAX_PERMITS));
        self
    }

    /// How long a connection may lie idle before it is closed; 30 s unless set. Keep it below the
    /// server's: a request that is sent just as the server closes is lost.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.pool_idle_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How many idle connections are kept for each host and port, all unless set.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.config.pool_max_idle_per_host = connections;
        self
    }

    /// The servers that may stand in for one another; a call to any other goes where its URI says.
    ///
    /// With [`max_retries`](Self::max_retries) an attempt that cannot connect, stalls, is not answered in
    /// time or is cut on a new connection moves the call on to the next endpoint at once; a wrong server
    /// certificate never does.
    pub fn endpoints(mut self, endpoints: impl Into<Endpoints>) -> Self {
        self.config.endpoints = Some(endpoints.into());
        self
    }

    /// How many attempts in a row must fail to reach an endpoint before later calls pass it by, until a
    /// probe in the background has reached it: 3 unless set, and 0 is read as 1.
    pub fn failover_after(mut self, failures: u32) -> Self {
        self.config.failover_after = failures.max(1);
        self
    }

    /// How long to wait before an endpoint out of service is probed, and between two probes; 30 s unless
    /// set, and at least 1 s. A probe connects, makes the TLS handshake and closes.
    pub fn probe_interval(mut self, interval: Duration) -> Self {
        self.config.probe_interval = interval.max(Duration::from_secs(1));
        self
    }

    /// How many further attempts a call may make after its first, on whatever endpoint: 0 unless set, for
    /// a request that changes something may be sent again only when the caller says so.
    ///
    /// Repeated are connections that fail, stall or are cut, and responses that the
    /// [`classifier`](Self::classifier) wants repeated, with the same bytes, after a
    /// [`backoff`](Self::backoff) and the time that a `Retry-After` asks for; what does not fit into the
    /// call's [`timeout`](Self::timeout) is not waited for. When much fails, little is repeated.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.config.rules.max_retries = retries;
        self
    }

    /// How long to wait between attempts on one endpoint: at first any time up to the base (100 ms unless
    /// set), then up to twice, four times … the base, and never more than the cap (5 s).
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.config.rules.backoff = (base, cap);
        self
    }

    /// The function that classifies each whole response; [`RetryClass::of_status`] unless set.
    pub fn classifier(
        mut self,
        classifier: impl Fn(&Response<Bytes>) -> RetryClass + Send + Sync + 'static,
    ) -> Self {
        self.config.classifier = Arc::new(classifier);
        self
    }

    /// How many attempts may begin in a second, over all clones; `None`, the default, for no such limit.
    ///
    /// Whatever it is, a server that [asks to slow down](RetryClass::Throttle) is met: attempts then come a
    /// little more slowly than it took them, and from there slowly faster.
    pub fn max_rate(mut self, per_second: impl Into<Option<NonZeroU32>>) -> Self {
        self.config.max_rate = per_second.into();
        self
    }

    /// Builds the transport. It opens no connection and needs no runtime yet.
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
