//! The reply, collected under a bound.

use bytes::Bytes;
use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, Limited};

use crate::{Error, ErrorKind, body::BoxError};

/// Reads the whole body, or fails as soon as it is known to be longer than `limit` bytes: from its
/// `Content-Length`, else when the first byte too many arrives.
pub(super) async fn collect<R>(
    response: Response<R>,
    limit: usize,
) -> Result<Response<Bytes>, Error>
where
    R: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let (head, body) = response.into_parts();
    if body.size_hint().lower() > limit as u64 {
        return Err(ErrorKind::ReplyTooLarge { limit }.into());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(Response::from_parts(head, collected.to_bytes())),
        Err(error) => Err(Error::from_reply(error, limit)),
    }
}
