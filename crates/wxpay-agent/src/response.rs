//! The responses: a media id, or an error with the fields of `wxpay upload --json`.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde::Serialize;
use time::{OffsetDateTime, serde::rfc3339};
use wxpay_media::{Error, ErrorReport, ImageError, RetryAdvice};

/// `Retry-After` in seconds when the gateway has asked to slow down; the rate is lower by then.
const AFTER_THROTTLING: u64 = 2;
/// `Retry-After` in seconds when the same request may succeed later.
pub(crate) const AFTER_FAILURE: u64 = 5;

/// A picture that has a media id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Entry {
    pub(crate) media_id: String,
    pub(crate) media_hash: String,
    pub(crate) bytes: u64,
    /// Whether the id comes from an upload for another request.
    pub(crate) reused: bool,
    /// In UTC, without fractions of a second.
    #[serde(serialize_with = "rfc3339::serialize")]
    pub(crate) uploaded_at: OffsetDateTime,
    pub(crate) attempts: u32,
    pub(crate) endpoint: String,
}

impl Entry {
    pub(crate) fn age(&self) -> Duration {
        let age = OffsetDateTime::now_utc() - self.uploaded_at;
        age.try_into().unwrap_or_default()
    }

    pub(crate) fn into_response(self, reused: bool) -> Response {
        json(StatusCode::OK, &Self { reused, ..self })
    }
}

/// The response to a request that gets no media id.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// Seconds.
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

    pub(crate) fn bad(message: impl Into<String>, advice: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, advice)
    }

    pub(crate) fn not_found(message: &str, advice: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, message, advice)
    }

    /// A refusal of a request that may succeed later.
    pub(crate) fn again(message: impl Into<String>, retry_after: u64) -> Self {
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, message, "try again later");
        refusal.error.retryable = true;
        refusal.retry_after = Some(retry_after);
        refusal.kind("busy")
    }

    /// The refusal of a picture that is too large for the gateway.
    pub(crate) fn oversized(size: Option<usize>) -> Self {
        Error::from(ImageError::TooLarge(size)).into()
    }

    pub(crate) fn too_large() -> Self {
        let advice = "scale the picture down: the gateway takes less than 2 MiB";
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(status, "the body has more than 16 MiB", advice)
    }

    pub(crate) fn stopping() -> Self {
        Self::again("the agent is stopping", AFTER_FAILURE)
    }

    pub(crate) fn kind(mut self, kind: &'static str) -> Self {
        self.error.kind = kind.into();
        self
    }
}

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
        let retry_after = self.retry_after.map(|it| [(header::RETRY_AFTER, it)]);
        let is_unauthorized = self.status == StatusCode::UNAUTHORIZED;
        let scheme = is_unauthorized.then_some([(header::WWW_AUTHENTICATE, "Bearer")]);
        let body = json(self.status, &HashMap::from([("error", self.error)]));
        (retry_after, scheme, body).into_response()
    }
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, Body::from(body)).into_response()
}
