//! The deadline over a whole call.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};
use tower::{Layer, Service, ServiceExt};

use super::call::Call;
use crate::{Deadline, Error, ErrorKind, endpoints::is_sound};

const TIMED_OUT: ErrorKind = ErrorKind::Timeout(Deadline::Call);

/// Bounds readiness, attempts and waiting together, and tells how the call went.
///
/// Tower's own timeout starts at `call`, after the service has become ready: a call that waits for
/// a place behind a concurrency limit would have no bound. This service is always ready and does
/// the waiting inside its future.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallDeadlineLayer {
    deadline: Duration,
    retries: u32,
}

impl CallDeadlineLayer {
    pub(super) fn new(deadline: Duration, retries: u32) -> Self {
        Self { deadline, retries }
    }
}

impl<S> Layer<S> for CallDeadlineLayer {
    type Service = CallDeadline<S>;

    fn layer(&self, inner: S) -> CallDeadline<S> {
        CallDeadline {
            inner,
            settings: *self,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct CallDeadline<S> {
    inner: S,
    settings: CallDeadlineLayer,
}

impl<S, B> Service<Request<B>> for CallDeadline<S>
where
    S: Service<Request<B>, Response = Response<Bytes>, Error = Error> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let settings = self.settings;
        let inner = self.inner.clone();
        Box::pin(async move {
            let uri = request.uri();
            let authority = uri.authority().filter(|authority| is_sound(authority));
            let (Some("https"), Some(authority)) = (uri.scheme_str(), authority.cloned()) else {
                return Err(ErrorKind::Request.into());
            };
            let now = Instant::now();
            // What is too far away to be a time is no deadline; 30 years are none either.
            let deadline = now
                .checked_add(settings.deadline)
                .unwrap_or(now + Duration::from_secs(86_400 * 365 * 30));
            let call = Call::new(authority, deadline, settings.retries);
            request.extensions_mut().insert(call.clone());
            match timeout_at(deadline, inner.oneshot(request)).await {
                Ok(Ok(mut reply)) => {
                    reply.extensions_mut().insert(call.trip());
                    Ok(reply)
                }
                Ok(Err(error)) if error.kind() != TIMED_OUT => Err(error.after(call.trip())),
                // Whichever timer was first: the last attempt has all the time that is left.
                Ok(Err(_)) | Err(_) => Err(call.timed_out().after(call.trip())),
            }
        })
    }
}
