//! One request: rules, fault, response, record.

use std::{
    convert::Infallible,
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Method, Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use tokio::time::{Instant, sleep};

use super::{
    body::{self, MemoryBudget},
    diagnosis::Diagnosis,
};
use crate::{
    fault::{Effect, Faults, Plan},
    history::History,
    record::Handled,
    request::{Body, Call, Client, End},
    response::{GatewayResponse, respond},
    rules::{Merchant, evaluate},
};

/// Memory for all bodies that are being read, answered and explained.
const BODIES: usize = 128 * 1024 * 1024;

/// Handles the requests of all connections.
pub(crate) struct Handler {
    merchant: Arc<Merchant>,
    faults: Faults,
    pub(super) diagnosis: Diagnosis,
    memory: MemoryBudget,
}

impl Handler {
    pub(crate) fn new(merchant: Merchant, faults: Faults, history: History) -> io::Result<Self> {
        let merchant = Arc::new(merchant);
        Ok(Self {
            diagnosis: Diagnosis::start(Arc::clone(&merchant), history)?,
            merchant,
            faults,
            memory: MemoryBudget::new(BODIES),
        })
    }

    /// Responds, or aborts the connection. The call is announced to the history before that.
    pub(super) async fn handle<B>(
        &self,
        client: Arc<Client>,
        request: Request<B>,
        abort: &AbortSignal,
    ) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible>
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
            self.diagnosis.add(Handled {
                call,
                evaluation: None,
                faults: vec![Effect::CutInRequest.to_string()],
                response: None,
            });
            return never(abort).await;
        }
        call.body = body::read(body, &self.memory).await;
        call.received_in = start.elapsed();
        let end = call.body.end;
        let merchant = &self.merchant;
        let evaluation = evaluate(&call, merchant);
        let plan = (self.faults).plan(evaluation.form.file_name(), Instant::now());
        let response = respond(&evaluation, plan.effect, &merchant.key);
        tracing::debug!(
            method = merchant.redactor.quoted(call.head.method.as_str()),
            outcome = %response.result,
            fault = plan.effect.map(tracing::field::display),
            read = call.body.bytes.len(),
            sent = response.body.len(),
            "responded"
        );
        // A response to CONNECT must not have a length (RFC 9110, 9.3.6).
        let length = (call.head.method != Method::CONNECT).then_some(response.body.len());
        let is_cut = plan.effect == Some(Effect::CutBeforeAnswer);
        self.diagnosis.add(Handled {
            call,
            evaluation: Some(evaluation),
            faults: plan.effects().map(|effect| effect.to_string()).collect(),
            response: (!is_cut).then(|| response.clone()),
        });
        if let Some(Effect::Delay(time)) = plan.delay {
            sleep(time).await;
        }
        match is_cut {
            true => never(abort).await,
            false => Ok(http_response(response, length, plan, abort.clone(), end)),
        }
    }
}

/// The response in HTTP, sent in the time and as far as the plan says.
fn http_response(
    response: GatewayResponse,
    length: Option<usize>,
    plan: Plan,
    abort: AbortSignal,
    end: End,
) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let mut second = Bytes::from(response.body);
    let mut http = Response::builder()
        .status(response.status)
        .header(header::CONTENT_TYPE, response.content_type);
    if let Some(length) = length {
        // The length of the whole, also if only half is sent.
        http = http.header(header::CONTENT_LENGTH, length);
    }
    let http = match end {
        End::Whole => http,
        End::TooLarge | End::Cut => http.header(header::CONNECTION, "close"),
    };
    let first = second.split_to(second.len() / 2);
    // The pause counts from now.
    let pause = match plan.delay_in_answer {
        Some(Effect::DelayInAnswer(time)) => Some(sleep(time)),
        _ => None,
    };
    let rest = async move {
        if let Some(pause) = pause {
            pause.await;
        }
        match plan.effect {
            Some(Effect::CutInAnswer) => never(&abort).await,
            // Hyper does not poll a body after its last byte.
            Some(Effect::CutAfterAnswer) => abort.store(true, Ordering::Relaxed),
            _ => {}
        }
        second
    };
    let halves = stream::iter([first]).chain(stream::once(rest));
    let body = StreamBody::new(halves.map(|half| Ok(Frame::data(half))));
    let http = http.body(body.boxed_unsync());
    http.expect("status and headers are those of the gateway")
}

/// Asks for the end of the connection, and waits for it.
async fn never<T>(abort: &AbortSignal) -> T {
    abort.store(true, Ordering::Relaxed);
    pending().await
}

/// Tells the driver of a connection to close it once the connection is idle, when all has been
/// sent.
pub(super) type AbortSignal = Arc<AtomicBool>;
