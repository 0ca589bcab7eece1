//! The answers: a media id, or an error in the words of `wxpay upload --json`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use wxpay_media::{Error, ErrorReport, RetryAdvice};

/// Seconds to wait after the gateway has asked to slow down: by then the pace is a lower one.
const AFTER_THROTTLING: u64 = 2;
/// The same after a failure that may pass.
const AFTER_FAILURE: u64 = 5;

/// A picture that has a media id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) media_id: String,
    pub(crate) media_hash: String,
    pub(crate) bytes: u64,
    pub(crate) attempts: u32,
    pub(crate) endpoint: String,
    /// In seconds since 1970, as a ledger has it.
    pub(crate) at: u64,
}

impl Entry {
    pub(crate) fn age(&self) -> Duration {
        let at = UNIX_EPOCH + Duration::from_secs(self.at);
        SystemTime::now().duration_since(at).unwrap_or_default()
    }

    pub(crate) fn answer(&self, reused: bool) -> Response {
        #[derive(Serialize)]
        struct Answer<'a> {
            media_id: &'a str,
            media_hash: &'a str,
            bytes: u64,
            reused: bool,
            uploaded_at: String,
            attempts: u32,
            endpoint: &'a str,
        }
        let at = OffsetDateTime::from_unix_timestamp(self.at as i64).ok();
        let answer = Answer {
            media_id: &self.media_id,
            media_hash: &self.media_hash,
            bytes: self.bytes,
            reused,
            uploaded_at: at
                .and_then(|at| at.format(&Rfc3339).ok())
                .unwrap_or_default(),
            attempts: self.attempts,
            endpoint: &self.endpoint,
        };
        json(StatusCode::OK, &answer)
    }
}

/// A request that gets no media id.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    pub(crate) error: ErrorReport,
    /// In seconds.
    retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        message: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        let error = ErrorReport {
            kind: kind.into(),
            code: None,
            message: message.into(),
            advice: advice.into(),
            retryable: false,
        };
        Self {
            status,
            error,
            retry_after: None,
        }
    }

    /// The request itself is wrong.
    pub(crate) fn request(message: impl Into<String>, advice: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "request", message, advice)
    }

    pub(crate) fn not_found(message: impl Into<String>, advice: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "request", message, advice)
    }

    pub(crate) fn forbidden(message: &str, advice: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "request", message, advice)
    }

    /// The same call may succeed after so many seconds.
    pub(crate) fn again(kind: &'static str, message: impl Into<String>, seconds: u64) -> Self {
        let (status, advice) = (StatusCode::SERVICE_UNAVAILABLE, "try again later");
        Self::new(status, kind, message, advice).retryable(seconds)
    }

    pub(crate) fn stopping() -> Self {
        Self::again("busy", "the agent is stopping", AFTER_FAILURE)
    }

    fn retryable(mut self, seconds: u64) -> Self {
        self.error.retryable = true;
        self.retry_after = Some(seconds);
        self
    }
}

/// The one place where advice for a queue becomes a status.
impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        let (status, retry_after) = match error.retry_advice() {
            RetryAdvice::Refused => (StatusCode::UNPROCESSABLE_ENTITY, None),
            RetryAdvice::Throttle => (StatusCode::TOO_MANY_REQUESTS, Some(AFTER_THROTTLING)),
            RetryAdvice::Retry => (StatusCode::SERVICE_UNAVAILABLE, Some(AFTER_FAILURE)),
            _ => (StatusCode::BAD_GATEWAY, None),
        };
        Self {
            status,
            error: error.into(),
            retry_after,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Answer<'a> {
            error: &'a ErrorReport,
        }
        let mut response = json(self.status, &Answer { error: &self.error });
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
