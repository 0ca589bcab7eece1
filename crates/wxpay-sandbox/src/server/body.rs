//! Reads a request's body within bounds of time and memory.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::request::{Body, End};

/// Bytes that are kept: twice the largest picture, so that a form with a larger picture is still
/// read.
const KEPT: usize = 4 * 1024 * 1024;
/// Bytes that are read: a client may look for the response only after it has sent everything.
const READ: usize = 64 * 1024 * 1024;
/// Longest pause between two pieces, and the time of a body without any byte.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// The same while other bodies wait for memory.
const CONTENDED_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time that one poll counts for, so that a server that is late does not blame the client.
const TICK: Duration = Duration::from_millis(250);
/// Bytes that buy one more second: a slow line (128 kbit/s) is waited for, a drip is not.
const BYTES_PER_SECOND: u64 = 16 * 1024;
/// Longest time of a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(300);

/// Memory for the bodies of all connections together.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    /// A permit is one KiB.
    free: Arc<Semaphore>,
    /// A clone for each body that waits.
    waiting: Arc<()>,
}

impl MemoryBudget {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(bytes / 1024)),
            waiting: Arc::default(),
        }
    }

    /// Reserves all of the memory at once: two bodies with a part each would wait for each other.
    async fn reserve(&self, bytes: usize) -> OwnedSemaphorePermit {
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let _waits = Arc::clone(&self.waiting);
        let place = Arc::clone(&self.free).acquire_many_owned(kibibytes);
        place.await.expect("the semaphore is never closed")
    }

    fn idle_timeout(&self) -> Duration {
        match Arc::strong_count(&self.waiting) {
            1 => IDLE_TIMEOUT,
            _ => CONTENDED_TIMEOUT,
        }
    }
}

/// Reads to the end, or to a bound. The body keeps its memory reserved until it is dropped.
///
/// Time counts from the reservation on, so that a client does not pay for those before it.
pub(super) async fn read<B>(mut body: B, memory: &MemoryBudget) -> Body
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let declared = body.size_hint().exact().unwrap_or(u64::MAX);
    let place = usize::try_from(declared).unwrap_or(KEPT).min(KEPT);
    let permit = memory.reserve(place).await;
    let mut kept = BytesMut::with_capacity(place);
    let mut length = 0_usize;
    let (mut waited, mut idle) = (Duration::ZERO, Duration::ZERO);
    let ended = loop {
        if length > READ {
            break End::TooLarge;
        }
        let start = Instant::now();
        let polled = timeout(TICK, body.frame()).await;
        let tick = start.elapsed().min(TICK);
        waited += tick;
        match polled {
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                length += data.len();
                kept.extend_from_slice(&data[..data.len().min(place - kept.len())]);
                idle = Duration::ZERO;
            }
            Ok(None) => break End::Whole,
            Ok(Some(Err(_))) => break End::Cut,
            Err(_) => idle += tick,
        }
        let allowed = memory.idle_timeout();
        let earned = allowed + Duration::from_secs(length as u64 / BYTES_PER_SECOND);
        if idle >= allowed || waited >= earned.min(BODY_TIMEOUT) {
            break End::Cut;
        }
    };
    Body {
        bytes: kept.freeze(),
        end: if length > KEPT { End::TooLarge } else { ended },
        _memory: Some(permit),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{Stream, StreamExt, future::join_all, stream};
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use tokio::time::sleep;

    use super::*;

    type Piece = Result<Frame<Bytes>, Infallible>;

    fn piece(length: usize) -> Piece {
        Ok(Frame::data(vec![b'x'; length].into()))
    }

    /// A body of pieces of this length, without a length of its own, with a pause before each.
    fn drip(length: usize, pause: u64) -> impl Stream<Item = Piece> + Unpin {
        Box::pin(stream::repeat(()).then(move |()| async move {
            sleep(Duration::from_secs(pause)).await;
            piece(length)
        }))
    }

    /// The length and the end of a body, and the time that it took.
    async fn ended(
        pieces: impl Stream<Item = Piece> + Unpin,
        memory: &MemoryBudget,
    ) -> (usize, End, Duration) {
        let start = Instant::now();
        let body = read(StreamBody::new(pieces), memory).await;
        (body.bytes.len(), body.end, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_timed_by_its_bytes() {
        let budget = MemoryBudget::new(KEPT);
        for (bytes, pause) in [(1, 1), (1, 9), (1000, 1), (8 * 1024, 1)] {
            let (_, end, took) = ended(drip(bytes, pause), &budget).await;
            let is_cut_soon = end == End::Cut && took <= Duration::from_secs(40);
            assert!(is_cut_soon, "{bytes} each {pause} s: {took:?}");
        }
        // A slow line is waited for: two mebibytes at 200 kbit/s.
        let (length, end, _) = ended(drip(25_000, 1).take(84), &budget).await;
        assert_eq!((length, end), (2_100_000, End::Whole));
        // A client that stops is not.
        let stalled = stream::iter([piece(1 << 20)]).chain(stream::pending());
        let (length, end, took) = ended(stalled, &budget).await;
        assert_eq!((length, end), (1 << 20, End::Cut));
        assert!(took <= IDLE_TIMEOUT + TICK);
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_drip_delay_an_honest_one_by_seconds() {
        let budget = MemoryBudget::new(8 * KEPT);
        let drips = (0..60).map(|_| ended(drip(1, 9), &budget));
        let honest = async {
            // Behind sixty that wait for memory, eight of which have it.
            sleep(Duration::from_millis(1)).await;
            let start = Instant::now();
            let body = read(Full::new(Bytes::from(vec![0; 1 << 20])), &budget).await;
            (body.end, start.elapsed())
        };
        let (_, (end, waited)) = tokio::join!(join_all(drips), honest);
        assert_eq!(end, End::Whole);
        assert!(waited <= Duration::from_secs(20), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_memory_a_body_is_not_read() {
        let budget = MemoryBudget::new(KEPT);
        let mebibytes = |count| StreamBody::new(stream::iter((0..count).map(|_| piece(1 << 20))));
        let first = read(mebibytes(4), &budget).await;
        assert_eq!((first.bytes.len(), first.end), (KEPT, End::Whole));
        let mut second = Box::pin(read(mebibytes(1), &budget));
        assert!(timeout(BODY_TIMEOUT, &mut second).await.is_err());
        drop(first);
        assert_eq!(second.await.end, End::Whole);
        for more in [5, usize::MAX] {
            let body = read(mebibytes(more), &budget).await;
            assert_eq!((body.bytes.len(), body.end), (KEPT, End::TooLarge));
        }
    }
}
