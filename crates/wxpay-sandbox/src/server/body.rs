//! Reads a request's body, and never more than is good.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::gateway::{Body, End};

/// So much is kept: twice the largest picture, so that one that is too large can be told from rubbish.
const KEPT: usize = 4 * 1024 * 1024;
/// So much is read: a client that is still sending when it is answered may not look for the answer.
const READ: usize = 64 * 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(60);

/// Reads to the end, or to a bound in bytes or time; memory holds 4 MiB at most.
pub(super) async fn read<B>(mut body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let deadline = Instant::now() + DEADLINE;
    let mut kept = BytesMut::new();
    let mut length = 0_usize;
    let ended = loop {
        if length > READ {
            break End::TooLarge;
        }
        match timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                length += data.len();
                kept.extend_from_slice(&data[..data.len().min(KEPT - kept.len())]);
            }
            Ok(None) => break End::Whole,
            Ok(Some(Err(_))) | Err(_) => break End::Cut,
        }
    };
    let end = if length > KEPT { End::TooLarge } else { ended };
    Body {
        bytes: kept.freeze(),
        end,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    /// A body of pieces of a mebibyte.
    fn mebibytes(count: usize) -> impl http_body::Body<Data = Bytes> + Unpin {
        let piece = Bytes::from(vec![0x55; 1 << 20]);
        let frame = move || Ok::<_, Infallible>(Frame::data(piece.clone()));
        StreamBody::new(stream::iter(std::iter::repeat_with(frame).take(count)))
    }

    #[tokio::test]
    async fn four_mebibytes_are_kept() {
        let four = read(mebibytes(4)).await;
        assert_eq!((four.bytes.len(), four.end), (KEPT, End::Whole));
        let more = read(mebibytes(5)).await;
        assert_eq!((more.bytes.len(), more.end), (KEPT, End::TooLarge));
    }

    #[tokio::test]
    async fn no_more_is_read_than_is_good() {
        let endless = read(mebibytes(usize::MAX)).await;
        assert_eq!((endless.bytes.len(), endless.end), (KEPT, End::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_is_not_waited_for() {
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"--edge")));
        let stalled = StreamBody::new(stream::iter([frame]).chain(stream::pending()));
        let start = Instant::now();
        let body = read(stalled).await;
        assert_eq!((&*body.bytes, body.end), (&b"--edge"[..], End::Cut));
        assert_eq!(start.elapsed().as_secs(), DEADLINE.as_secs());
    }
}
