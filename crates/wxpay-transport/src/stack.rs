//! The layers between the caller and the wire, outer to inner.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::{
    Service, ServiceBuilder, limit::ConcurrencyLimitLayer, timeout::TimeoutLayer,
    util::BoxCloneSyncService,
};

use crate::{
    Builder, Deadline, Error,
    body::{BoxError, RequestBody},
};

mod deadline;
mod headers;
mod reply;
mod span;

/// The finished stack: one nameable type, whatever layers are in it.
pub(crate) type Stack<B> = BoxCloneSyncService<Request<B>, Response<Bytes>, Error>;

/// Span → deadline of the call → concurrency limit → deadline of the attempt → reply collected
/// under its bound → headers → exchange.
///
/// The deadline of the call lies outside the limit, so that waiting for a place counts. The
/// deadline of the attempt lies outside the collecting, so that a reply that stalls in the middle
/// is a failed attempt.
pub(crate) fn stack<B, S, R>(settings: &Builder, exchange: S) -> Stack<B>
where
    B: RequestBody,
    S: Service<Request<B>, Response = Response<R>, Error = Error, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    // None of its own: the call's deadline is the one that passes, and the one to be named.
    let attempt_deadline = settings.attempt_deadline.unwrap_or(Duration::MAX);
    let reply_limit = settings.reply_limit;
    let service = ServiceBuilder::new()
        .layer(span::SpanLayer)
        .layer(deadline::DeadlineLayer::new(settings.call_deadline))
        .option_layer(settings.concurrency.map(ConcurrencyLimitLayer::new))
        // The timeout boxes every error: ours are taken out again right outside of it.
        .map_err(|error| Error::from_timeout(error, Deadline::Attempt))
        .layer(TimeoutLayer::new(attempt_deadline))
        .and_then(move |response| reply::collect(response, reply_limit))
        .map_request(headers::leave_framing_to_hyper::<B>)
        .service(exchange);
    BoxCloneSyncService::new(service)
}
