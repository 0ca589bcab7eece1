//! One attempt of a call.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri, uri::Authority};
use http_body::Body;
use tokio::time::{Instant, timeout};
use tower::{Layer, Service};
use tracing::{Instrument, debug, debug_span};

use super::call::Call;
use crate::{Deadline, Error, ErrorKind, endpoints::Board};

/// Chooses the endpoint of each attempt, puts the attempt into a span and under its deadline, and
/// remembers whether the endpoint was reached.
///
/// It lies within the limits, so that both are decided when the attempt begins, and not when it
/// starts to wait for its place.
#[derive(Debug, Clone)]
pub(super) struct AttemptLayer {
    board: Arc<Board>,
    deadline: Option<Duration>,
}

impl AttemptLayer {
    pub(super) fn new(board: Arc<Board>, deadline: Option<Duration>) -> Self {
        Self { board, deadline }
    }
}

impl<S> Layer<S> for AttemptLayer {
    type Service = Attempt<S>;

    fn layer(&self, inner: S) -> Attempt<S> {
        Attempt {
            inner,
            settings: self.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Attempt<S> {
    inner: S,
    settings: AttemptLayer,
}

impl<S, B> Service<Request<B>> for Attempt<S>
where
    S: Service<Request<B>, Response = Response<Bytes>, Error = Error>,
    S::Future: Send + 'static,
    B: Body,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let call = Call::of(request.extensions());
        let board = Arc::clone(&self.settings.board);
        let aim = call.aim(&board, self.settings.deadline);
        let span = debug_span!(
            "attempt",
            number = aim.number,
            method = %request.method(),
            host = aim.authority.as_str(),
            bytes = request.body().size_hint().exact(),
        );
        redirect(&mut request, aim.authority);
        let start = Instant::now();
        let reply = span.in_scope(|| self.inner.call(request));
        let attempt = async move {
            let reply = match timeout(aim.limit, reply).await {
                Ok(reply) => reply,
                Err(_) => Err(Error::timeout(aim.deadline)),
            };
            let milliseconds = start.elapsed().as_millis();
            match &reply {
                Ok(reply) => {
                    debug!(
                        status = reply.status().as_u16(),
                        bytes = reply.body().len(),
                        milliseconds,
                        "answered"
                    );
                }
                Err(error) => debug!(kind = ?error.kind(), milliseconds, "failed"),
            }
            match &reply {
                Err(error) if is_miss(error.kind()) => {
                    call.missed();
                    if let Some(endpoint) = aim.endpoint {
                        board.missed(endpoint, error.kind());
                    }
                }
                // Whatever it says, it is there.
                Ok(_) => {
                    if let Some(endpoint) = aim.endpoint {
                        board.reached(endpoint);
                    }
                }
                Err(_) => {}
            }
            reply
        };
        Box::pin(attempt.instrument(span))
    }
}

/// Whether the endpoint was not reached: no connection, or no answer in the time it had. A wrong
/// certificate is none of these, for then someone may be in between; nor is a cut, after which it
/// may well be there.
fn is_miss(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Connect | ErrorKind::Timeout(Deadline::Connect | Deadline::Attempt)
    )
}

/// Sends the request there, whatever its URI names.
fn redirect<B>(request: &mut Request<B>, authority: Authority) {
    if request.uri().authority() == Some(&authority) {
        return;
    }
    let mut parts = request.uri().clone().into_parts();
    parts.authority = Some(authority);
    *request.uri_mut() = Uri::from_parts(parts).expect("a uri stays one with another authority");
}
