//! How a transport is described before it is built.

mod connection;
mod policy;

use std::{sync::Arc, time::Duration};

use rustls::crypto::CryptoProvider;

use crate::{
    BuildError, Roots, Transport,
    body::RequestBody,
    endpoints::Board,
    exchange::{Clients, Exchange},
    stack,
    tls::Tls,
};

pub(crate) use connection::ConnectionSettings;
pub(crate) use policy::Policy;

/// Describes a [`Transport`]; every setting has a default that is safe to keep.
///
/// | setting | default |
/// |---|---|
/// | [`identity`](Self::identity), [`identity_source`](Self::identity_source) | none: the server sees an anonymous client |
/// | [`roots`](Self::roots) | Mozilla's |
/// | [`proxy`](Self::proxy) | none |
/// | [`resolve`](Self::resolve) | what the system says |
/// | [`call_deadline`](Self::call_deadline) | 30 s |
/// | [`attempt_deadline`](Self::attempt_deadline) | the call's, shared by endpoints |
/// | [`connect_deadline`](Self::connect_deadline) | 10 s |
/// | [`reply_limit`](Self::reply_limit) | 1 MiB |
/// | [`concurrency`](Self::concurrency) | no limit |
/// | [`tcp_keepalive`](Self::tcp_keepalive) | 30 s |
/// | [`pool_idle_timeout`](Self::pool_idle_timeout) | 30 s |
/// | [`pool_max_idle_per_host`](Self::pool_max_idle_per_host) | no limit |
/// | [`endpoints`](Self::endpoints) | none: a call goes where its URI says |
/// | [`failover`](Self::failover) | out after 3 failures, probed every 30 s |
/// | [`retries`](Self::retries) | 2 |
/// | [`backoff`](Self::backoff) | up to 100 ms, 200 ms, … 5 s |
/// | [`classifier`](Self::classifier) | by the status |
/// | [`rate_limit`](Self::rate_limit) | adaptive |
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use wxpay_transport::Transport;
///
/// let transport: Transport<String> = Transport::builder()
///     .call_deadline(Duration::from_secs(20))
///     .connect_deadline(Duration::from_secs(3))
///     .reply_limit(64 * 1024)
///     .concurrency(16)
///     .build()?;
/// # Ok::<(), wxpay_transport::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    pub(crate) roots: Roots,
    pub(crate) call_deadline: Duration,
    pub(crate) attempt_deadline: Option<Duration>,
    pub(crate) connect_deadline: Duration,
    pub(crate) reply_limit: usize,
    pub(crate) concurrency: Option<usize>,
    pub(crate) connection: ConnectionSettings,
    pub(crate) policy: Policy,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            roots: Roots::mozilla(),
            call_deadline: Duration::from_secs(30),
            attempt_deadline: None,
            connect_deadline: Duration::from_secs(10),
            reply_limit: 1024 * 1024,
            concurrency: None,
            connection: ConnectionSettings::default(),
            policy: Policy::default(),
        }
    }
}

impl Builder {
    /// The certificate authorities whose servers are trusted. There is no way to trust any server.
    ///
    /// ```
    /// use wxpay_transport::{Roots, Transport};
    ///
    /// # let ca_pem = rcgen::generate_simple_self_signed(["localhost".to_owned()])?.cert.pem();
    /// // The server is our own: no public authority has to vouch for it.
    /// let builder = Transport::builder().roots(Roots::only_pem(&ca_pem)?);
    /// # let _ = builder;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// How long a call may take from the first poll to the last byte of the reply, waiting for a
    /// place and every attempt included.
    ///
    /// ```
    /// use http::Request;
    /// use std::time::Duration;
    /// use tower::ServiceExt;
    /// use wxpay_transport::{Deadline, ErrorKind, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let request = Request::get(format!("https://{}/", silent.local_addr()?)).body(String::new())?;
    /// let transport = Transport::builder().call_deadline(Duration::from_millis(20)).build()?;
    /// let error = transport.oneshot(request).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Timeout(Deadline::Call));
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_deadline(mut self, deadline: Duration) -> Self {
        self.call_deadline = deadline;
        self
    }

    /// How long one attempt of a call may take at most, connecting and the whole reply included.
    ///
    /// It differs from the call's deadline in that waiting for a place does not count. Without one,
    /// an attempt has the time that is left of its call, shared among the
    /// [`endpoints`](Self::endpoints) that it could still move to.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::Transport;
    ///
    /// let builder = Transport::builder()
    ///     .concurrency(4)
    ///     .call_deadline(Duration::from_secs(60)) // most of it may be spent waiting for a place
    ///     .attempt_deadline(Duration::from_secs(10));
    /// # let _ = builder;
    /// ```
    pub fn attempt_deadline(mut self, deadline: Duration) -> Self {
        self.attempt_deadline = Some(deadline);
        self
    }

    /// How long it may take to resolve a name, connect and finish the TLS handshake.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::Transport;
    ///
    /// // In the same building: what does not connect at once does not connect.
    /// let builder = Transport::builder().connect_deadline(Duration::from_millis(500));
    /// # let _ = builder;
    /// ```
    pub fn connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    /// The longest reply body that is taken, in bytes. A longer one is an error, never cut.
    ///
    /// ```
    #[doc = include_str!("example_server.txt")]
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::ErrorKind;
    ///
    /// // It would answer `hello`.
    /// let request = Request::get(format!("https://{server}/")).body(String::new())?;
    /// let error = builder.reply_limit(4).build()?.oneshot(request).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::ReplyTooLarge { limit: 4 });
    /// # Ok(())
    /// # }
    /// ```
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// How many attempts may be under way at once, over all clones; the others wait.
    ///
    /// A limit of 0 is read as 1: with none, no call could ever be made.
    ///
    /// ```
    /// use wxpay_transport::Transport;
    ///
    /// // The server refuses the ninth connection of one client.
    /// let builder = Transport::builder().concurrency(8);
    /// # let _ = builder;
    /// ```
    pub fn concurrency(mut self, attempts: usize) -> Self {
        self.concurrency = Some(attempts.max(1));
        self
    }

    /// Builds the transport. It opens no connection and needs no runtime yet.
    ///
    /// Only there with a crypto provider: feature `ring` (on by default) or `aws-lc-rs`.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when the crypto provider has no TLS version that is spoken.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use wxpay_transport::Transport;
    ///
    /// let transport: Transport<Full<Bytes>> = Transport::builder().build()?;
    /// # Ok::<(), wxpay_transport::BuildError>(())
    /// ```
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub fn build<B>(self) -> Result<Transport<B>, BuildError>
    where
        B: http_body::Body<Data = bytes::Bytes> + Clone + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let provider = crate::tls::provider()
            .ok_or("no crypto provider")
            .map_err(BuildError::new)?;
        self.build_with(provider)
    }

    fn build_with<B>(self, provider: CryptoProvider) -> Result<Transport<B>, BuildError>
    where
        B: RequestBody,
    {
        let tls = Tls::new(provider, &self.roots)?;
        let exchange = Exchange::new(Clients::new(tls, &self));
        let probing = exchange.clone();
        let board = Arc::new(Board::new(
            self.policy.endpoints.as_ref(),
            self.policy.failover,
            Box::new(move |authority| Box::pin(probing.clone().probe(authority))),
        ));
        Ok(Transport::new(
            stack::stack(&self, Arc::clone(&board), exchange),
            board,
        ))
    }
}
