//! Reads a request's body, and never more than is good.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::budget::{Budget, Reserved};
use crate::gateway::{Body, End};

/// So much is kept: twice the largest picture, so that one that is too large can be told from rubbish.
const KEPT: usize = 4 * 1024 * 1024;
/// So much is read: a client that is still sending when it is answered may not look for the answer.
const READ: usize = 64 * 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two pieces: who sends nothing for so long has gone, and holds memory that others wait for.
const IDLE: Duration = Duration::from_secs(15);

/// Reads to the end, or to a bound in bytes or time; memory holds 4 MiB at most, as far as there are
/// some left for it. They are given back with what is returned beside the body.
pub(super) async fn read<B>(mut body: B, budget: &Budget) -> (Body, Reserved)
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let deadline = Instant::now() + DEADLINE;
    let mut kept = BytesMut::new();
    let mut reserved = budget.reserve_nothing();
    let mut length = 0_usize;
    let ended = loop {
        if length > READ {
            break End::TooLarge;
        }
        let patience = deadline.min(Instant::now() + IDLE);
        match timeout_at(patience, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                length += data.len();
                let data = &data[..data.len().min(KEPT - kept.len())];
                if timeout_at(deadline, reserved.cover(kept.len() + data.len()))
                    .await
                    .is_err()
                {
                    break End::Cut;
                }
                kept.extend_from_slice(data);
            }
            Ok(None) => break End::Whole,
            Ok(Some(Err(_))) | Err(_) => break End::Cut,
        }
    };
    let end = if length > KEPT { End::TooLarge } else { ended };
    let bytes = kept.freeze();
    (Body { bytes, end }, reserved)
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

    fn budget() -> Budget {
        Budget::new(KEPT)
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_byte_by_byte_has_a_deadline_too() {
        let slow = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(14)).await;
            let frame = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"-")));
            Some((frame, ()))
        });
        let start = Instant::now();
        let (body, _) = read(StreamBody::new(Box::pin(slow)), &budget()).await;
        assert_eq!((&*body.bytes, body.end), (&b"----"[..], End::Cut));
        assert_eq!(start.elapsed().as_secs(), DEADLINE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn without_memory_a_body_waits() {
        let budget = budget();
        let (first, reserved) = read(mebibytes(4), &budget).await;
        assert_eq!(first.end, End::Whole);
        let start = Instant::now();
        let (none, _) = read(mebibytes(1), &budget).await;
        assert_eq!((none.bytes.len(), none.end), (0, End::Cut));
        assert_eq!(start.elapsed().as_secs(), DEADLINE.as_secs());
        drop(reserved);
        assert_eq!(read(mebibytes(1), &budget).await.0.end, End::Whole);
    }

    #[tokio::test]
    async fn four_mebibytes_are_kept() {
        let four = read(mebibytes(4), &budget()).await.0;
        assert_eq!((four.bytes.len(), four.end), (KEPT, End::Whole));
        let more = read(mebibytes(5), &budget()).await.0;
        assert_eq!((more.bytes.len(), more.end), (KEPT, End::TooLarge));
    }

    #[tokio::test]
    async fn no_more_is_read_than_is_good() {
        let endless = read(mebibytes(usize::MAX), &budget()).await.0;
        assert_eq!((endless.bytes.len(), endless.end), (KEPT, End::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_is_not_waited_for() {
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"--edge")));
        let stalled = StreamBody::new(stream::iter([frame]).chain(stream::pending()));
        let start = Instant::now();
        let body = read(stalled, &budget()).await.0;
        assert_eq!((&*body.bytes, body.end), (&b"--edge"[..], End::Cut));
        assert_eq!(start.elapsed().as_secs(), IDLE.as_secs());
    }
}
