//! The body of a response, which may pause or stop in the middle.

use std::{
    collections::VecDeque,
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
    steps: VecDeque<Step>,
}

#[derive(Debug)]
enum Step {
    Send(Bytes),
    Pause(Pin<Box<Sleep>>),
    Abort(AbortSignal),
}

impl ResponseBody {
    /// All of it at once.
    pub(super) fn new(whole: Bytes) -> Self {
        Self {
            length: whole.len() as u64,
            steps: VecDeque::from([Step::Send(whole)]),
        }
    }

    /// With a pause in the middle.
    pub(super) fn pausing(mut self, time: Duration) -> Self {
        if let Some(Step::Send(whole)) = self.steps.pop_front() {
            let (first, second) = halves(&whole);
            self.steps.push_front(Step::Send(second));
            self.steps.push_front(Step::Pause(Box::pin(sleep(time))));
            self.steps.push_front(Step::Send(first));
        }
        self
    }

    /// With nothing after the middle.
    pub(super) fn cut_in_half(mut self, abort: AbortSignal) -> Self {
        match self.steps.pop_back() {
            // Where it pauses in the middle, that comes first.
            Some(Step::Send(_)) if self.steps.len() > 1 => {}
            Some(Step::Send(whole)) => self.steps.push_back(Step::Send(halves(&whole).0)),
            _ => {}
        }
        self.cut_at_end(abort)
    }

    /// With the end of the connection after it.
    pub(super) fn cut_at_end(mut self, abort: AbortSignal) -> Self {
        self.steps.push_back(Step::Abort(abort));
        self
    }
}

fn halves(whole: &Bytes) -> (Bytes, Bytes) {
    let middle = whole.len() / 2;
    (whole.slice(..middle), whole.slice(middle..))
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            match self.steps.front_mut() {
                Some(Step::Pause(pause)) => {
                    ready!(pause.as_mut().poll(cx));
                    self.steps.pop_front();
                }
                Some(Step::Abort(abort)) => {
                    abort.abort();
                    return Poll::Pending;
                }
                Some(Step::Send(bytes)) => {
                    let sent = Frame::data(std::mem::take(bytes));
                    self.steps.pop_front();
                    // Asked now: once all of the length is sent, hyper does not look here again.
                    if let Some(Step::Abort(abort)) = self.steps.front() {
                        abort.abort();
                    }
                    return Poll::Ready(Some(Ok(sent)));
                }
                None => return Poll::Ready(None),
            }
        }
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

    fn answer() -> ResponseBody {
        ResponseBody::new(Bytes::from_static(b"0123456789"))
    }

    /// What comes until there is a cut or an end.
    async fn sent(answer: ResponseBody) -> (String, bool) {
        let mut sent = String::new();
        let mut answer = pin!(answer);
        loop {
            let frame = answer.frame();
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
        let mut answer = pin!(answer().pausing(Duration::from_secs(9)));
        let first = answer.frame().await.unwrap().unwrap();
        assert_eq!(&first.into_data().unwrap()[..], b"01234");
        assert!(answer.frame().now_or_never().is_none());
        let second = answer.frame().await.unwrap().unwrap();
        assert_eq!(&second.into_data().unwrap()[..], b"56789");
        assert_eq!(start.elapsed().as_secs(), 9);
        assert!(answer.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn cuts_are_asked_for_with_the_last_bytes() {
        let pause = Duration::from_secs(9);
        for (made, whole) in [
            (answer(), true),
            (answer().pausing(pause), true),
            (answer(), false),
            (answer().pausing(pause), false),
        ] {
            let abort = AbortSignal::default();
            let made = match whole {
                true => made.cut_at_end(abort.clone()),
                false => made.cut_in_half(abort.clone()),
            };
            assert_eq!(http_body::Body::size_hint(&made).exact(), Some(10));
            let expected = if whole { "0123456789" } else { "01234" };
            assert_eq!(sent(made).await, (expected.to_owned(), false));
            assert!(abort.is_aborted());
        }
        assert_eq!(sent(answer()).await, ("0123456789".to_owned(), true));
    }
}
