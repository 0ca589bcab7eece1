//! Answers to a browser, and the headers that keep what is in them inert.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use serde::Serialize;

use super::html::Html;

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;
pub(super) type Answer = Response<Body>;

/// Nothing from elsewhere, no script but the one file, nowhere to send a form but here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// For what clients have sent: whatever it is, it runs nothing, even when opened by itself.
const SANDBOXED: &str = "default-src 'none'; sandbox";

pub(super) fn html(status: StatusCode, page: Html) -> Answer {
    whole(status, "text/html; charset=utf-8", page.into_string())
}

pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => whole(status, "application/json", text),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(super) fn text(status: StatusCode, text: &str) -> Answer {
    whole(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// A file of the page.
pub(super) fn asset(content_type: &'static str, text: &'static str) -> Answer {
    whole(StatusCode::OK, content_type, text)
}

/// A file of a client: shown as a picture where it is one, else only to be saved.
pub(super) fn upload(picture: Option<&'static str>, bytes: Bytes) -> Answer {
    let content_type = picture.unwrap_or("application/octet-stream");
    let mut answer = whole(StatusCode::OK, content_type, bytes);
    set(&mut answer, header::CONTENT_SECURITY_POLICY, SANDBOXED);
    // Not the name that the client gave it: that is the client's.
    let disposition = if picture.is_some() {
        "inline"
    } else {
        "attachment; filename=\"media\""
    };
    set(&mut answer, header::CONTENT_DISPOSITION, disposition);
    answer
}

/// After a form: the page again.
pub(super) fn see_other(path: &'static str) -> Answer {
    let mut answer = text(StatusCode::SEE_OTHER, path);
    set(&mut answer, header::LOCATION, path);
    answer
}

fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    new(status, content_type, Full::new(body.into()).boxed_unsync())
}

pub(super) fn new(status: StatusCode, content_type: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::VARY, "accept, accept-language"),
    ] {
        set(&mut answer, name, value);
    }
    answer
}

fn set(answer: &mut Answer, name: HeaderName, value: &'static str) {
    answer
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}
