//! Progress: how much of a request the other side has taken.

use std::{
    error::Error,
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::error::TlsErrorKind;

/// How much the system may keep of what was written and not sent yet, in bytes: on a line of 16 kbit/s
/// it is sent within half a minute, and so no line is so slow that it seems to stand still.
pub(crate) const MAX_UNSENT: u32 = 64 * 1024;

/// How much is handed on between two reports, in bytes.
const STEP: usize = 64 * 1024;

/// A callback that is told how much of a request's body has been sent; see [`ProgressBody`].
#[derive(Clone)]
pub struct Progress(Arc<Mutex<dyn FnMut(u64) + Send>>);

impl Progress {
    /// Calls `report` with the bytes sent so far. It need not be [`Sync`]: it is never called twice
    /// at once. It runs where the connection is driven, so it must not block.
    pub fn new(report: impl FnMut(u64) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(report)))
    }

    fn report(&self, sent: u64) {
        // A callback that has panicked once is the caller's; the upload goes on.
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        report(sent);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

/// A body that reports how much of it has been sent.
///
/// The callback is called with 0 when an attempt begins, and then with the number of bytes that have
/// been handed to the connection so far, at every 64 KiB at the latest. Bytes that lie in the socket's
/// buffer count as sent, so the last call may come before the server has everything. A **repeated
/// attempt starts again from 0**, as the same bytes are sent again.
///
/// Its length is as exact as the inner body's, for the `Content-Length` is made of it.
///
/// ```
/// use http::Request;
/// use wxpay_transport::{Progress, ProgressBody};
///
/// let progress = Progress::new(|sent| println!("{sent} bytes"));
/// let request = Request::post("https://localhost:8443/")
///     .body(ProgressBody::new("hello".to_owned(), progress))?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProgressBody<B> {
    inner: B,
    progress: Option<Progress>,
    /// The rest of a frame that is handed on in steps.
    rest: Bytes,
    sent: u64,
    has_begun: bool,
}

impl<B> ProgressBody<B> {
    /// A body whose progress is reported.
    pub fn new(inner: B, progress: impl Into<Option<Progress>>) -> Self {
        Self {
            inner,
            progress: progress.into(),
            rest: Bytes::new(),
            sent: 0,
            has_begun: false,
        }
    }
}

impl<B> Body for ProgressBody<B>
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
        if !std::mem::replace(&mut this.has_begun, true) {
            progress.report(0);
        }
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

/// The bounds of a request's body, in one name.
///
/// Not `Sync`: a body is only ever polled from one place.
pub(crate) trait RequestBody:
    Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Clone + Send + Unpin + 'static
{
}

impl<B> RequestBody for B where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + Clone
        + Send
        + Unpin
        + 'static
{
}

/// The body of one attempt, that says when hyper has taken the last of it.
pub(crate) struct TrackedBody<B> {
    inner: B,
    has_ended: Arc<AtomicBool>,
}

impl<B: Body> TrackedBody<B> {
    pub(crate) fn new(inner: B) -> Self {
        let has_ended = Arc::new(AtomicBool::new(inner.is_end_stream()));
        Self { inner, has_ended }
    }

    pub(crate) fn has_ended(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_ended)
    }
}

impl<B: Body + Unpin> Body for TrackedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        // With a known length hyper does not ask for a frame after the last one.
        if frame.is_none() || self.inner.is_end_stream() || self.size_hint().exact() == Some(0) {
            self.has_ended.store(true, Ordering::Release);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The facts about a live connection that an attempt needs.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    opened: Instant,
    uses: AtomicU32,
    alert: OnceLock<TlsErrorKind>,
    writes: Mutex<Writes>,
}

/// How much of a connection's data the system has taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writes {
    pub(crate) last: Instant,
    pub(crate) bytes: u64,
    /// True while the system's buffer is full, because the other side takes nothing.
    pub(crate) is_blocked: bool,
}

impl ConnectionState {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Shared {
            opened: now,
            uses: AtomicU32::new(0),
            alert: OnceLock::new(),
            writes: Mutex::new(Writes {
                last: now,
                bytes: 0,
                is_blocked: false,
            }),
        }))
    }

    /// Records the outcome of a write.
    pub(crate) fn wrote<E>(&self, written: &Poll<Result<usize, E>>) {
        let mut writes = self.writes_mut();
        writes.is_blocked = written.is_pending();
        if let Poll::Ready(Ok(bytes @ 1..)) = written {
            writes.bytes += *bytes as u64;
            writes.last = Instant::now();
        }
    }

    pub(crate) fn writes(&self) -> Writes {
        *self.writes_mut()
    }

    fn writes_mut(&self) -> std::sync::MutexGuard<'_, Writes> {
        // Valid after any statement, so a poisoned lock is safe to reuse.
        self.0.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a TLS alert. Only the first counts: later errors are its consequences.
    pub(crate) fn set_alert(&self, alert: TlsErrorKind) {
        let _ = self.0.alert.set(alert);
    }

    pub(crate) fn alert(&self) -> Option<TlsErrorKind> {
        self.0.alert.get().copied()
    }

    /// Begins a use; returns true if the connection is older than an attempt that began then.
    pub(crate) fn begin_use(&self, attempt: Instant) -> bool {
        self.0.uses.fetch_add(1, Ordering::Relaxed) > 0 || self.0.opened < attempt
    }
}
