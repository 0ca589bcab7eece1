//! One request and its answer.

use std::future::pending;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep};

use super::{
    answer::{Answer, Cut},
    body::{self, MemoryBudget},
};
use crate::{
    client_certificate::ClientCertificate,
    fault::{Effect, Faults, Plan},
    gateway::{Body, Call, End, Examination, Gateway, MediaId, Reply},
    history::History,
    record::{RecordedAnswer, RecordedRequest, SentCertificate},
};

/// What answers, on all connections.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) gateway: Gateway,
    pub(crate) faults: Faults,
    pub(crate) history: History,
}

/// What is known of a client by its TLS handshake.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) tls_version: String,
    pub(super) verdict: ClientCertificate,
    pub(super) certificate: Option<SentCertificate>,
}

impl Exchange {
    /// Answers a request, or asks for a cut. The call is in the history before its answer is sent.
    pub(super) async fn answer(
        &self,
        peer: &Peer,
        request: Request<Incoming>,
        memory: &MemoryBudget,
        cut: &Cut,
    ) -> Result<Response<Answer>, getrandom::Error> {
        let (head, body) = request.into_parts();
        let mut record = RecordedRequest::begin(&peer.tls_version, peer.certificate.clone(), &head);
        let start = Instant::now();
        if self.faults.cut_request(start) {
            tracing::info!(method = %head.method, fault = %Effect::CutInRequest, "cut");
            record.faults.push(Effect::CutInRequest.to_string());
            self.history.add(record, None);
            return never_answered(cut).await;
        }
        let (body, _reserved) = body::read(body, memory).await;
        record.received_in = start.elapsed();

        let examination = self.gateway.examine(&Call {
            method: &head.method,
            path: head.uri.path(),
            headers: &head.headers,
            certificate: &peer.verdict,
            body: &body,
        });
        let plan = self.faults.plan(examination.file_name(), Instant::now());
        let media_id = MediaId::random()?;
        let reply = self.gateway.answer(&examination, plan.effect, &media_id);
        tracing::debug!(
            method = %head.method,
            verdict = %reply.verdict,
            fault = plan.effect.map(tracing::field::display),
            read = body.bytes.len(),
            sent = reply.text.len(),
            "answered"
        );
        self.record(record, &body, &examination, plan, &reply);
        if let Some(time) = plan.delay {
            sleep(time).await;
        }
        match plan.effect {
            Some(Effect::CutBeforeAnswer) => never_answered(cut).await,
            _ => Ok(response(reply, plan, cut, body.end)),
        }
    }

    /// Completes what is kept of a call.
    fn record(
        &self,
        mut record: RecordedRequest,
        body: &Body,
        examination: &Examination,
        plan: Plan,
        reply: &Reply,
    ) {
        record.body_length = body.bytes.len();
        examination.describe(&mut record);
        let delays = [
            plan.delay.map(Effect::Delay),
            plan.delay_in_answer.map(Effect::DelayInAnswer),
        ];
        let faults = delays.into_iter().chain([plan.effect]).flatten();
        record.faults = faults.map(|effect| effect.to_string()).collect();
        if plan.effect != Some(Effect::CutBeforeAnswer) {
            record.answer = Some(RecordedAnswer {
                status: reply.status.as_u16(),
                body: reply.text.clone(),
            });
        }
        self.history.add(record, examination.media());
    }
}

/// The reply as HTTP, in the time and as far as the plan says.
fn response(reply: Reply, plan: Plan, cut: &Cut, end: End) -> Response<Answer> {
    let mut answer = Answer::new(Bytes::from(reply.text));
    if let Some(time) = plan.delay_in_answer {
        answer = answer.pausing(time);
    }
    answer = match plan.effect {
        Some(Effect::CutInAnswer) => answer.cut_in_half(cut.clone()),
        Some(Effect::CutAfterAnswer) => answer.cut_at_end(cut.clone()),
        _ => answer,
    };
    let mut response = Response::new(answer);
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(reply.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    if end != End::Whole {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Asks for the end of the connection, and waits for it.
async fn never_answered<T>(cut: &Cut) -> T {
    cut.ask();
    pending().await
}
