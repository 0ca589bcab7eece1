//! The body of a response, which may pause or stop in the middle.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Asks the driver of a connection to close it as soon as it waits for something: then everything has
/// been sent.
#[derive(Debug, Clone, Default)]
pub(super) struct AbortSignal(Arc<AtomicBool>);

impl AbortSignal {
    pub(super) fn abort(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The body of a response. Its length is that of the whole, even if only half is ever sent.
#[derive(Debug)]
pub(super) struct ResponseBody {
    length: u64,
    /// The last piece comes first.
    pieces: Vec<Bytes>,
    /// Before the last piece.
    pause: Option<Pin<Box<Sleep>>>,
    /// After the last piece.
    abort: Option<AbortSignal>,
}

impl ResponseBody {
    /// All of it at once, unless there is a pause in the middle, a cut in the middle, or an end of the
    /// connection after it.
    pub(super) fn new(
        whole: &Bytes,
        pause: Option<Duration>,
        is_cut_in_half: bool,
        abort: Option<AbortSignal>,
    ) -> Self {
        let mut second = whole.clone();
        let first = second.split_to(whole.len() / 2);
        let pieces = match (pause, is_cut_in_half) {
            (None, false) => vec![whole.clone()],
            (None, true) => vec![first],
            (Some(_), false) => vec![second, first],
            (Some(_), true) => vec![Bytes::new(), first],
        };
        Self {
            length: whole.len() as u64,
            pieces,
            pause: pause.map(|time| Box::pin(sleep(time))),
            abort,
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let (1, Some(pause)) = (self.pieces.len(), &mut self.pause) {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let piece = self.pieces.pop();
        // With the last piece: once all of the length is sent, hyper does not poll again.
        if let (true, Some(abort)) = (self.pieces.is_empty(), &self.abort) {
            abort.abort();
            if piece.as_ref().is_none_or(Bytes::is_empty) {
                return Poll::Pending;
            }
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_comes_in_the_middle() {
        let pause = Duration::from_secs(9);
        let mut body =
            ResponseBody::new(&Bytes::from_static(b"01234567"), Some(pause), false, None);
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(&first.into_data().unwrap()[..], b"0123");
        assert!(body.frame().now_or_never().is_none());
        let start = tokio::time::Instant::now();
        let second = body.frame().await.unwrap().unwrap();
        assert_eq!(&second.into_data().unwrap()[..], b"4567");
        assert_eq!(start.elapsed().as_secs(), 9);
        assert!(body.frame().await.is_none());
    }
}
