//! Headers that are not the caller's to set.

use http::{
    Request,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

/// Drops the caller's framing headers; hyper writes them from the body's size hint.
///
/// hyper believes a `Content-Length` that it finds: one that is too small cuts the body silently,
/// one that is too large leaves both sides waiting until the deadline.
pub(super) fn leave_framing_to_hyper<B>(mut request: Request<B>) -> Request<B> {
    request.headers_mut().remove(CONTENT_LENGTH);
    request.headers_mut().remove(TRANSFER_ENCODING);
    request
}
