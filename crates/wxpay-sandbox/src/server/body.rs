//! Reads a request's body within bounds of time and memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::request::{Body, End};

/// Bytes kept: twice the largest picture, so that a picture that is too large is told from rubbish.
const KEPT: usize = 4 * 1024 * 1024;
/// Bytes read: a client that is still sending when it is answered may not look for the answer.
const READ: usize = 64 * 1024 * 1024;
/// Longest pause between two pieces, and time that a body has without having sent anything.
const PATIENCE: Duration = Duration::from_secs(15);
/// The same while others wait for memory.
const CONTENDED_PATIENCE: Duration = Duration::from_secs(2);
/// What one wait counts for at most: a server that is late itself does not blame the client.
const TICK: Duration = Duration::from_millis(250);
/// Bytes that buy one more second: a slow line (128 kbit/s) is waited for, a drip is not.
const BYTES_PER_SECOND: u64 = 16 * 1024;
/// Longest time for one body.
const DEADLINE: Duration = Duration::from_secs(300);

/// Memory for the bodies of all connections together.
#[derive(Debug, Clone)]
pub(super) struct MemoryBudget {
    /// A permit is one KiB.
    free: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl MemoryBudget {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(bytes / 1024)),
            waiting: Arc::default(),
        }
    }

    /// Waits for a whole place. Two bodies that each hold a half would wait for each other.
    async fn reserve(&self, bytes: usize) -> OwnedSemaphorePermit {
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // Counted down also where the wait is given up.
        let _waits = Waits(&self.waiting);
        Arc::clone(&self.free)
            .acquire_many_owned(kibibytes)
            .await
            .expect("the semaphore is never closed")
    }

    fn patience(&self) -> Duration {
        match self.waiting.load(Ordering::Relaxed) {
            0 => PATIENCE,
            _ => CONTENDED_PATIENCE,
        }
    }
}

struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads to the end, or to a bound. The memory is given back with the permit beside the body.
///
/// Time counts from when there is memory, so that a client does not pay for those before it.
pub(super) async fn read<B>(mut body: B, memory: &MemoryBudget) -> (Body, OwnedSemaphorePermit)
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let declared = body.size_hint().exact();
    let place = declared.map_or(KEPT, |bytes| {
        usize::try_from(bytes).map_or(KEPT, |it| it.min(KEPT))
    });
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
        let patience = memory.patience();
        let earned = patience + Duration::from_secs(length as u64 / BYTES_PER_SECOND);
        if idle >= patience || waited >= earned.min(DEADLINE) {
            break End::Cut;
        }
    };
    let end = if length > KEPT { End::TooLarge } else { ended };
    let bytes = kept.freeze();
    (Body { bytes, end }, permit)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, future::join_all, stream};
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use tokio::time::sleep;

    use super::*;

    fn piece(bytes: impl Into<Bytes>) -> Result<Frame<Bytes>, Infallible> {
        Ok(Frame::data(bytes.into()))
    }

    /// A body of pieces of a mebibyte, without a length.
    fn mebibytes(count: usize) -> impl http_body::Body<Data = Bytes> + Unpin {
        let mebibyte = Bytes::from(vec![0x55; 1 << 20]);
        StreamBody::new(stream::iter(
            std::iter::repeat_with(move || piece(mebibyte.clone())).take(count),
        ))
    }

    /// A body that sends so many bytes at a time, with pauses.
    fn drip(
        bytes: usize,
        pause: Duration,
    ) -> impl http_body::Body<Data = Bytes, Error = Infallible> + Unpin {
        StreamBody::new(Box::pin(stream::unfold((), move |()| async move {
            sleep(pause).await;
            Some((piece(vec![b'-'; bytes]), ()))
        })))
    }

    fn budget() -> MemoryBudget {
        MemoryBudget::new(KEPT)
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_is_timed_by_its_bytes() {
        for (bytes, pause) in [(1, 1), (1, 9), (1000, 1), (8 * 1024, 1)] {
            let start = Instant::now();
            let pause = Duration::from_secs(pause);
            let (body, _) = read(drip(bytes, pause), &budget()).await;
            assert_eq!(body.end, End::Cut, "{bytes} each {pause:?}");
            let seconds = start.elapsed().as_secs();
            assert!(seconds <= 40, "{bytes} each {pause:?}: {seconds} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_is_waited_for() {
        // Two mebibytes at 200 kbit/s.
        let pieces = (0..84).map(|_| piece(vec![b'x'; 25_000]));
        let slow = stream::iter(pieces).then(|piece| async {
            sleep(Duration::from_secs(1)).await;
            piece
        });
        let (body, _) = read(StreamBody::new(Box::pin(slow)), &budget()).await;
        assert_eq!((body.bytes.len(), body.end), (2_100_000, End::Whole));
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_drip_hold_an_honest_one_up_for_seconds() {
        let budget = MemoryBudget::new(8 * KEPT);
        let drips = join_all((0..60).map(|_| async {
            drop(read(drip(1, Duration::from_secs(9)), &budget).await);
        }));
        let honest = async {
            // Behind sixty that want a place each, and eight have one.
            sleep(Duration::from_millis(1)).await;
            let start = Instant::now();
            let (body, _) = read(Full::new(Bytes::from(vec![0; 1 << 20])), &budget).await;
            (body.end, start.elapsed())
        };
        let (_, (end, waited)) = tokio::join!(drips, honest);
        assert_eq!(end, End::Whole);
        assert!(waited <= Duration::from_secs(20), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn two_hundred_bodies_share_the_memory_for_two() {
        let budget = MemoryBudget::new(KEPT);
        let all = join_all((0..200).map(|_| async {
            let body = StreamBody::new(stream::iter((0..64).map(|_| piece(vec![0; 32 * 1024]))));
            let sized = http_body_util::Limited::new(body, 2 << 20);
            read(sized, &budget).await.0.end
        }));
        assert!(all.await.iter().all(|end| *end == End::Whole));
    }

    #[tokio::test(start_paused = true)]
    async fn without_memory_a_body_is_not_read() {
        let budget = budget();
        let (first, place) = read(mebibytes(4), &budget).await;
        assert_eq!(first.end, End::Whole);
        let mut second = Box::pin(read(mebibytes(1), &budget));
        assert!(timeout(DEADLINE, &mut second).await.is_err());
        drop(place);
        assert_eq!(second.await.0.end, End::Whole);
    }

    #[tokio::test]
    async fn four_mebibytes_are_kept() {
        let four = read(mebibytes(4), &budget()).await.0;
        assert_eq!((four.bytes.len(), four.end), (KEPT, End::Whole));
        for more in [5, usize::MAX] {
            let body = read(mebibytes(more), &budget()).await.0;
            assert_eq!((body.bytes.len(), body.end), (KEPT, End::TooLarge));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_is_not_waited_for() {
        let stalled = stream::iter([piece(vec![b'x'; 1 << 20])]).chain(stream::pending());
        let start = Instant::now();
        let body = read(StreamBody::new(stalled), &budget()).await.0;
        assert_eq!((body.bytes.len(), body.end), (1 << 20, End::Cut));
        assert!(start.elapsed() <= PATIENCE + TICK);
    }
}
