//! The answers: a media id, or an error in the words of `wxpay upload --json`.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::{Serialize, Serializer, ser};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use wxpay_media::{Error, ErrorReport, RetryAdvice};

/// Seconds to wait after the gateway has asked to slow down: by then the pace is a lower one.
const AFTER_THROTTLING: u64 = 2;
/// The same after a failure that may pass.
pub(crate) const AFTER_FAILURE: u64 = 5;

/// A picture that has a media id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    pub(crate) media_id: String,
    pub(crate) media_hash: String,
    pub(crate) bytes: u64,
    /// No upload was made for this answer.
    pub(crate) reused: bool,
    /// In seconds since 1970, as a ledger has it.
    #[serde(rename = "uploaded_at", serialize_with = "rfc3339")]
    pub(crate) at: u64,
    pub(crate) attempts: u32,
    pub(crate) endpoint: String,
}

fn rfc3339<S: Serializer>(at: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    let at = OffsetDateTime::from_unix_timestamp(*at as i64).map_err(ser::Error::custom)?;
    serializer.serialize_str(&at.format(&Rfc3339).map_err(ser::Error::custom)?)
}

impl Entry {
    pub(crate) fn age(&self) -> Duration {
        let at = UNIX_EPOCH + Duration::from_secs(self.at);
        SystemTime::now().duration_since(at).unwrap_or_default()
    }

    pub(crate) fn answer(self, reused: bool) -> Response {
        json(StatusCode::OK, &Self { reused, ..self })
    }
}

/// A request that gets no media id.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// In seconds.
    retry_after: Option<u64>,
    pub(crate) error: Box<ErrorReport>,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        message: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        let error = ErrorReport {
            kind: "request".into(),
            code: None,
            message: message.into(),
            advice: advice.into(),
            retryable: false,
        };
        Self {
            status,
            retry_after: None,
            error: Box::new(error),
        }
    }

    /// The request is wrong.
    pub(crate) fn bad(message: impl Into<String>, advice: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, advice)
    }

    pub(crate) fn not_found(message: &str, advice: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, message, advice)
    }

    /// The same request may succeed after so many seconds.
    pub(crate) fn again(message: impl Into<String>, seconds: u64) -> Self {
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, message, "try again later");
        refusal.error.retryable = true;
        refusal.retry_after = Some(seconds);
        refusal.kind("busy")
    }

    pub(crate) fn stopping() -> Self {
        Self::again("the agent is stopping", AFTER_FAILURE)
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> Self {
        self.error.kind = kind.into();
        self
    }
}

/// The one place where advice for a queue becomes a status.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, retry_after) = match error.retry_advice() {
            RetryAdvice::Refused => (StatusCode::UNPROCESSABLE_ENTITY, None),
            RetryAdvice::Throttle => (StatusCode::TOO_MANY_REQUESTS, Some(AFTER_THROTTLING)),
            RetryAdvice::Retry => (StatusCode::SERVICE_UNAVAILABLE, Some(AFTER_FAILURE)),
            _ => (StatusCode::BAD_GATEWAY, None),
        };
        Self {
            status,
            retry_after,
            error: Box::new(ErrorReport::from(&error)),
        }
    }
}

impl From<wxpay_ledger::Error> for Refusal {
    fn from(error: wxpay_ledger::Error) -> Self {
        let advice = "mend the ledger, then upload again: a second upload is harmless";
        Self::new(StatusCode::BAD_GATEWAY, error.to_string(), advice).kind("ledger")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &HashMap::from([("error", self.error)]));
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], Body::from(body)).into_response()
}
