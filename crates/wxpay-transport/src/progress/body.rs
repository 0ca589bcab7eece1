//! A body that reports what is taken of it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Progress;

/// How much is sent between two reports, in bytes.
const STEP: usize = 64 * 1024;

/// A body on one attempt, reported on if somebody wants to know.
///
/// Its size hint is the inner body's less what waits here: as exact as that one, for the
/// `Content-Length` is made of it.
#[derive(Debug, Clone)]
pub(crate) struct Reported<B> {
    inner: B,
    progress: Option<Progress>,
    /// The rest of a frame that is handed on in steps.
    rest: Bytes,
    sent: u64,
}

impl<B> Reported<B> {
    /// Begins an attempt, and reports that nothing was sent yet.
    pub(crate) fn new(inner: B, progress: Option<Progress>) -> Self {
        if let Some(progress) = &progress {
            progress.report(0);
        }
        Self {
            inner,
            progress,
            rest: Bytes::new(),
            sent: 0,
        }
    }
}

impl<B> Body for Reported<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        let Some(progress) = &this.progress else {
            return Pin::new(&mut this.inner).poll_frame(cx);
        };
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        let step = this.rest.split_to(this.rest.len().min(STEP));
        this.sent += step.len() as u64;
        progress.report(this.sent);
        Poll::Ready(Some(Ok(Frame::data(step))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http_body_util::{BodyExt, Full};

    use super::*;

    fn recorded() -> (Progress, Arc<Mutex<Vec<u64>>>) {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let recorder = reports.clone();
        let progress = Progress::new(move |sent| recorder.lock().unwrap().push(sent));
        (progress, reports)
    }

    #[tokio::test]
    async fn the_size_is_exact_and_the_bytes_the_same_all_the_way() {
        for size in [0, 1, STEP - 1, STEP, STEP + 1, 3 * STEP + 7] {
            let bytes: Bytes = (0..=255).cycle().take(size).collect::<Vec<u8>>().into();
            for progress in [None, Some(recorded().0)] {
                let mut body = Reported::new(Full::new(bytes.clone()), progress);
                let mut left = size as u64;
                let mut seen = Vec::new();
                assert_eq!(body.size_hint().exact(), Some(left));
                assert_eq!(body.is_end_stream(), size == 0);
                while let Some(frame) = body.frame().await {
                    let data = frame.unwrap().into_data().unwrap();
                    left -= data.len() as u64;
                    seen.extend(data);
                    assert_eq!(body.size_hint().exact(), Some(left));
                    assert_eq!(body.is_end_stream(), left == 0);
                }
                assert_eq!(seen, bytes);
            }
        }
    }

    #[tokio::test]
    async fn reports_grow_in_steps_from_nothing_to_all() {
        let (progress, reports) = recorded();
        let body = Full::new(Bytes::from(vec![0; 2 * STEP + 1]));
        Reported::new(body, Some(progress)).collect().await.unwrap();
        let step = STEP as u64;
        let expected = [0, step, 2 * step, 2 * step + 1];
        assert_eq!(*reports.lock().unwrap(), expected);
    }
}
