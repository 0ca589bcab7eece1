//! How far an attempt has come: the steps of its connecting, the bytes of its request.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{task_local, time::Instant};

use crate::error::{Step, TlsErrorKind};

/// How much the system may keep of what was written and not sent yet, in bytes: on a line of 16 kbit/s
/// it is sent within half a minute, and so no line is so slow that it seems to stand still.
pub(crate) const MAX_UNSENT: u32 = 64 * 1024;

task_local! {
    /// The connecting of the attempt that is being polled: hyper's client hands its connector no more
    /// than a URI.
    static CONNECTING: Arc<Connecting>;
}

/// How long an attempt may connect, and how far it has come.
pub(crate) struct Connecting {
    pub(crate) begun: Instant,
    /// None where the call's own deadline comes first.
    pub(crate) end: Option<Instant>,
    step: Mutex<Step>,
}

impl Connecting {
    pub(crate) fn new(begun: Instant, end: Option<Instant>) -> Arc<Self> {
        let step = Mutex::new(Step::Resolve);
        Arc::new(Self { begun, end, step })
    }

    /// Polls a request of the attempt.
    pub(crate) async fn scope<F: Future>(self: Arc<Self>, request: F) -> F::Output {
        CONNECTING.scope(self, request).await
    }

    /// The one of the attempt that is being polled; a probe has no attempt.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CONNECTING.try_with(Arc::clone).ok()
    }

    pub(crate) fn step(&self) -> Step {
        *lock(&self.step)
    }

    pub(crate) fn reach(&self, step: Step) {
        *lock(&self.step) = step;
    }
}

/// The bounds of a request's body, in one name. Not `Sync`: a body is only ever polled from one place.
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
#[derive(Clone)]
pub(crate) struct ConnectionState(Arc<Shared>);

struct Shared {
    opened: Instant,
    uses: AtomicU32,
    alert: OnceLock<TlsErrorKind>,
    writes: Mutex<Writes>,
}

/// How much of a connection's data the system has taken.
#[derive(Clone, Copy)]
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
        let mut writes = lock(&self.0.writes);
        writes.is_blocked = written.is_pending();
        if let Poll::Ready(Ok(bytes @ 1..)) = written {
            writes.bytes += *bytes as u64;
            writes.last = Instant::now();
        }
    }

    pub(crate) fn writes(&self) -> Writes {
        *lock(&self.0.writes)
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

/// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
