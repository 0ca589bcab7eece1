//! Responses to a browser, and the headers that keep their contents inert.

use std::convert::Infallible;

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{self, IntoHeaderName},
};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use serde::Serialize;
use wxpay_picture::Format;

pub(super) type InspectorResponse = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Nothing from elsewhere, scripts and styles from files only, forms sent to the inspector only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// For the bytes of clients, which run nothing even when they are opened by themselves.
const SANDBOXED: &str = "default-src 'none'; sandbox";
const BINARY: &str = "application/octet-stream";

pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> InspectorResponse {
    let text = serde_json::to_string(value).expect("the keys of calls and faults are text");
    whole(status, "application/json", text)
}

pub(super) fn text(status: StatusCode, text: &str) -> InspectorResponse {
    whole(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// A file of a client: shown if it is a picture, else downloaded, never under its own name.
pub(super) fn media(bytes: Bytes) -> InspectorResponse {
    match Format::detect(&bytes) {
        Some(format) => inert(format.media_type(), "inline", bytes),
        None => inert(BINARY, "attachment; filename=\"media\"", bytes),
    }
}

/// The body of a request, or its beginning.
pub(super) fn body(bytes: Bytes, is_cut: bool) -> InspectorResponse {
    let response = inert(BINARY, "attachment; filename=\"body\"", bytes);
    with(
        response,
        "x-body-cut",
        if is_cut { "true" } else { "false" },
    )
}

fn inert(content_type: &'static str, disposition: &'static str, bytes: Bytes) -> InspectorResponse {
    let response = whole(StatusCode::OK, content_type, bytes);
    let response = with(response, header::CONTENT_SECURITY_POLICY, SANDBOXED);
    with(response, header::CONTENT_DISPOSITION, disposition)
}

/// The page again, after a form.
pub(super) fn to_page() -> InspectorResponse {
    with(text(StatusCode::SEE_OTHER, "/"), header::LOCATION, "/")
}

pub(super) fn whole(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> InspectorResponse {
    new(status, content_type, Full::new(body.into()).boxed_unsync())
}

pub(super) fn new(
    status: StatusCode,
    content_type: &'static str,
    body: UnsyncBoxBody<Bytes, Infallible>,
) -> InspectorResponse {
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, content_type)
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "same-origin")
        .header(header::CACHE_CONTROL, "no-store")
        .header("cross-origin-resource-policy", "same-origin")
        .header(header::VARY, "accept")
        .body(body);
    response.expect("names and values of these headers are valid")
}

fn with(
    mut response: InspectorResponse,
    name: impl IntoHeaderName,
    value: &'static str,
) -> InspectorResponse {
    let value = HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
    response
}
