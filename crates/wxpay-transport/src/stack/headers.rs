//! Headers that are not the caller's to set.

use http::{
    Request, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

/// Drops the caller's framing headers, which hyper writes from the body's size hint, and asks for
/// the one version that is spoken.
///
/// hyper believes a `Content-Length` that it finds: one that is too small cuts the body silently,
/// one that is too large leaves both sides waiting until the deadline.
pub(super) fn leave_framing_to_hyper<B>(mut request: Request<B>) -> Request<B> {
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().remove(CONTENT_LENGTH);
    request.headers_mut().remove(TRANSFER_ENCODING);
    request
}
