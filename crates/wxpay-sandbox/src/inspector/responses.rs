//! Responses to a browser, and the headers that keep what is in them inert.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use serde::Serialize;
use wxpay_picture::Format;

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;
pub(super) type InspectorResponse = Response<Body>;

/// Nothing from elsewhere, no script but the one file, nowhere to send a form but here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// For what clients have sent: whatever it is, it runs nothing, even when opened by itself.
const SANDBOXED: &str = "default-src 'none'; sandbox";

pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> InspectorResponse {
    match serde_json::to_string(value) {
        Ok(text) => whole(status, "application/json", text),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(super) fn text(status: StatusCode, text: &str) -> InspectorResponse {
    whole(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// A file of the page.
pub(super) fn asset(content_type: &'static str, text: &'static str) -> InspectorResponse {
    whole(StatusCode::OK, content_type, text)
}

/// A file of a client: shown as a picture where it is one, else only to be saved.
pub(super) fn media(bytes: Bytes) -> InspectorResponse {
    let format = Format::detect(&bytes);
    let content_type = format.map_or("application/octet-stream", Format::media_type);
    let mut response = inert(content_type, bytes);
    // Not the name that the client gave it: that is the client's.
    let disposition = match format {
        Some(_) => "inline",
        None => "attachment; filename=\"media\"",
    };
    set(&mut response, header::CONTENT_DISPOSITION, disposition);
    response
}

/// The bytes of a request's body, or their beginning.
pub(super) fn body(bytes: Bytes, is_cut: bool) -> InspectorResponse {
    let mut response = inert("application/octet-stream", bytes);
    let disposition = "attachment; filename=\"body\"";
    set(&mut response, header::CONTENT_DISPOSITION, disposition);
    let name = HeaderName::from_static("x-body-cut");
    set(&mut response, name, if is_cut { "true" } else { "false" });
    response
}

fn inert(content_type: &'static str, bytes: Bytes) -> InspectorResponse {
    let mut response = whole(StatusCode::OK, content_type, bytes);
    set(&mut response, header::CONTENT_SECURITY_POLICY, SANDBOXED);
    response
}

/// After a form: the page again.
pub(super) fn see_other(path: &'static str) -> InspectorResponse {
    let mut response = text(StatusCode::SEE_OTHER, path);
    set(&mut response, header::LOCATION, path);
    response
}

fn whole(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> InspectorResponse {
    new(status, content_type, Full::new(body.into()).boxed_unsync())
}

pub(super) fn new(status: StatusCode, content_type: &'static str, body: Body) -> InspectorResponse {
    let mut response = Response::new(body);
    *response.status_mut() = status;
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
        (header::VARY, "accept"),
    ] {
        set(&mut response, name, value);
    }
    response
}

fn set(response: &mut InspectorResponse, name: HeaderName, value: &'static str) {
    let value = HeaderValue::from_static(value);
    response.headers_mut().insert(name, value);
}
