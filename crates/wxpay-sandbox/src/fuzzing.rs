//! The gateway's rules without a socket, for `fuzz/` and for unit tests.
//!
//! Users never see it: no feature turns it on, and it is not a part of the API.

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
    rules::evaluate,
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

    /// The record of a request, with its response. `holder` is the common name of the client's
    /// certificate; without one, none was sent.
    #[must_use]
    #[allow(
        clippy::missing_panics_doc,
        reason = "a machine that fuzzes has randomness"
    )]
    pub fn answer(
        &self,
        request: Request<Bytes>,
        holder: Option<&str>,
        effect: Option<Effect>,
    ) -> RecordedRequest {
        let status = holder.map_or(ClientCertStatus::Missing, |holder| {
            ClientCertStatus::Accepted(Some(holder.to_owned()))
        });
        let call = call(request, End::Whole, status);
        let evaluation = evaluate(&call, &self.0.mch_id, &self.0.key);
        let response = respond(&evaluation, effect, &self.0.key);
        let findings = findings::find(&call, &evaluation, &self.0);
        let handled = Handled {
            call,
            evaluation: Some(evaluation),
            faults: Vec::new(),
            response: Some(response.expect("the operating system has randomness")),
        };
        RecordedRequest::new(1, &handled, findings, &self.0.redactor)
    }
}

pub(crate) fn call(request: Request<Bytes>, end: End, status: ClientCertStatus) -> Call {
    let (head, bytes) = request.into_parts();
    Call {
        client: client(status),
        time: SystemTime::UNIX_EPOCH,
        method: head.method,
        uri: head.uri,
        headers: head.headers,
        body: Body { bytes, end },
        received_in: Duration::ZERO,
    }
}

pub(crate) fn client(status: ClientCertStatus) -> Arc<Client> {
    Arc::new(Client {
        address: String::new(),
        tls_version: "TLSv1_3".to_owned(),
        certificate: None,
        status,
    })
}
