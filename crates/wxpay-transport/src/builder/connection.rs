//! The settings of connections: where they lead, how long they are kept, whose they are.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::{Builder, Identity, IdentitySource, Proxy, resolve::Overrides};

/// How long a connection may lie idle in the pool: below the 60 s and 75 s after which common
/// servers close it, for a request sent into a connection that is just being closed is lost.
const IDLE: Duration = Duration::from_secs(30);

/// Often enough for what forgets a silent connection after a minute, as some firewalls do.
const KEEPALIVE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(crate) struct ConnectionSettings {
    pub(crate) identity: Option<Arc<dyn IdentitySource>>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) overrides: Overrides,
    pub(crate) tcp_keepalive: Option<Duration>,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) pool_max_idle_per_host: usize,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            identity: None,
            proxy: None,
            overrides: Overrides::default(),
            tcp_keepalive: Some(KEEPALIVE),
            pool_idle_timeout: IDLE,
            pool_max_idle_per_host: usize::MAX,
        }
    }
}

impl Builder {
    /// The client certificate and its key, sent to every server that asks for one.
    ///
    /// For one that changes while the program runs, take [`identity_source`](Self::identity_source);
    /// of the two, the one called last holds.
    ///
    /// ```
    /// use wxpay_transport::{Identity, Transport};
    ///
    /// # let made = rcgen::generate_simple_self_signed(["1900000109".to_owned()])?;
    /// # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
    /// let identity = Identity::from_pem(&cert_pem, &key_pem)?;
    /// let transport: Transport<String> = Transport::builder().identity(identity).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn identity(self, identity: Identity) -> Self {
        self.identity_source(identity)
    }

    /// Where the client certificate comes from, asked before each attempt.
    ///
    /// When the source has another identity, new attempts open new connections with it; those under
    /// way finish on the old ones, and no TLS session of the old identity is resumed.
    ///
    /// ```no_run
    /// use wxpay_transport::{IdentityFiles, Transport};
    ///
    /// let files = IdentityFiles::pem("cert.pem", "key.pem")?;
    /// let transport: Transport<String> = Transport::builder().identity_source(files).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn identity_source(mut self, source: impl IdentitySource) -> Self {
        self.connection.identity = Some(Arc::new(source));
        self
    }

    /// The proxy that connections are tunnelled through, for the servers that
    /// [it is for](Proxy::applies_to). Without this call there is none: the environment is read by
    /// [`Proxy::from_env`] only.
    ///
    /// ```
    /// use wxpay_transport::{Proxy, Transport};
    ///
    /// let proxy = Proxy::new("http://proxy.test:3128")?.basic_auth("operator", "secret");
    /// let builder = Transport::builder().proxy(proxy);
    /// assert!(!format!("{builder:?}").contains("secret"));
    /// # Ok::<(), wxpay_transport::InvalidProxy>(())
    /// ```
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.connection.proxy = Some(proxy);
        self
    }

    /// Connects to these addresses, in this order, instead of resolving `host`, when the URI's host
    /// and port are these: what curl calls `--resolve host:port:address[,address]`.
    ///
    /// The server's certificate is still checked against `host`. Several hosts and ports may be
    /// given; the last call for a pair of them holds. A server behind a proxy is resolved by the
    /// proxy, whatever is said here; the proxy's own name can be given. A host that is an address is
    /// not resolved at all.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use wxpay_transport::Transport;
    ///
    /// let builder = Transport::builder().resolve("gateway.test", 443, [Ipv4Addr::LOCALHOST]);
    /// # let _ = builder;
    /// ```
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
        self.connection.overrides.set(host, port, addresses);
        self
    }

    /// How long a silent connection is left alone before TCP asks whether the other side is still
    /// there; `None` to never ask. It finds out about a dead server in the middle of a long wait,
    /// and keeps firewalls from forgetting the connection.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::Transport;
    ///
    /// // A firewall in between forgets what is silent for 20 s.
    /// let builder = Transport::builder().tcp_keepalive(Some(Duration::from_secs(15)));
    /// # let _ = builder;
    /// ```
    pub fn tcp_keepalive(mut self, after: Option<Duration>) -> Self {
        self.connection.tcp_keepalive = after;
        self
    }

    /// How long a connection may lie idle before it is closed.
    ///
    /// Keep it below the server's: a request that is sent just as the server closes is lost.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::Transport;
    ///
    /// // The server closes after 5 s.
    /// let builder = Transport::builder().pool_idle_timeout(Duration::from_secs(4));
    /// # let _ = builder;
    /// ```
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.connection.pool_idle_timeout = timeout;
        self
    }

    /// How many idle connections are kept for each host and port. With 0, every call connects anew.
    ///
    /// It does not bound the connections in use: [`concurrency`](Self::concurrency) does.
    ///
    /// ```
    /// use wxpay_transport::Transport;
    ///
    /// // A call an hour: no connection lives until the next one.
    /// let builder = Transport::builder().pool_max_idle_per_host(0);
    /// # let _ = builder;
    /// ```
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.connection.pool_max_idle_per_host = connections;
        self
    }
}
