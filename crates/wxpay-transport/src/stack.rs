//! The layers between the caller and the wire, outer to inner.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::{
    Service, ServiceBuilder, limit::ConcurrencyLimitLayer, retry::RetryLayer,
    util::BoxCloneSyncService,
};

use crate::{
    AdaptiveRate, Builder, Error,
    body::{BoxError, RequestBody},
    endpoints::Board,
};
use attempt::AttemptLayer;
use call_deadline::CallDeadlineLayer;
use rate::RateLayer;
use retry::RetryPolicy;

mod attempt;
mod call;
mod call_deadline;
mod headers;
mod rate;
mod reply;
mod retry;
mod retry_after;
mod span;

/// The finished stack: one nameable type, whatever layers are in it.
pub(crate) type Stack<B> = BoxCloneSyncService<Request<B>, Response<Bytes>, Error>;

/// Span → deadline of the call → retry → rate → concurrency limit → attempt: endpoint, span,
/// deadline → reply judged → collected under its bound → headers → exchange.
///
/// The deadline of the call lies outside of all that waits, so that waiting counts. The deadline of
/// the attempt lies outside of the collecting, so that a reply that stalls in the middle is a failed
/// attempt, and inside of the limits, so that a place in the queue is none of the server's time.
pub(crate) fn stack<B, S, R>(settings: &Builder, board: Arc<Board>, exchange: S) -> Stack<B>
where
    B: RequestBody,
    S: Service<Request<B>, Response = Response<R>, Error = Error, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let policy = settings.policy.clone();
    let rate = policy.rate.unwrap_or_else(|| Arc::new(AdaptiveRate::new()));
    let classifier = policy.classifier;
    let reply_limit = settings.reply_limit;
    let service = ServiceBuilder::new()
        .layer(span::SpanLayer)
        .layer(CallDeadlineLayer::new(
            settings.call_deadline,
            policy.retries,
        ))
        .layer(RetryLayer::new(RetryPolicy::new(
            Arc::clone(&board),
            policy.backoff,
        )))
        .layer(RateLayer::new(rate))
        .option_layer(settings.concurrency.map(ConcurrencyLimitLayer::new))
        .layer(AttemptLayer::new(board, settings.attempt_deadline))
        .map_response(move |reply| classifier.mark(reply))
        .and_then(move |response| reply::collect(response, reply_limit))
        .map_request(headers::leave_framing_to_hyper::<B>)
        .service(exchange);
    BoxCloneSyncService::new(service)
}

#[cfg(test)]
mod tests;
