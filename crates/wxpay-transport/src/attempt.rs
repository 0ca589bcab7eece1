//! One attempt: how far it has come, and whether it stands still for too long.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Extensions, Request};
use http_body::{Body, Frame, SizeHint};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use tokio::{
    task_local,
    time::{Instant, sleep_until},
};

use crate::{
    config::MAX_TIMEOUT,
    error::{BoxError, CallResult, Error, Step, TimeoutKind, TlsErrorKind, Wait},
    policy::Policy,
};

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

    /// The one of the attempt that is being polled; a probe has no attempt.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CONNECTING.try_with(Arc::clone).ok()
    }

    pub(crate) fn step(&self) -> Step {
        lock(&self.step).clone()
    }

    pub(crate) fn reach(&self, step: Step) {
        *lock(&self.step) = step;
    }
}

/// The bounds of a request's body, in one name. Not `Sync`: a body is only ever polled from one place.
pub(crate) trait RequestBody:
    Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static
{
}

impl<B> RequestBody for B where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static
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

/// A live connection, as its attempts see it.
pub(crate) struct ConnectionState {
    opened: Instant,
    is_used: bool,
    /// The first TLS alert: later errors are its consequences.
    pub(crate) alert: Option<TlsErrorKind>,
    /// When the system has last taken bytes, and how many in all.
    pub(crate) last_write: Instant,
    written: u64,
    /// True while the system's buffer is full, because the other side takes nothing.
    pub(crate) is_blocked: bool,
}

impl ConnectionState {
    pub(crate) fn new() -> Arc<Mutex<Self>> {
        let now = Instant::now();
        Arc::new(Mutex::new(Self {
            opened: now,
            is_used: false,
            alert: None,
            last_write: now,
            written: 0,
            is_blocked: false,
        }))
    }

    /// Records the outcome of a write.
    pub(crate) fn wrote<E>(&mut self, written: &Poll<Result<usize, E>>) {
        self.is_blocked = written.is_pending();
        if let Poll::Ready(Ok(bytes @ 1..)) = written {
            self.written += *bytes as u64;
            self.last_write = Instant::now();
        }
    }
}

/// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Attempt {
    connecting: Arc<Connecting>,
    capture: CaptureConnection,
    /// The connection that hyper's client has taken for it.
    connection: Option<Connection>,
    /// True when hyper has taken all of the body.
    has_ended: Arc<AtomicBool>,
    length: Option<u64>,
}

struct Connection {
    state: Arc<Mutex<ConnectionState>>,
    is_reused: bool,
    /// When it was taken, and how many bytes had been written to it.
    since: Instant,
    written: u64,
}

impl Attempt {
    /// An attempt that begins now and may connect until `end`.
    pub(crate) fn new<B: Body + Unpin>(
        request: &mut Request<TrackedBody<B>>,
        begun: Instant,
        end: Option<Instant>,
    ) -> Self {
        Self {
            connecting: Connecting::new(begun, end),
            capture: capture_connection(request),
            connection: None,
            has_ended: Arc::clone(&request.body().has_ended),
            length: request.body().size_hint().exact(),
        }
    }

    /// Waits for the response, and gives up when a silence lasts too long.
    pub(crate) async fn watch(
        &mut self,
        policy: &Policy,
        response: impl Future<Output = CallResult>,
    ) -> CallResult {
        let mut response = pin!(CONNECTING.scope(Arc::clone(&self.connecting), response));
        loop {
            let now = Instant::now();
            let (silence, since) = self.silence(now);
            let end = policy.end_of(silence, since);
            // The connector looks after its own time.
            let is_over = |end: &Instant| silence != TimeoutKind::Connect && *end <= now;
            if let Some(end) = end.filter(is_over) {
                return Err(Error::timeout(silence, self.wait(end - since)));
            }
            // A silence that begins from now on ends no earlier than that.
            let later = [TimeoutKind::Stall, TimeoutKind::Response].into_iter();
            let later = later.filter(|_| silence != TimeoutKind::Response);
            let ends = later.map(|silence| policy.end_of(silence, now));
            let end = ends.chain([end]).flatten().min();
            let mut timer = pin!(sleep_until(end.unwrap_or(now + MAX_TIMEOUT)));
            let done = poll_fn(|cx| {
                let polled = response.as_mut().poll(cx);
                self.note_connection();
                match polled {
                    Poll::Ready(result) => Poll::Ready(Some(result)),
                    Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
                }
            });
            if let Some(result) = done.await {
                return result;
            }
        }
    }

    /// Notes which connection hyper's client has taken, when it has taken one.
    fn note_connection(&mut self) {
        if self.connection.is_some() {
            return;
        }
        let mut extensions = Extensions::new();
        if let Some(connected) = &*self.capture.connection_metadata() {
            connected.get_extras(&mut extensions);
        }
        let Some(state) = extensions.remove::<Arc<Mutex<ConnectionState>>>() else {
            return;
        };
        let mut facts = lock(&state);
        let is_reused = facts.is_used || facts.opened < self.connecting.begun;
        facts.is_used = true;
        let written = facts.written;
        drop(facts);
        self.connection = Some(Connection {
            state,
            is_reused,
            since: Instant::now(),
            written,
        });
    }

    /// The present silence, and when it began.
    fn silence(&self, now: Instant) -> (TimeoutKind, Instant) {
        let Some(connection) = &self.connection else {
            return (TimeoutKind::Connect, now);
        };
        let facts = lock(&connection.state);
        let since = facts.last_write.max(connection.since);
        if !self.has_ended.load(Ordering::Acquire) || facts.is_blocked {
            return (TimeoutKind::Stall, since);
        }
        drop(facts);
        // The system's buffer may still hold this much, which is sent at the pace of the bytes before.
        let sent = self.sent().max(1);
        let share = sent.min(u64::from(MAX_UNSENT)) as f64 / sent as f64;
        let sending = since - connection.since;
        (TimeoutKind::Response, since + sending.mul_f64(share))
    }

    fn sent(&self) -> u64 {
        let sent = |it: &Connection| lock(&it.state).written - it.written;
        self.connection.as_ref().map_or(0, sent)
    }

    /// Describes the present silence, for the error of a timeout.
    pub(crate) fn wait(&self, time: Duration) -> Wait {
        Wait {
            step: match self.silence(Instant::now()).0 {
                TimeoutKind::Connect => self.connecting.step(),
                TimeoutKind::Stall => Step::Send,
                _ => Step::Response,
            },
            time,
            sent: self.sent(),
            length: self.length,
        }
    }

    pub(crate) fn is_reused(&self) -> bool {
        self.connection.as_ref().is_some_and(|it| it.is_reused)
    }

    /// The TLS alert that the connection ended with.
    pub(crate) fn alert(&self) -> Option<TlsErrorKind> {
        lock(&self.connection.as_ref()?.state).alert
    }
}
