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

/// Tells the driver of a connection to close it as soon as it waits for something: then all that was to
/// be sent has been sent.
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

/// The body of a response. Its length is that of the whole, also where only half is ever sent.
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
    /// All of it at once; with a pause in the middle, without what is behind the middle, or with the end
    /// of the connection after it, where this is asked for.
    pub(super) fn new(
        whole: &Bytes,
        pause: Option<Duration>,
        is_cut_in_half: bool,
        abort: Option<AbortSignal>,
    ) -> Self {
        let (first, second) = (
            whole.slice(..whole.len() / 2),
            whole.slice(whole.len() / 2..),
        );
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
        // Asked with the last piece: once all of the length is sent, hyper does not look here again.
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
    use std::pin::pin;

    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    use tokio::time::Instant;

    use super::*;

    fn body(pause: Option<Duration>, is_cut: bool, abort: Option<AbortSignal>) -> ResponseBody {
        ResponseBody::new(&Bytes::from_static(b"0123456789"), pause, is_cut, abort)
    }

    /// What comes until there is a cut or an end.
    async fn sent(body: ResponseBody) -> (String, bool) {
        let mut sent = String::new();
        let mut body = pin!(body);
        loop {
            let frame = body.frame();
            match tokio::time::timeout(Duration::from_secs(60), frame).await {
                Ok(Some(Ok(frame))) => {
                    sent.push_str(str::from_utf8(frame.data_ref().unwrap()).unwrap());
                }
                Ok(None) => return (sent, true),
                Ok(Some(Err(never))) => match never {},
                Err(_) => return (sent, false),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_comes_in_the_middle() {
        let start = Instant::now();
        let mut body = pin!(body(Some(Duration::from_secs(9)), false, None));
        let first = body.frame().await.unwrap().unwrap();
        assert_eq!(&first.into_data().unwrap()[..], b"01234");
        assert!(body.frame().now_or_never().is_none());
        let second = body.frame().await.unwrap().unwrap();
        assert_eq!(&second.into_data().unwrap()[..], b"56789");
        assert_eq!(start.elapsed().as_secs(), 9);
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn cuts_are_asked_for_with_the_last_bytes() {
        for pause in [None, Some(Duration::from_secs(9))] {
            for (is_cut, expected) in [(false, "0123456789"), (true, "01234")] {
                let abort = AbortSignal::default();
                let body = body(pause, is_cut, Some(abort.clone()));
                assert_eq!(http_body::Body::size_hint(&body).exact(), Some(10));
                let (received, has_ended) = sent(body).await;
                assert_eq!(received, expected);
                assert!(abort.is_aborted() && (!has_ended || !is_cut));
            }
        }
        assert_eq!(
            sent(body(None, false, None)).await,
            ("0123456789".to_owned(), true)
        );
    }
}
