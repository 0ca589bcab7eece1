//! One span for a call.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::{Layer, Service};
use tracing::{Instrument, debug, debug_span};

use crate::{Error, Trip};

/// Puts each call into a span `call` and says at its end how it went.
///
/// The path, the headers and both bodies stay out: they are the caller's secrets.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpanLayer;

impl<S> Layer<S> for SpanLayer {
    type Service = SpanService<S>;

    fn layer(&self, inner: S) -> SpanService<S> {
        SpanService { inner }
    }
}

#[derive(Debug, Clone)]
pub(super) struct SpanService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for SpanService<S>
where
    S: Service<Request<B>, Response = Response<Bytes>, Error = Error>,
    B: Body,
    S::Future: Send + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let span = debug_span!(
            "call",
            method = %request.method(),
            host = request.uri().host(),
            bytes = request.body().size_hint().exact(),
        );
        let start = Instant::now();
        let reply = span.in_scope(|| self.inner.call(request));
        let call = async move {
            let reply = reply.await;
            let milliseconds = start.elapsed().as_millis();
            match &reply {
                Ok(reply) => debug!(
                    status = reply.status().as_u16(),
                    bytes = reply.body().len(),
                    attempts = reply.extensions().get().map(Trip::attempts),
                    milliseconds,
                    "answered"
                ),
                Err(error) => debug!(
                    kind = ?error.kind(),
                    attempts = error.attempts(),
                    milliseconds,
                    "failed"
                ),
            }
            reply
        };
        Box::pin(call.instrument(span))
    }
}
