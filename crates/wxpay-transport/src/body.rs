//! What a request's body must be.

use std::error::Error;

use bytes::Bytes;
use http_body::Body;

/// The error that a caller's body may end with.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A body that the stack can send, and send again: all that is asked of it, in one name.
///
/// Not `Sync`: a body is only ever polled from one place.
pub(crate) trait RequestBody:
    Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static
{
}

impl<B> RequestBody for B where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static
{
}
