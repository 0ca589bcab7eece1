//! The settings of a transport, as plain data.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use http::Uri;
use rustls::crypto::CryptoProvider;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::{
    Backoff, Endpoints, Failover, Identity, IdentitySource, Proxy, Roots, authority::port,
    retry::Classifier,
};

/// Upper bound of user-supplied times; larger values overflow the arithmetic of clocks.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) crypto_provider: Option<Arc<CryptoProvider>>,
    pub(crate) identity: Option<ClientIdentity>,
    pub(crate) roots: Roots,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) overrides: Overrides,
    pub(crate) dialer: Option<Dialer>,
    pub(crate) observer: Observer,
    pub(crate) connect_timeout: Duration,
    pub(crate) stall_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_response_bytes: usize,
    pub(crate) concurrency: Option<usize>,
    pub(crate) tcp_keepalive: Option<Duration>,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) failover: Failover,
    pub(crate) max_retries: u32,
    pub(crate) backoff: Backoff,
    pub(crate) classifier: Classifier,
    pub(crate) max_rate: Option<NonZeroU32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            crypto_provider: None,
            identity: None,
            roots: Roots::webpki(),
            proxy: None,
            overrides: Overrides::default(),
            dialer: None,
            observer: Observer::default(),
            connect_timeout: Duration::from_secs(10),
            // curl's and rclone's users set about this; a line that moves at all moves within it.
            stall_timeout: Duration::from_secs(30),
            response_timeout: Duration::from_secs(30),
            timeout: None,
            max_response_bytes: 1024 * 1024,
            concurrency: None,
            // Often enough for firewalls that forget a silent connection after a minute.
            tcp_keepalive: Some(Duration::from_secs(30)),
            // Below the 60 s and 75 s after which common servers close an idle connection: a request
            // that is sent into one that is just being closed is lost.
            pool_idle_timeout: Duration::from_secs(30),
            pool_max_idle_per_host: usize::MAX,
            endpoints: None,
            failover: Failover::default(),
            max_retries: 0,
            backoff: Backoff::default(),
            classifier: Classifier::default(),
            max_rate: None,
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
            .field("timeout", &self.timeout)
            .field("max_retries", &self.max_retries)
            .finish_non_exhaustive()
    }
}

/// Where the client's certificate comes from.
#[derive(Debug, Clone)]
pub(crate) enum ClientIdentity {
    Fixed(Identity),
    Source(Arc<dyn IdentitySource>),
}

impl ClientIdentity {
    /// The identity as of now.
    pub(crate) fn current(&self) -> Identity {
        match self {
            Self::Fixed(identity) => identity.clone(),
            Self::Source(source) => source.current(),
        }
    }
}

/// The addresses given for hosts and ports. Few enough to be looked through one by one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides(Vec<(String, u16, Arc<[IpAddr]>)>);

impl Overrides {
    pub(crate) fn set(&mut self, host: &str, port: u16, addresses: Arc<[IpAddr]>) {
        self.0
            .retain(|(known, at, _)| *at != port || !known.eq_ignore_ascii_case(host));
        self.0.push((host.to_owned(), port, addresses));
    }

    /// The addresses that were given for a URI's host and port, if any were.
    pub(crate) fn find(&self, uri: &Uri) -> Option<&Arc<[IpAddr]>> {
        let (host, port) = (uri.host()?, port(uri));
        let mut all = self.0.iter();
        let found = all.find(|(known, at, _)| *at == port && known.eq_ignore_ascii_case(host));
        found.map(|(_, _, addresses)| addresses)
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

type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Io>>> + Send>>;

/// The caller's own way to open connections.
#[derive(Clone)]
pub(crate) struct Dialer(pub(crate) Arc<dyn Fn(Uri) -> Dialing + Send + Sync>);

/// A step of a connection, as an [observer](crate::TransportBuilder::observer) is told of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum ConnectEvent<'a> {
    /// The host's addresses are known; not with a proxy, which resolves the name itself.
    Resolved {
        /// In the order in which they are tried.
        addresses: &'a [IpAddr],
    },
    /// A TCP connection was opened, to the server or to the proxy in between.
    Connected {
        /// The address of the other end.
        peer: SocketAddr,
    },
    /// The proxy has given a tunnel to the server.
    Tunneled,
    /// The server has shown its certificates, which may be trusted or not.
    CertificatesPresented {
        /// The server's own first.
        chain: &'a [PresentedCertificate<'a>],
    },
    /// The server has asked for a client certificate.
    CertificateRequested,
    /// The TLS handshake is done: the server's certificate is trusted, and is for the server's name.
    Secured {
        /// `TLS 1.2` or `TLS 1.3`.
        version: &'static str,
        /// The cipher suite by its registered name, such as `TLS13_AES_256_GCM_SHA384`.
        cipher_suite: &'static str,
    },
}

/// A certificate that a server has shown, trusted or not.
///
/// Names have the form of RFC 4514, `CN=…,O=…`; anything can stand in them, so escape them for where
/// they are shown.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PresentedCertificate<'a> {
    /// The certificate itself.
    pub der: &'a [u8],
    /// The server's or the authority's name; empty when the certificate cannot be read.
    pub subject: String,
    /// The name of the authority that has signed it; empty when the certificate cannot be read.
    pub issuer: String,
}

type Observe = dyn Fn(ConnectEvent<'_>) + Send + Sync;

/// The function that is told of connections, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Observer(pub(crate) Option<Arc<Observe>>);

impl Observer {
    pub(crate) fn tell(&self, event: ConnectEvent<'_>) {
        if let Some(observe) = &self.0 {
            observe(event);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
