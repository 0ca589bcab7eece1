//! The settings of a transport, as plain data.

use std::{
    collections::HashMap,
    fmt, io,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode, Uri};
use rustls::crypto::CryptoProvider;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::{Endpoints, IdentitySource, Proxy, Roots};

/// Upper bound of user-supplied timeouts; larger values overflow `Instant` arithmetic.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) crypto_provider: Option<Arc<CryptoProvider>>,
    pub(crate) identity: Option<Arc<dyn IdentitySource>>,
    pub(crate) roots: Roots,
    pub(crate) proxy: Option<Proxy>,
    /// Addresses in place of name resolution, by host in lower case and port.
    pub(crate) overrides: HashMap<(String, u16), Arc<[IpAddr]>>,
    pub(crate) dialer: Option<Dialer>,
    pub(crate) observer: Option<Observer>,
    pub(crate) rules: Rules,
    pub(crate) max_response_bytes: usize,
    pub(crate) concurrency: Option<usize>,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) failover_after: u32,
    pub(crate) probe_interval: Duration,
    pub(crate) classifier: Classifier,
    pub(crate) max_rate: Option<NonZeroU32>,
}

/// The settings of a call's policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) max_retries: u32,
    /// Base and cap.
    pub(crate) backoff: (Duration, Duration),
    pub(crate) connect_timeout: Duration,
    pub(crate) stall_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            crypto_provider: None,
            identity: None,
            roots: Roots::webpki(),
            proxy: None,
            overrides: HashMap::new(),
            dialer: None,
            observer: None,
            rules: Rules {
                max_retries: 0,
                backoff: (Duration::from_millis(100), Duration::from_secs(5)),
                connect_timeout: Duration::from_secs(10),
                // curl's and rclone's users set about this; any line that works moves within it.
                stall_timeout: Duration::from_secs(30),
                response_timeout: Duration::from_secs(30),
                timeout: None,
            },
            max_response_bytes: 1024 * 1024,
            concurrency: None,
            // nginx closes an idle connection after 75 s, common load balancers after 60 s.
            pool_idle_timeout: Duration::from_secs(30),
            pool_max_idle_per_host: usize::MAX,
            endpoints: None,
            failover_after: 3,
            probe_interval: Duration::from_secs(30),
            classifier: Arc::new(|response| RetryClass::of_status(response.status())),
            max_rate: None,
        }
    }
}

impl Config {
    /// Calls the observer, if there is one.
    pub(crate) fn observe(&self, event: ConnectEvent<'_>) {
        if let Some(observe) = &self.observer {
            observe(event);
        }
    }
}

/// Shows neither functions nor secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("identity", &self.identity)
            .field("proxy", &self.proxy)
            .field("endpoints", &self.endpoints)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// A connection that TLS can run over.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// The socket, if it is one.
    fn tcp(&self) -> Option<&TcpStream>;
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {
    fn tcp(&self) -> Option<&TcpStream> {
        (self as &dyn std::any::Any).downcast_ref()
    }
}

type Observer = Arc<dyn Fn(ConnectEvent<'_>) + Send + Sync>;
type Classifier = Arc<dyn Fn(&Response<Bytes>) -> RetryClass + Send + Sync>;
type Dialer = Arc<dyn Fn(Uri) -> Dialing + Send + Sync>;
type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Io>>> + Send>>;

/// A step of a new connection, for an [observer](crate::TransportBuilder::observer).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ConnectEvent<'a> {
    /// The host's addresses, in the order in which they are tried; a proxy resolves the name
    /// itself.
    Resolved(&'a [IpAddr]),
    /// A TCP connection was opened, to the server or to the proxy in between, at this address.
    Connected(SocketAddr),
    /// The proxy has given a tunnel to the server.
    Tunneled,
    /// The issuers of the server's certificates, trusted or not, the issuer of its own first, in
    /// the form of RFC 4514: `CN=…,O=…`. The server chooses them: escape them where they are shown.
    CertificatesPresented(&'a [String]),
    /// The TLS handshake is done: the server's certificate is trusted, and names the server.
    Secured {
        /// `TLS 1.2` or `TLS 1.3`.
        version: &'static str,
        /// The cipher suite by its registered name, such as `TLS13_AES_256_GCM_SHA384`.
        cipher_suite: &'static str,
    },
}

/// The effect of a response on its call. APIs that put errors into the body of a response need a
/// [classifier](crate::TransportBuilder::classifier) of their own.
///
/// ```
/// use wxpay_transport::{RetryClass, Transport};
///
/// let _builder = Transport::builder().classifier(|response| match response.body().as_ref() {
///     b"busy" => RetryClass::Throttle,
///     _ => RetryClass::of_status(response.status()),
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryClass {
    /// The response is the result of the call, whatever it says.
    Done,
    /// The server has failed: the same request may succeed when it is sent again.
    Retry,
    /// The server is asked too often: the request is sent again, and all requests come more slowly.
    Throttle,
}

impl RetryClass {
    /// The default classifier: 429 is *throttle*, 500 and above is *retry*, anything else *done*.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::Throttle,
            status if status.is_server_error() => Self::Retry,
            _ => Self::Done,
        }
    }
}
