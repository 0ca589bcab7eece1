//! The deadline over a whole call.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tower::{Layer, Service, ServiceExt};

use crate::{Deadline, Error};

/// Bounds readiness and call together.
///
/// Tower's own timeout starts at `call`, after the service has become ready: a call that waits for
/// a place behind a concurrency limit would have no bound. This service is always ready and does
/// the waiting inside its future.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeadlineLayer {
    deadline: Duration,
}

impl DeadlineLayer {
    pub(super) fn new(deadline: Duration) -> Self {
        Self { deadline }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> DeadlineService<S> {
        DeadlineService {
            inner,
            deadline: self.deadline,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct DeadlineService<S> {
    inner: S,
    deadline: Duration,
}

impl<S, R> Service<R> for DeadlineService<S>
where
    S: Service<R, Error = Error> + Clone + Send + 'static,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let call = self.inner.clone().oneshot(request);
        let deadline = self.deadline;
        Box::pin(async move {
            match tokio::time::timeout(deadline, call).await {
                Ok(reply) => reply,
                Err(_) => Err(Error::timeout(Deadline::Call)),
            }
        })
    }
}
