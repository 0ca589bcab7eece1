//! The gateway's rules without a socket, for `fuzz/`.
//!
//! Compiled with `--cfg fuzzing` alone, which no feature turns on: it is not a part of the API.

use bytes::Bytes;
use http::Request;
use wxpay_sign::ApiKey;

use crate::{
    Effect, RecordedAnswer, RecordedRequest,
    client_certificate::ClientCertificate,
    diagnosis::Keys,
    gateway::{self, Body, Call, End, MediaId},
};

/// A gateway for one merchant.
#[derive(Debug)]
pub struct Gateway(gateway::Gateway);

impl Gateway {
    /// The gateway for this merchant.
    #[must_use]
    pub fn new(mch_id: &str, key: ApiKey) -> Self {
        let others = Vec::new();
        Self(gateway::Gateway::new(mch_id, Keys { right: key, others }))
    }

    /// What is answered to a request, and all that is kept of it. `holder` is whom the client
    /// certificate is for; without one, none was sent.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "a machine that fuzzes has randomness"
    )]
    pub fn answer(
        &self,
        request: Request<Bytes>,
        holder: Option<&str>,
        effect: Option<Effect>,
    ) -> RecordedRequest {
        let (head, bytes) = request.into_parts();
        let mut record = RecordedRequest::begin("TLSv1_3", None, &head);
        let body = Body {
            bytes,
            end: End::Whole,
        };
        let certificate = holder.map_or(ClientCertificate::Missing, |holder| {
            ClientCertificate::Accepted(Some(holder.to_owned()))
        });
        let examination = self.0.examine(&Call {
            method: &head.method,
            path: head.uri.path(),
            headers: &head.headers,
            certificate: &certificate,
            body: &body,
        });
        let media_id = MediaId::random().expect("the operating system has randomness");
        let reply = self.0.answer(&examination, effect, &media_id);
        record.body_length = body.bytes.len();
        examination.describe(&mut record);
        record.answer = Some(RecordedAnswer {
            status: reply.status.as_u16(),
            body: reply.text,
        });
        record
    }
}
