//! A body that reports how much of it has been sent.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::error::lock;

/// The most bytes between two reports.
const STEP: usize = 64 * 1024;

/// A callback for the progress of a [`ProgressBody`].
///
/// ```
/// let progress = wxpay_transport::Progress::new(|sent| println!("{sent} bytes"));
/// ```
#[derive(Clone)]
pub struct Progress(Arc<Mutex<dyn FnMut(u64) + Send>>);

impl Progress {
    /// Calls `report` with the number of bytes sent so far, in the task of the connection: it must
    /// not block. It need not be [`Sync`], as calls never overlap.
    pub fn new(report: impl FnMut(u64) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(report)))
    }

    fn report(&self, sent: u64) {
        lock(&self.0)(sent);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

/// A body that reports how much of it has been sent. Its length is as exact as the inner body's.
///
/// The callback is called with 0 when an attempt begins, and then, after 64 KiB at most, with the
/// number of bytes given to the connection so far. Bytes in the socket's buffer count as sent, so
/// the last call may come before the server has all of them. A **repeated attempt starts again from
/// 0**.
///
/// ```
/// use wxpay_transport::{Progress, ProgressBody};
///
/// let progress = Progress::new(|sent| println!("{sent} bytes"));
/// let body = ProgressBody::new("hello".to_owned(), progress);
/// let request = http::Request::post("https://localhost:8443/").body(body)?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProgressBody<B> {
    inner: B,
    progress: Option<Progress>,
    /// The rest of a frame that is sent in steps.
    rest: Bytes,
    /// `None` before the first report.
    sent: Option<u64>,
}

impl<B> ProgressBody<B> {
    /// A body that reports to `progress`, if that is given.
    pub fn new(inner: B, progress: impl Into<Option<Progress>>) -> Self {
        Self {
            inner,
            progress: progress.into(),
            rest: Bytes::new(),
            sent: None,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for ProgressBody<B> {
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
        let sent = this.sent.get_or_insert_with(|| {
            progress.report(0);
            0
        });
        if this.rest.is_empty() {
            let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => this.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let step = this.rest.split_to(this.rest.len().min(STEP));
        *sent += step.len() as u64;
        progress.report(*sent);
        Poll::Ready(Some(Ok(Frame::data(step))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, mut hint) = (self.rest.len() as u64, self.inner.size_hint());
        // First the upper bound: the lower one must not pass it.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}
