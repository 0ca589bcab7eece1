//! The builder of a transport.

use std::{io, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, Uri};
use rustls::crypto::CryptoProvider;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Backoff, BuildError, Endpoints, Failover, Identity, IdentitySource, Proxy, RetryClass, Roots,
    Transport,
    config::{ClientIdentity, Config, ConnectEvent, Dialer, Io, MAX_TIMEOUT, Observer},
    retry::Classifier,
};

/// Describes a [`Transport`]; every setting has a default that is safe to keep.
///
/// | setting | default |
/// |---|---|
/// | [`identity`](Self::identity), [`identity_source`](Self::identity_source) | none: the server sees an anonymous client |
/// | [`roots`](Self::roots) | Mozilla's |
/// | [`crypto_provider`](Self::crypto_provider) | that of the features |
/// | [`proxy`](Self::proxy) | none |
/// | [`resolve`](Self::resolve) | what the system says |
/// | [`connect_timeout`](Self::connect_timeout) | 10 s |
/// | [`stall_timeout`](Self::stall_timeout) | 30 s |
/// | [`response_timeout`](Self::response_timeout) | 30 s |
/// | [`timeout`](Self::timeout) | none |
/// | [`max_response_bytes`](Self::max_response_bytes) | 1 MiB |
/// | [`concurrency`](Self::concurrency) | no limit |
/// | [`tcp_keepalive`](Self::tcp_keepalive) | 30 s |
/// | [`pool_idle_timeout`](Self::pool_idle_timeout) | 30 s |
/// | [`pool_max_idle_per_host`](Self::pool_max_idle_per_host) | no limit |
/// | [`endpoints`](Self::endpoints) | none: a call goes where its URI says |
/// | [`failover`](Self::failover) | out after 3 failures, probed every 30 s |
/// | [`max_retries`](Self::max_retries) | 0: nothing is repeated |
/// | [`backoff`](Self::backoff) | up to 100 ms, 200 ms, … 5 s |
/// | [`classifier`](Self::classifier) | by the status |
/// | [`max_rate`](Self::max_rate) | no limit until a server asks to slow down |
///
/// ```
/// use std::time::Duration;
/// use wxpay_transport::Transport;
///
/// let transport: Transport<String> = Transport::builder()
///     .connect_timeout(Duration::from_secs(3))
///     .timeout(Duration::from_secs(20))
///     .max_response_bytes(64 * 1024)
///     .concurrency(16)
///     .build()?;
/// # Ok::<(), wxpay_transport::BuildError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TransportBuilder {
    config: Config,
}

/// As `HashMap::new` is there for one hasher only, so that `Transport::builder()` needs no type:
/// the body's type is that of [`TransportBuilder::build`].
impl Transport<String> {
    /// Starts to describe a transport: no identity, Mozilla's roots, nothing repeated.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::default()
    }
}

