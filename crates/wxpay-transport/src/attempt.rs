//! One attempt: its progress, and its end when it stands still for too long.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{Extensions, Request};
use http_body::Body;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use tokio::{
    task_local,
    time::{Instant, sleep_until},
};

use crate::{
    config::MAX_TIMEOUT,
    error::{BoxError, CallResult, Error, Step, TimeoutKind, TlsErrorKind, Wait, lock},
    policy::Policy,
};

/// How many bytes the system may keep unsent: a line of 16 kbit/s sends them within half a minute.
pub(crate) const MAX_UNSENT: u32 = 64 * 1024;

task_local! {
    /// The state of the attempt that is being polled: hyper's client passes only a URI to its
    /// connector.
    pub(crate) static CONNECTING: Arc<Connecting>;
}

/// The state of an attempt that connects.
pub(crate) struct Connecting {
    pub(crate) begun: Instant,
    /// When its time is over; `None` if the call's own deadline comes first.
    pub(crate) end: Option<Instant>,
    pub(crate) step: Mutex<Step>,
    /// True after the server has asked for a certificate, with no signature that the client's key
    /// can make.
    pub(crate) is_key_refused: AtomicBool,
}

impl Connecting {
    pub(crate) fn new(begun: Instant, end: Option<Instant>) -> Arc<Self> {
        Arc::new(Self {
            begun,
            end,
            step: Mutex::new(Step::Resolve),
            is_key_refused: AtomicBool::new(false),
        })
    }
}

/// The bounds of a request's body.
pub(crate) trait RequestBody:
    Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static
{
}

impl<B> RequestBody for B where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Clone + Send + Unpin + 'static
{
}

/// The state of a connection that its attempts look at.
pub(crate) struct ConnectionState {
    opened: Instant,
    /// When the last attempt began to use it.
    taken: Option<Instant>,
    /// The first TLS alert; later errors are its consequences.
    pub(crate) alert: Option<TlsErrorKind>,
    /// When the system last accepted bytes.
    pub(crate) last_write: Instant,
    /// How many bytes of this attempt the system has accepted.
    pub(crate) sent: u64,
    /// True while the system's buffer is full, because the peer reads nothing.
    pub(crate) is_blocked: bool,
}

impl ConnectionState {
    pub(crate) fn new() -> Arc<Mutex<Self>> {
        let now = Instant::now();
        Arc::new(Mutex::new(Self {
            opened: now,
            taken: None,
            alert: None,
            last_write: now,
            sent: 0,
            is_blocked: false,
        }))
    }

    /// Records the outcome of a write; an error leaves the step as it is.
    pub(crate) fn wrote<E>(&mut self, written: &Poll<Result<usize, E>>) {
        match written {
            Poll::Pending => self.is_blocked = true,
            Poll::Ready(Ok(bytes)) => {
                self.is_blocked = false;
                self.sent += *bytes as u64;
                self.last_write = Instant::now();
            }
            Poll::Ready(Err(_)) => {}
        }
    }
}

pub(crate) struct Attempt {
    connecting: Arc<Connecting>,
    capture: CaptureConnection,
    /// The connection that hyper's client has chosen.
    connection: Option<Arc<Mutex<ConnectionState>>>,
    /// True if the connection was used before.
    pub(crate) is_reused: bool,
    /// The length of the request's body.
    length: Option<u64>,
}

impl Attempt {
    pub(crate) fn new<B: Body>(request: &mut Request<B>, connecting: Arc<Connecting>) -> Self {
        Self {
            connecting,
            capture: capture_connection(request),
            connection: None,
            is_reused: false,
            length: request.body().size_hint().exact(),
        }
    }

    /// Waits for the response, and gives up when a silence has lasted too long.
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
            // The connector bounds its own time.
            let is_over = |end: &Instant| silence != TimeoutKind::Connect && *end <= now;
            if let Some(end) = end.filter(is_over) {
                return Err(Error::timeout(silence, self.wait(end - since), None));
            }
            // No silence that begins later ends earlier than these.
            let later = [TimeoutKind::Stall, TimeoutKind::Response];
            let ends = later.map(|silence| policy.end_of(silence, now));
            let end = ends.into_iter().chain([end]).flatten().min();
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

    /// Stores the connection, once hyper's client has chosen one.
    fn note_connection(&mut self) {
        if self.connection.is_some() {
            return;
        }
        let mut extensions = Extensions::new();
        if let Some(connected) = &*self.capture.connection_metadata() {
            connected.get_extras(&mut extensions);
        }
        self.connection = extensions.remove::<Arc<Mutex<ConnectionState>>>();
        if let Some(connection) = &self.connection {
            let (mut state, now) = (lock(connection), Instant::now());
            self.is_reused = state.taken.is_some() || state.opened < self.connecting.begun;
            // The task of a new connection may already be sending.
            if state.taken.is_some() {
                state.sent = 0;
            }
            (state.taken, state.last_write) = (Some(now), now);
        }
    }

    /// The current silence, and when it began.
    fn silence(&self, now: Instant) -> (TimeoutKind, Instant) {
        let Some(connection) = &self.connection else {
            return (TimeoutKind::Connect, now);
        };
        let state = lock(connection);
        let since = state.last_write;
        if state.is_blocked {
            return (TimeoutKind::Stall, since);
        }
        // The bytes that may still be in the system's buffer should take as long as those before.
        let sent = state.sent.max(1);
        let share = sent.min(u64::from(MAX_UNSENT)) as f64 / sent as f64;
        let sending = state.taken.map_or(Duration::ZERO, |taken| since - taken);
        (TimeoutKind::Response, since + sending.mul_f64(share))
    }

    /// Describes the current silence, for the error of a timeout.
    pub(crate) fn wait(&self, time: Duration) -> Wait {
        let sent = self.connection.as_ref().map_or(0, |it| lock(it).sent);
        let step = match self.silence(Instant::now()).0 {
            TimeoutKind::Connect => lock(&self.connecting.step).clone(),
            TimeoutKind::Stall => Step::Send((sent, self.length)),
            _ => Step::Response((sent, self.length)),
        };
        Wait(step, time)
    }

    /// The current silence, with its time since the last write, for a connection that the system
    /// has given up.
    pub(crate) fn given_up(&self) -> (TimeoutKind, Wait) {
        let now = Instant::now();
        let last_write = |it: &Arc<Mutex<ConnectionState>>| lock(it).last_write;
        let since = self.connection.as_ref().map_or(now, last_write);
        (self.silence(now).0, self.wait(now - since))
    }

    /// Returns true if the server accepts no signature that the client's key can make.
    pub(crate) fn is_key_refused(&self) -> bool {
        self.connecting.is_key_refused.load(Ordering::Relaxed)
    }

    /// The TLS alert that the connection ended with.
    pub(crate) fn alert(&self) -> Option<TlsErrorKind> {
        lock(self.connection.as_ref()?).alert
    }
}
