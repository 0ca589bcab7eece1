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
use http_body_util::Full;
use tower::Service;

use crate::{
    EndpointStatus,
    attempt::RequestBody,
    call::Caller,
    config::Config,
    error::{BuildError, Error},
};

/// An HTTPS client with a client certificate, as a tower service.
///
/// It takes an [`http::Request`] with an absolute `https` URI and answers with the whole response,
/// collected under a bound in bytes and under the timeouts of its
/// [`TransportBuilder`](crate::TransportBuilder). There are no cookies, no redirects and no compression.
///
/// A clone is cheap and shares the connection pool, the TLS sessions and the limits. It is always ready:
/// waiting for a place happens inside the call. `B` is the request's body, inferred from the first call; it
/// is [`Clone`], as [`Full`] and `String` are, so that an attempt can be repeated with the same bytes.
pub struct Transport<B>(Arc<Caller<B>>);

impl<B> Transport<B> {
    pub(crate) fn new(config: Config) -> Result<Self, BuildError>
    where
        B: RequestBody,
    {
        Ok(Self(Arc::new(Caller::new(config)?)))
    }

    /// The [endpoints](crate::TransportBuilder::endpoints) and whether they are in service, in their
    /// order; nothing where none were given.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.0.endpoints.statuses()
    }
}

impl<B> Service<Request<B>> for Transport<B>
where
    B: Body<Data = Bytes> + Clone + Send + Unpin + 'static,
    B::Error: Into<Box<dyn error::Error + Send + Sync>>,
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