impl TransportBuilder {
    /// The client certificate and its key, sent to every server that asks for one.
    ///
    /// For one that changes while the program runs, take [`identity_source`](Self::identity_source);
    /// of the two, the one called last holds.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.config.identity = Some(ClientIdentity::Fixed(identity));
        self
    }

    /// Where the client certificate comes from, asked before each attempt.
    ///
    /// When the source has another identity, new attempts open new connections with it; those under
    /// way finish on the old ones, and no TLS session of the old identity is resumed.
    pub fn identity_source(mut self, source: impl IdentitySource) -> Self {
        self.config.identity = Some(ClientIdentity::Source(Arc::new(source)));
        self
    }

    /// The certificate authorities whose servers are trusted. There is no way to trust any server.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.config.roots = roots;
        self
    }

    /// The crypto provider, in place of that of the features `ring` and `aws-lc-rs`.
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Self {
        self.config.crypto_provider = Some(provider.into());
        self
    }

    /// The proxy that connections are tunnelled through, for the servers that
    /// [it is for](Proxy::applies_to). Without this call there is none: the environment is read by
    /// [`Proxy::from_env`] only.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.config.proxy = Some(proxy);
        self
    }

    /// Connects to these addresses, in this order, instead of resolving `host`, when the URI's host
    /// and port are these: what curl calls `--resolve host:port:address[,address]`.
    ///
    /// The server's certificate is still checked against `host`. Several hosts and ports may be
    /// given; the last call for a pair of them holds. A server behind a proxy is resolved by the
    /// proxy, whatever is said here; the proxy's own name can be given. A host that is an address is
    /// not resolved at all.
    pub fn resolve<A>(
        mut self,
        host: &str,
        port: u16,
        addresses: impl IntoIterator<Item = A>,
    ) -> Self
    where
        A: Into<IpAddr>,
    {
        let addresses = addresses.into_iter().map(Into::into).collect();
        self.config.overrides.set(host, port, addresses);
        self
    }

    /// Opens connections by a function of the caller's, in place of name look-up and TCP: through a
    /// SOCKS proxy, over a Unix socket, or within the memory of a test. TLS runs over what it returns.
    ///
    /// It is given the server's address as a URI, or the proxy's, where there is one.
    ///
    /// ```
    /// use wxpay_transport::Transport;
    ///
    /// let builder = Transport::builder().dialer(|_server| async {
    ///     let (ours, theirs) = tokio::io::duplex(1024);
    ///     drop(theirs); // a test's server would speak TLS on it
    ///     Ok(ours)
    /// });
    /// # let _ = builder;
    /// ```
    pub fn dialer<F, Fut, S>(mut self, dial: F) -> Self
    where
        F: Fn(Uri) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let dial = move |server| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
            let dialing = dial(server);
            Box::pin(async move {
                let stream: Box<dyn Io> = Box::new(dialing.await?);
                Ok(stream)
            })
        };
        self.config.dialer = Some(Dialer(Arc::new(dial)));
        self
    }

    /// Tells a function of the steps of each new connection, for metrics, or for people who ask what is
    /// wrong with it. It must not block.
    pub fn observer(mut self, observe: impl Fn(ConnectEvent<'_>) + Send + Sync + 'static) -> Self {
        self.config.observer = Observer(Some(Arc::new(observe)));
        self
    }

    /// How long it may take to resolve a name, connect, be let through by the proxy and finish the TLS
    /// handshake.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How long the other side may take nothing while a request is sent. A line that is slow, but moves,
    /// is never cut.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.config.stall_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How long the whole response may take, from the last byte of the request that was taken on: a hard
    /// bound, however often a byte of the response comes.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.config.response_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How long a call may take from the first poll to the last byte of the response, with waiting and
    /// all attempts; `None`, the default, for no such bound.
    ///
    /// With it, each silence (connecting, stalling, waiting for the response) may last at most what is
    /// left of it divided by the [`endpoints`](Self::endpoints) still to be tried, so that one that hangs
    /// leaves time for the others.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.config.timeout = timeout.into().map(|timeout| timeout.min(MAX_TIMEOUT));
        self
    }

    /// The longest body of a response that is taken, in bytes. A longer one is an error, never cut.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.config.max_response_bytes = bytes;
        self
    }

    /// How many attempts may be under way at once, over all clones; the others wait.
    ///
    /// A limit of 0 is read as 1: with none, no call could ever be made.
    pub fn concurrency(mut self, attempts: usize) -> Self {
        // More permits than that a semaphore does not have.
        let most = tokio::sync::Semaphore::MAX_PERMITS;
        self.config.concurrency = Some(attempts.clamp(1, most));
        self
    }

    /// How long a silent connection is left alone before TCP asks whether the other side is still
    /// there; `None` to never ask. It finds out about a dead server in the middle of a long wait,
    /// and keeps firewalls from forgetting the connection.
    pub fn tcp_keepalive(mut self, after: Option<Duration>) -> Self {
        self.config.tcp_keepalive = after;
        self
    }

    /// How long a connection may lie idle before it is closed.
    ///
    /// Keep it below the server's: a request that is sent just as the server closes is lost.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.config.pool_idle_timeout = timeout.min(MAX_TIMEOUT);
        self
    }

    /// How many idle connections are kept for each host and port. With 0, every call connects anew.
    ///
    /// It does not bound the connections in use: [`concurrency`](Self::concurrency) does.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.config.pool_max_idle_per_host = connections;
        self
    }

    /// The servers that may stand in for one another: a call to one of them goes to the first that
    /// is in service.
    ///
    /// A call to any other server goes where its URI says, and to no other.
    ///
    /// With [`max_retries`](Self::max_retries) an attempt that cannot connect, stalls, is not answered in
    /// time or is cut on a new connection moves the call on to the next endpoint at once. After several
    /// such failures in a row later calls pass the endpoint by, until a probe in the background has
    /// reached it again. A wrong server certificate is an error, never a reason to move: someone may be
    /// in between.
    pub fn endpoints(mut self, endpoints: impl Into<Endpoints>) -> Self {
        self.config.endpoints = Some(endpoints.into());
        self
    }

    /// When an endpoint is taken out of service, and how often it is probed then.
    pub fn failover(mut self, failover: Failover) -> Self {
        self.config.failover = failover;
        self
    }

    /// How many further attempts a call may make after its first, on whatever endpoint. With 0, the
    /// default, every call is one attempt: a request that changes something may be sent again only when
    /// the caller says that it may.
    ///
    /// Repeated are connections that fail, stall or are cut, and responses that the
    /// [`classifier`](Self::classifier) wants repeated; nothing else. A repeated attempt sends the
    /// same bytes. Between attempts on one endpoint there is a [`Backoff`], and at least the time
    /// that a `Retry-After` asks for; what does not fit into the call's [`timeout`](Self::timeout) is not
    /// waited for, and the last response or error is the result. Over all calls a budget holds: when much
    /// fails, little is repeated, so that an outage is not multiplied.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.config.max_retries = retries;
        self
    }

    /// How long to wait between attempts on one endpoint.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.config.backoff = backoff;
        self
    }

    /// The function that classifies whole responses; [`RetryClass::of_status`] unless set.
    ///
    /// It is called once for each response, from whatever thread polls the call: it should be quick.
    pub fn classifier(
        mut self,
        classifier: impl Fn(&Response<Bytes>) -> RetryClass + Send + Sync + 'static,
    ) -> Self {
        self.config.classifier = Classifier::new(classifier);
        self
    }

    /// How many attempts may begin in a second, over all clones; `None` for no such limit.
    ///
    /// Whatever it is, a server that [asks to slow down](RetryClass::Throttle) is met: all attempts then
    /// come a little more slowly than it took them, and from there slowly faster until it asks again.
    pub fn max_rate(mut self, per_second: impl Into<Option<NonZeroU32>>) -> Self {
        self.config.max_rate = per_second.into();
        self
    }

    /// Builds the transport. It opens no connection and needs no runtime yet.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when there is no crypto provider, or when it has no TLS version that is spoken.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use wxpay_transport::Transport;
    ///
    /// let transport: Transport<Full<Bytes>> = Transport::builder().build()?;
    /// # Ok::<(), wxpay_transport::BuildError>(())
    /// ```
    pub fn build<B>(self) -> Result<Transport<B>, BuildError>
    where
        B: http_body::Body<Data = Bytes> + Clone + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Transport::new(&self.config)
    }
}
