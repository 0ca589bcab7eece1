//! One request: rules, fault, response, record.

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use tokio::time::{Instant, sleep};

use super::{
    body::{self, MemoryBudget},
    diagnosis::Diagnosis,
    response_body::{AbortSignal, ResponseBody},
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
    ) -> Result<Response<ResponseBody>, getrandom::Error>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        let start = Instant::now();
        let mut call = Call {
            client,
            time: SystemTime::now(),
            method: head.method,
            uri: head.uri,
            headers: head.headers,
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
        let Merchant {
            mch_id,
            key,
            redactor,
            ..
        } = &*self.merchant;
        let evaluation = evaluate(&call, mch_id, key);
        let media = evaluation.form.part("media");
        let file_name = media.and_then(|media| media.file_name.as_deref());
        let plan = self.faults.plan(file_name, Instant::now());
        let response = respond(&evaluation, plan.effect, key)?;
        tracing::debug!(
            method = redactor.quoted(call.method.as_str()),
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
    let is_cut = plan.effect == Some(Effect::CutInAnswer);
    let aborts = is_cut || plan.effect == Some(Effect::CutAfterAnswer);
    let abort = aborts.then(|| abort.clone());
    let bytes = Bytes::from(response.body);
    let mut http = Response::new(ResponseBody::new(
        &bytes,
        plan.delay_in_answer,
        is_cut,
        abort,
    ));
    *http.status_mut() = response.status;
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
