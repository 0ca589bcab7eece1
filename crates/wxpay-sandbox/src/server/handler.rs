//! One request: rules, fault, response, record.

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use super::{
    body::{self, MemoryBudget},
    diagnosis::Diagnosis,
};
use crate::{
    fault::{Effect, Faults, Plan},
    findings::Merchant,
    record::Handled,
    request::{Body, Call, Client, End},
    response::{GatewayResponse, respond},
    rules::evaluate,
};

/// Handles the requests of all connections.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) merchant: Arc<Merchant>,
    pub(crate) faults: Faults,
    pub(crate) diagnosis: Diagnosis,
}

impl Handler {
    /// Responds to a request, or aborts the connection. The call is announced to the history before its
    /// response is sent, and explained beside it.
    pub(super) async fn handle<B>(
        &self,
        client: Arc<Client>,
        request: Request<B>,
        memory: &MemoryBudget,
        abort: &AbortSignal,
    ) -> Result<Response<ResponseBody>, Infallible>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        let start = Instant::now();
        let mut call = Call {
            client,
            time: SystemTime::now(),
            head,
            body: Body::default(),
            received_in: Duration::ZERO,
        };
        if self.faults.cut_request(start) {
            tracing::info!(fault = %Effect::CutInRequest, "cut");
            let handled = Handled {
                call,
                evaluation: None,
                faults: vec![Effect::CutInRequest.to_string()],
                response: None,
            };
            self.diagnosis.add(handled, None);
            return never(abort).await;
        }
        let (body, permit) = body::read(body, memory).await;
        let end = body.end;
        (call.body, call.received_in) = (body, start.elapsed());
        let merchant = &self.merchant;
        let evaluation = evaluate(&call, &merchant.mch_id, &merchant.key);
        let media = evaluation.form.part("media");
        let file_name = media.and_then(|media| media.file_name.as_deref());
        let plan = self.faults.plan(file_name, Instant::now());
        let response = respond(&evaluation, plan.effect, &merchant.key);
        tracing::debug!(
            method = merchant.redactor.quoted(call.head.method.as_str()),
            outcome = %response.result,
            fault = plan.effect.map(tracing::field::display),
            read = call.body.bytes.len(),
            sent = response.body.len(),
            "responded"
        );
        let is_cut = plan.effect == Some(Effect::CutBeforeAnswer);
        let handled = Handled {
            call,
            evaluation: Some(evaluation),
            faults: plan.effects().map(|effect| effect.to_string()).collect(),
            response: (!is_cut).then(|| response.clone()),
        };
        self.diagnosis.add(handled, Some(permit));
        if let Some(time) = plan.delay {
            sleep(time).await;
        }
        match is_cut {
            true => never(abort).await,
            // Made now, for its pause counts from here.
            false => Ok(http_response(response, plan, abort, end)),
        }
    }
}

/// The response as HTTP, in the time and as far as the plan says.
fn http_response(
    response: GatewayResponse,
    plan: Plan,
    abort: &AbortSignal,
    end: End,
) -> Response<ResponseBody> {
    let mut http = Response::new(ResponseBody::new(response.body.into(), plan, abort));
    *http.status_mut() = StatusCode::from_u16(response.status).expect("200, 400, 404 or 502");
    let headers = http.headers_mut();
    let content_type = HeaderValue::from_static(response.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    if end != End::Whole {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    http
}

/// Asks for the end of the connection, and waits for it.
async fn never<T>(abort: &AbortSignal) -> T {
    abort.abort();
    pending().await
}

/// Asks the driver of a connection to close it as soon as it waits for something: then everything has
/// been sent.
#[derive(Debug, Clone, Default)]
pub(super) struct AbortSignal(Arc<AtomicBool>);

impl AbortSignal {
    pub(super) fn abort(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The body of a response. Its length is that of the whole, even if only half is ever sent.
#[derive(Debug)]
pub(super) struct ResponseBody {
    length: u64,
    /// The last piece comes first.
    pieces: Vec<Bytes>,
    /// Before the last piece.
    pause: Option<Pin<Box<Sleep>>>,
    /// After the last piece.
    abort: Option<AbortSignal>,
}

impl ResponseBody {
    /// All of it at once, unless there is a pause in the middle, a cut in the middle, or an end of the
    /// connection after it.
    fn new(whole: Bytes, plan: Plan, abort: &AbortSignal) -> Self {
        let is_cut = plan.effect == Some(Effect::CutInAnswer);
        let aborts = is_cut || plan.effect == Some(Effect::CutAfterAnswer);
        let length = whole.len() as u64;
        let mut second = whole.clone();
        let first = second.split_to(whole.len() / 2);
        Self {
            length,
            pieces: match (plan.delay_in_answer, is_cut) {
                (None, false) => vec![whole],
                (None, true) => vec![first],
                (Some(_), false) => vec![second, first],
                (Some(_), true) => vec![Bytes::new(), first],
            },
            pause: plan.delay_in_answer.map(|time| Box::pin(sleep(time))),
            abort: aborts.then(|| abort.clone()),
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let (1, Some(pause)) = (self.pieces.len(), &mut self.pause) {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let piece = self.pieces.pop();
        // With the last piece: once all of the length is sent, hyper does not poll again.
        if let (true, Some(abort)) = (self.pieces.is_empty(), &self.abort) {
            abort.abort();
            if piece.as_ref().is_none_or(Bytes::is_empty) {
                return Poll::Pending;
            }
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_comes_in_the_middle() {
        let plan = Plan {
            delay_in_answer: Some(Duration::from_secs(9)),
            ..Plan::default()
        };
        let mut body = ResponseBody::new("01234567".into(), plan, &AbortSignal::default());
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(&first.into_data().unwrap()[..], b"0123");
        assert!(body.frame().now_or_never().is_none());
        let start = Instant::now();
        let second = body.frame().await.unwrap().unwrap();
        assert_eq!(&second.into_data().unwrap()[..], b"4567");
        assert_eq!(start.elapsed().as_secs(), 9);
        assert!(body.frame().await.is_none());
    }
}
