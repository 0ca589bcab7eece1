//! The service that callers hold.

use std::{
    error, fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use crate::{Builder, EndpointStatus, Error, endpoints::Board, stack::Stack};

/// An HTTPS client with a client certificate, as a tower service.
///
/// It takes an [`http::Request`] with an absolute `https` URI and answers with the whole reply,
/// collected under a bound in bytes and under the deadlines of its [`Builder`]. Use it where a
/// service fits (behind layers of your own, under another client); where a convenient HTTP client
/// is wanted, with cookies, redirects and compression, this is not it: it does none of these.
///
/// A clone is cheap and shares the connection pool, the TLS sessions and the limits. It is always
/// ready: waiting for a free place happens inside the call, under its deadline.
///
/// `B` is the request's body; it is inferred from the first call. It must be [`Clone`], so that an
/// attempt can be repeated with the same bytes: [`http_body_util::Full`] and `String` are, a stream
/// that can be read only once is not.
///
/// ```no_run
/// use bytes::Bytes;
/// use http::Request;
/// use http_body_util::Full;
/// use tower::{Service, ServiceExt};
/// use wxpay_transport::{Identity, Transport};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let identity = Identity::from_pem(std::fs::read("cert.pem")?, std::fs::read("key.pem")?)?;
/// let mut transport = Transport::builder().identity(identity).build()?;
/// let request = Request::post("https://localhost:8443/").body(Full::new(Bytes::from("hello")))?;
/// let response = transport.ready().await?.call(request).await?;
/// println!("{} with {} bytes", response.status(), response.body().len());
/// # Ok(())
/// # }
/// ```
///
/// [`http_body_util::Full`]: https://docs.rs/http-body-util/latest/http_body_util/struct.Full.html
pub struct Transport<B> {
    stack: Stack<B>,
    board: Arc<Board>,
}

/// As `HashMap::new` is there for one hasher only, so that `Transport::builder()` needs no type:
/// the body's type is that of [`Builder::build`].
impl Transport<String> {
    /// Starts to describe a transport: no identity, Mozilla's roots, 30 s for a call.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::Transport;
    ///
    /// let builder = Transport::builder().call_deadline(Duration::from_secs(5));
    /// # let _ = builder;
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl<B> Transport<B> {
    pub(crate) fn new(stack: Stack<B>, board: Arc<Board>) -> Self {
        Self { stack, board }
    }

    /// The [endpoints](Builder::endpoints) and whether they are in service, in their order; nothing
    /// where none were given.
    ///
    /// ```
    /// use wxpay_transport::{BreakerState, Endpoints, Transport};
    ///
    /// let endpoints = Endpoints::new(["a.example".parse()?, "b.example".parse()?])?;
    /// let transport: Transport<String> = Transport::builder().endpoints(endpoints).build()?;
    /// for status in transport.endpoints() {
    ///     assert_eq!(status.state(), BreakerState::Closed);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.board.statuses()
    }
}

impl<B> Service<Request<B>> for Transport<B>
where
    B: Body<Data = Bytes> + Clone + Send + Unpin + 'static,
    B::Error: Into<Box<dyn error::Error + Send + Sync>>,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.stack.poll_ready(cx)
    }

    /// # Panics
    ///
    /// The future panics when it is polled outside a Tokio runtime with time and I/O enabled.
    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture(Box::pin(self.stack.call(request)))
    }
}

impl<B> Clone for Transport<B> {
    fn clone(&self) -> Self {
        Self::new(self.stack.clone(), Arc::clone(&self.board))
    }
}

impl<B> fmt::Debug for Transport<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("endpoints", &self.board)
            .finish_non_exhaustive()
    }
}

/// What [`Transport`] answers with, once it is there: the whole reply or an [`Error`].
///
/// Dropping it ends the call; a connection that was in use is closed, not returned to the pool.
#[must_use = "futures do nothing unless awaited"]
pub struct ResponseFuture(Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>);

impl Future for ResponseFuture {
    type Output = Result<Response<Bytes>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseFuture").finish()
    }
}
