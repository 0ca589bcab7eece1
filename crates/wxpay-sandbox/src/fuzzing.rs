//! The gateway's rules without a socket, for `fuzz/`.
//!
//! Compiled with `--cfg fuzzing` alone, which no feature turns on: it is not a part of the API.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::Request;
use wxpay_sign::ApiKey;

use crate::{
    Effect, RecordedRequest,
    findings::{self, Merchant},
    record::Handled,
    request::{Body, Call, Client, End, client_certificate::ClientCertStatus},
    response::respond,
    rules::{evaluate, sign_type},
};

/// A gateway for one merchant.
#[derive(Debug)]
pub struct Gateway(Merchant);

impl Gateway {
    /// The gateway for this merchant.
    #[must_use]
    pub fn new(mch_id: &str, key: ApiKey) -> Self {
        Self(Merchant::new(mch_id, key, Vec::new()))
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
        let client = Client {
            address: String::new(),
            tls_version: "TLSv1_3".to_owned(),
            certificate: None,
            status: holder.map_or(ClientCertStatus::Missing, |holder| {
                ClientCertStatus::Accepted(Some(holder.to_owned()))
            }),
        };
        let call = Call {
            client: Arc::new(client),
            time: SystemTime::now(),
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: Body {
                bytes,
                end: End::Whole,
            },
            received_in: Duration::ZERO,
        };
        let evaluation = evaluate(&call, &self.0.mch_id, &self.0.key);
        let sign_type = sign_type(&evaluation.form);
        let response = respond(&evaluation.result, sign_type, effect, &self.0.key)
            .expect("the operating system has randomness");
        let findings = findings::find(&call, &evaluation, &self.0);
        let handled = Handled {
            call,
            evaluation: Some(evaluation),
            faults: Vec::new(),
            response: Some(response),
        };
        RecordedRequest::new(1, &handled, findings, &self.0.redactor)
    }
}
