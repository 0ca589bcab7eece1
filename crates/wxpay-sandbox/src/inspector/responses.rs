//! Responses to a browser, and the headers that keep their contents inert.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use serde::Serialize;
use wxpay_picture::Format;

pub(super) type InspectorResponse = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Nothing from elsewhere, no script but the one file, nowhere to send a form but here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// For the bytes of clients: they run nothing, even when opened by themselves.
const SANDBOXED: &str = "default-src 'none'; sandbox";
const BINARY: &str = "application/octet-stream";

pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> InspectorResponse {
    let text = serde_json::to_string(value).expect("calls and faults have texts for names");
    whole(status, "application/json", text)
}

pub(super) fn text(status: StatusCode, text: &str) -> InspectorResponse {
    whole(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// A file of the page.
pub(super) fn asset(content_type: &'static str, text: &'static str) -> InspectorResponse {
    whole(StatusCode::OK, content_type, text)
}

/// A file of a client: shown where it is a picture, else only to be saved, never under its own name.
pub(super) fn media(bytes: Bytes) -> InspectorResponse {
    let (content_type, disposition) = match Format::detect(&bytes) {
        Some(format) => (format.media_type(), "inline"),
        None => (BINARY, "attachment; filename=\"media\""),
    };
    inert(content_type, disposition, bytes)
}

/// The bytes of a request's body, or their beginning.
pub(super) fn body(bytes: Bytes, is_cut: bool) -> InspectorResponse {
    let response = inert(BINARY, "attachment; filename=\"body\"", bytes);
    let is_cut = if is_cut { "true" } else { "false" };
    with(response, HeaderName::from_static("x-body-cut"), is_cut)
}

fn inert(content_type: &'static str, disposition: &'static str, bytes: Bytes) -> InspectorResponse {
    let response = whole(StatusCode::OK, content_type, bytes);
    let response = with(response, header::CONTENT_SECURITY_POLICY, SANDBOXED);
    with(response, header::CONTENT_DISPOSITION, disposition)
}

/// After a form: the page again.
pub(super) fn see_other(path: &'static str) -> InspectorResponse {
    with(text(StatusCode::SEE_OTHER, path), header::LOCATION, path)
}

fn whole(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> InspectorResponse {
    new(status, kind, Full::new(body.into()).boxed_unsync())
}

pub(super) fn new(
    status: StatusCode,
    content_type: &'static str,
    body: UnsyncBoxBody<Bytes, Infallible>,
) -> InspectorResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let own_origin = HeaderName::from_static("cross-origin-resource-policy");
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (own_origin, "same-origin"),
        (header::VARY, "accept"),
    ];
    headers
        .into_iter()
        .fold(response, |response, (name, value)| {
            with(response, name, value)
        })
}

fn with(
    mut response: InspectorResponse,
    name: HeaderName,
    value: &'static str,
) -> InspectorResponse {
    let value = HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
    response
}
