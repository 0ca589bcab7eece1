//! One attempt: it watches a request until the response is there, or until a silence lasts too long.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::{Extensions, Request, Response, uri::Authority};
use http_body::Body;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use tokio::time::{Instant, sleep_until};

use crate::{
    config::MAX_TIMEOUT,
    error::{Error, Step, TimeoutKind, Wait},
    policy::{Policy, Silence},
    tracking::{Connecting, ConnectionState, MAX_UNSENT, TrackedBody},
};

pub(crate) struct Attempt {
    begun: Instant,
    connecting: Arc<Connecting>,
    capture: CaptureConnection,
    /// The connection that hyper's client has taken for it.
    connection: Option<Connection>,
    /// True when hyper has taken all of the body.
    has_ended: Arc<AtomicBool>,
    proxy: Option<Authority>,
    length: Option<u64>,
}

struct Connection {
    state: ConnectionState,
    is_reused: bool,
    since: Instant,
    /// The number of bytes written to it before.
    bytes: u64,
}

impl Connection {
    fn sent(&self) -> u64 {
        self.state.writes().bytes.saturating_sub(self.bytes)
    }
}

impl Attempt {
    /// An attempt that begins now and may connect until `end`.
    pub(crate) fn new<B: Body + Unpin>(
        request: &mut Request<TrackedBody<B>>,
        begun: Instant,
        end: Option<Instant>,
        proxy: Option<Authority>,
    ) -> Self {
        Self {
            begun,
            connecting: Connecting::new(begun, end),
            capture: capture_connection(request),
            connection: None,
            has_ended: request.body().has_ended(),
            proxy,
            length: request.body().size_hint().exact(),
        }
    }

    /// Waits for the response, and gives up when a silence lasts too long.
    pub(crate) async fn watch(
        &mut self,
        policy: &Policy,
        response: impl Future<Output = Result<Response<Bytes>, Error>>,
    ) -> Result<Response<Bytes>, Error> {
        let mut response = pin!(Arc::clone(&self.connecting).scope(response));
        loop {
            let now = Instant::now();
            let (silence, since) = self.silence(now);
            let end = policy.end_of(silence, since);
            // The connector looks after its own time.
            let is_over = |end: &Instant| silence != Silence::Connecting && *end <= now;
            if let Some(end) = end.filter(is_over) {
                let kind = match silence {
                    Silence::Receiving => TimeoutKind::Response,
                    _ => TimeoutKind::Stall,
                };
                return Err(Error::timeout(kind, self.wait(end - since)));
            }
            // A silence that begins from now on ends no earlier than that.
            let ends = match silence {
                Silence::Receiving => [end, None],
                _ => [Silence::Sending, Silence::Receiving].map(|it| policy.end_of(it, now)),
            };
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

    /// Notes which connection hyper's client has taken, when it has taken one.
    fn note_connection(&mut self) {
        if self.connection.is_some() {
            return;
        }
        let mut extensions = Extensions::new();
        if let Some(connected) = &*self.capture.connection_metadata() {
            connected.get_extras(&mut extensions);
        }
        let state = extensions.remove::<ConnectionState>();
        self.connection = state.map(|state| Connection {
            is_reused: state.begin_use(self.begun),
            since: Instant::now(),
            bytes: state.writes().bytes,
            state,
        });
    }

    /// The present silence, and when it began.
    fn silence(&self, now: Instant) -> (Silence, Instant) {
        let Some(connection) = &self.connection else {
            return (Silence::Connecting, now);
        };
        let writes = connection.state.writes();
        let since = writes.last.max(connection.since);
        if !self.has_ended.load(Ordering::Acquire) || writes.is_blocked {
            return (Silence::Sending, since);
        }
        // The system's buffer may still hold this much, which is sent at the pace of the bytes before.
        let sent = connection.sent().max(1);
        let share = sent.min(u64::from(MAX_UNSENT)) as f64 / sent as f64;
        let sending = since - connection.since;
        (Silence::Receiving, since + sending.mul_f64(share))
    }

    /// Describes the present silence, for the error of a timeout.
    pub(crate) fn wait(&self, time: Duration) -> Wait {
        Wait {
            step: match self.silence(Instant::now()).0 {
                Silence::Connecting => self.connecting.step(),
                Silence::Sending => Step::Send,
                Silence::Receiving => Step::Response,
            },
            time,
            proxy: self.proxy.clone(),
            sent: self.connection.as_ref().map_or(0, Connection::sent),
            length: self.length,
        }
    }

    pub(crate) fn is_reused(&self) -> bool {
        self.connection.as_ref().is_some_and(|it| it.is_reused)
    }

    /// Adds what the connection and the client know of an error.
    ///
    /// hyper drops the reason when it closes a connection that a request was waiting for: where the
    /// error says only that the connection was closed, and its TLS has said why, that is the error.
    pub(crate) fn explain(&self, error: Error, has_identity: bool) -> Error {
        let alert = self.connection.as_ref().and_then(|it| it.state.alert());
        error.explained(alert, has_identity, self.wait(self.begun.elapsed()))
    }
}
