//! One request: rules, fault, response, record.

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
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
    rules::{evaluate, sign_type},
};

/// What handles the requests of all connections.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) merchant: Arc<Merchant>,
    pub(crate) faults: Faults,
    pub(crate) diagnosis: Diagnosis,
}

impl Handler {
    /// Responds to a request, or aborts the connection. The call is announced to the history before its
    /// response is sent, and explained beside it.
    pub(super) async fn handle(
        &self,
        client: Arc<Client>,
        request: Request<Incoming>,
        memory: &MemoryBudget,
        abort: &AbortSignal,
    ) -> Result<Response<ResponseBody>, getrandom::Error> {
        let (head, body) = request.into_parts();
        let time = SystemTime::now();
        let start = Instant::now();
        let call = |body, received_in| Call {
            client,
            time,
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body,
            received_in,
        };
        if self.faults.cut_request(start) {
            let nothing = Body {
                bytes: Bytes::new(),
                end: End::Cut,
            };
            let call = call(nothing, Duration::ZERO);
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
        let call = call(body, start.elapsed());
        let evaluation = evaluate(&call, &self.merchant.mch_id, &self.merchant.key);
        let media = evaluation.form.part("media");
        let file_name = media.and_then(|media| media.file_name.as_deref());
        let plan = self.faults.plan(file_name, Instant::now());
        let sign_type = sign_type(&evaluation.form);
        let response = respond(
            &evaluation.result,
            sign_type,
            plan.effect,
            &self.merchant.key,
        )?;
        tracing::debug!(
            method = self.merchant.redactor.quoted(call.method.as_str()),
            outcome = %response.result,
            fault = plan.effect.map(tracing::field::display),
            read = call.body.bytes.len(),
            sent = response.body.len(),
            "responded"
        );
        let sent = response.clone();
        let delays = [
            plan.delay.map(Effect::Delay),
            plan.delay_in_answer.map(Effect::DelayInAnswer),
        ];
        let effects = delays.into_iter().chain([plan.effect]).flatten();
        let is_cut = plan.effect == Some(Effect::CutBeforeAnswer);
        let handled = Handled {
            call,
            evaluation: Some(evaluation),
            faults: effects.map(|effect| effect.to_string()).collect(),
            response: (!is_cut).then_some(response),
        };
        self.diagnosis.add(handled, Some(permit));
        if let Some(time) = plan.delay {
            sleep(time).await;
        }
        match is_cut {
            true => never(abort).await,
            // Made now, for its pause counts from here.
            false => Ok(http_response(sent, plan, abort, end)),
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
    let body = ResponseBody::new(
        &Bytes::from(response.body),
        plan.delay_in_answer,
        is_cut,
        aborts.then(|| abort.clone()),
    );
    let mut http = Response::new(body);
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
