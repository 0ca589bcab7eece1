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

use crate::{Endpoints, IdentitySource, Proxy, Roots, endpoints::port};

/// Upper bound of user-supplied times; larger values overflow the arithmetic of clocks.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) crypto_provider: Option<Arc<CryptoProvider>>,
    pub(crate) identity: Option<Arc<dyn IdentitySource>>,
    pub(crate) roots: Roots,
    pub(crate) proxy: Option<Proxy>,
    /// The addresses given for hosts, in lower case, and ports.
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

/// The settings that a call's policy goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) max_retries: u32,
    /// The base and the cap.
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
                // curl's and rclone's users set about this; a line that moves at all moves within it.
                stall_timeout: Duration::from_secs(30),
                response_timeout: Duration::from_secs(30),
                timeout: None,
            },
            max_response_bytes: 1024 * 1024,
            concurrency: None,
            // Below the 60 s and 75 s after which common servers close an idle connection.
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
    /// The proxy that a server is reached through.
    pub(crate) fn proxy_to(&self, server: &Uri) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| proxy.applies_to(server))
    }

    /// The addresses that were given for a URI's host and port, if any were.
    pub(crate) fn addresses_of(&self, uri: &Uri) -> Option<Arc<[IpAddr]>> {
        let host = uri.host()?.to_ascii_lowercase();
        self.overrides.get(&(host, port(uri))).cloned()
    }

    /// Tells the observer of a step, if there is one.
    pub(crate) fn tell(&self, event: ConnectEvent<'_>) {
        if let Some(observe) = &self.observer {
            observe(event);
        }
    }
}

/// With what can be shown: no function, no key, no password.
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
    /// The socket, where it is one.
    fn tcp(&self) -> Option<&TcpStream>;
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {
    fn tcp(&self) -> Option<&TcpStream> {
        (self as &dyn std::any::Any).downcast_ref()
    }
}

/// The caller's own way to open connections.
pub(crate) type Dialer = Arc<dyn Fn(Uri) -> Dialing + Send + Sync>;
type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Io>>> + Send>>;

/// A step of a connection, as an [observer](crate::TransportBuilder::observer) is told of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ConnectEvent<'a> {
    /// The host's addresses, in the order in which they are tried; a proxy resolves the name itself.
    Resolved(&'a [IpAddr]),
    /// A TCP connection was opened, to the server or to the proxy in between, at this address.
    Connected(SocketAddr),
    /// The proxy has given a tunnel to the server.
    Tunneled,
    /// The names of the authorities that have signed the server's certificates, trusted or not, its own
    /// first, as RFC 4514 writes them: `CN=…,O=…`. Escape them where they are shown.
    CertificatesPresented(&'a [String]),
    /// The TLS handshake is done: the server's certificate is trusted, and is for the server's name.
    Secured {
        /// `TLS 1.2` or `TLS 1.3`.
        version: &'static str,
        /// The cipher suite by its registered name, such as `TLS13_AES_256_GCM_SHA384`.
        cipher_suite: &'static str,
    },
}

/// The function that classifies responses.
pub(crate) type Classifier = Arc<dyn Fn(&Response<Bytes>) -> RetryClass + Send + Sync>;

/// The function that is told of connections.
pub(crate) type Observer = Arc<dyn Fn(ConnectEvent<'_>) + Send + Sync>;

/// The meaning of a whole response for its call. A [classifier](crate::TransportBuilder::classifier) of
/// the caller's own is for APIs that say in the body what others say by the status.
///
/// ```
/// use wxpay_transport::{RetryClass, Transport};
///
/// let builder = Transport::builder().classifier(|response| match response.body().as_ref() {
///     b"busy" => RetryClass::Throttle,
///     _ => RetryClass::of_status(response.status()),
/// });
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryClass {
    /// It is the answer, whatever it says.
    Done,
    /// The server has failed: the same request may succeed when it is sent again.
    Retry,
    /// The same, and every other request should come more slowly, too: the server is asked too often.
    Throttle,
}

impl RetryClass {
    /// The class where no classifier is set: 429 is *throttle*, from 500 on it is *retry*, else *done*.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::Throttle,
            status if status.is_server_error() => Self::Retry,
            _ => Self::Done,
        }
    }
}
