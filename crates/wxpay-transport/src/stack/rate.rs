//! Attempts at the rate that the server allows.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use tower::{Layer, Service, ServiceExt};

use crate::{Error, Judgement, RateLimit};

/// Lets attempts begin when the limit says so, and tells it what came of them.
///
/// Always ready: the waiting is done inside the call, under its deadline. Tower's own rate limit is
/// not `Clone`, and knows its rate beforehand.
#[derive(Debug, Clone)]
pub(super) struct RateLayer(Arc<dyn RateLimit>);

impl RateLayer {
    pub(super) fn new(limit: Arc<dyn RateLimit>) -> Self {
        Self(limit)
    }
}

impl<S> Layer<S> for RateLayer {
    type Service = Rate<S>;

    fn layer(&self, inner: S) -> Rate<S> {
        Rate {
            inner,
            limit: Arc::clone(&self.0),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Rate<S> {
    inner: S,
    limit: Arc<dyn RateLimit>,
}

impl<S, R> Service<R> for Rate<S>
where
    S: Service<R, Response = Response<Bytes>, Error = Error> + Clone + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let limit = Arc::clone(&self.limit);
        let inner = self.inner.clone();
        Box::pin(async move {
            limit.acquire().await;
            let reply = inner.oneshot(request).await?;
            if let Some(&judgement) = reply.extensions().get::<Judgement>() {
                limit.report(judgement);
            }
            Ok(reply)
        })
    }
}
