//! Connections: accepted, served, and ended so that nothing that was accepted stays without an answer.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    guard::Guard,
    merchants::POLL_INTERVAL,
    routes::{self, AppState},
};

/// More connections wait in the system's queue.
const CONNECTIONS: usize = 8192;
/// Pause after a failure to accept, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// For the head of a request, and between two requests: longer than clients keep connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// A request's head, and what is read of a body at a time: each connection keeps so much.
const BUFFER: usize = 16 * 1024;
/// A body that was refused unread is thrown away in this time, and up to so many bytes: a socket that is
/// closed while the client is still sending is reset, which can take the answer away.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 64 * 1024 * 1024;
/// What a connection that was just accepted has sent is read in this time, before idle ones are closed.
const SETTLE: Duration = Duration::from_millis(100);
/// The end of the grace, in which those that still wait are answered: so long, or a quarter.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// How far the server is with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Serving,
    /// No new connection; a connection ends with the request that is under way.
    Draining,
    /// Nobody may wait any more.
    Closing,
}

/// A socket that requests are taken from.
#[derive(Debug)]
pub enum Listener {
    /// TCP, where callers send the token.
    Tcp(TcpListener),
    /// A Unix socket, which its permissions guard.
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A connection of any kind.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

type Accepted = io::Result<Box<dyn Io>>;

impl Listener {
    /// Its address, with the port that it got; none where it is a Unix socket.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<Accepted> {
        match self {
            Self::Tcp(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| {
                // If this fails, responses only come later.
                let _slower = stream.set_nodelay(true);
                Box::new(stream) as _
            }),
            #[cfg(unix)]
            Self::Unix(listener) => {
                let accepted = listener.poll_accept(cx);
                accepted.map_ok(|(stream, _)| Box::new(stream) as _)
            }
        }
    }
}

type Guarded = (Arc<Guard>, Listener);

/// Serves until `stop` ends, and then at most for the grace. True when every connection has ended by itself.
pub(crate) async fn run(
    app: Arc<AppState>,
    listeners: Vec<Guarded>,
    grace: Duration,
    phase: watch::Sender<Phase>,
    stop: impl Future<Output = ()>,
) -> bool {
    let router = routes::router(Arc::clone(&app));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let watching = tokio::spawn(watch_files(Arc::clone(&app)));
    let serve = |connections: &mut JoinSet<()>, guard: &Arc<Guard>, stream| {
        let (guard, router) = (Arc::clone(guard), router.clone());
        connections.spawn(serve(stream, guard, router, phase.subscribe()));
    };
    loop {
        let accepting = poll_fn(|cx| poll_accept(&listeners, cx));
        tokio::select! {
            () = &mut stop => break,
            (guard, accepted) = accepting, if connections.len() < CONNECTIONS => match accepted {
                Ok(stream) => serve(&mut connections, guard, stream),
                Err(error) => {
                    tracing::warn!(%error, "cannot take a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = connections.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "the task of a connection has failed");
            },
        }
    }
    let end = Instant::now() + grace;
    // Whoever has connected by now counts as accepted; the runtime hears of it a little later.
    let waiting = || poll_fn(|cx| poll_accept(&listeners, cx));
    let accept = async {
        while let (guard, Ok(stream)) = waiting().await {
            serve(&mut connections, guard, stream);
        }
    };
    let _ = timeout(SETTLE.min(grace), accept).await;
    drop(listeners);
    sleep(SETTLE.min(grace)).await;
    phase.send_replace(Phase::Draining);
    let is_idle = || {
        let views = app.merchants.views();
        let mut merchants = views.iter().filter_map(|view| view.merchant.as_ref());
        merchants.all(|merchant| merchant.is_idle())
    };
    let all_ended = async {
        while connections.join_next().await.is_some() {}
        while !is_idle() {
            sleep(SETTLE).await;
        }
    };
    let last = end - LAST_ANSWERS.min(grace / 4);
    let mut is_done = timeout_at(last, all_ended).await.is_ok();
    if !is_done {
        phase.send_replace(Phase::Closing);
        // Uploads whose callers are answered by now are given up.
        let answered = async { while connections.join_next().await.is_some() {} };
        is_done = timeout_at(end, answered).await.is_ok();
    }
    watching.abort();
    is_done
}

/// The next connection of any listener.
fn poll_accept<'a>(
    listeners: &'a [Guarded],
    cx: &mut Context<'_>,
) -> Poll<(&'a Arc<Guard>, Accepted)> {
    for (guard, listener) in listeners {
        if let Poll::Ready(accepted) = listener.poll_accept(cx) {
            return Poll::Ready((guard, accepted));
        }
    }
    Poll::Pending
}

async fn watch_files(app: Arc<AppState>) {
    loop {
        sleep(POLL_INTERVAL).await;
        let app = Arc::clone(&app);
        // A panic in the caller's own reading leaves the old settings.
        let _ = spawn_blocking(move || app.merchants.poll()).await;
    }
}

async fn serve(
    stream: Box<dyn Io>,
    guard: Arc<Guard>,
    router: Router,
    mut phase: watch::Receiver<Phase>,
) {
    let (is_refused, is_busy) = (AtomicBool::new(false), AtomicBool::new(false));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (guard, router) = (Arc::clone(&guard), router.clone());
        let (is_refused, is_busy) = (&is_refused, &is_busy);
        let request = request.map(Body::new);
        Box::pin(async move {
            is_busy.store(true, Ordering::Relaxed);
            let response = routes::respond(router, &guard, request).await;
            is_busy.store(false, Ordering::Relaxed);
            is_refused.store(!response.status().is_success(), Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut ended = poll_fn(|cx| connection.poll_without_shutdown(cx));
    let ended = tokio::select! {
        // What has come is read before an idle connection is closed.
        biased;
        ended = &mut ended => ended,
        // The sender lives as long as the server.
        _ = async { drop(phase.wait_for(|phase| *phase != Phase::Serving).await) } => {
            Pin::new(&mut connection).graceful_shutdown();
            // Half of a head is no request that was accepted.
            let no_request = async {
                while is_busy.load(Ordering::Relaxed) {
                    sleep(SETTLE).await;
                }
                sleep(SETTLE).await;
            };
            tokio::select! {
                ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
                () = no_request => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has ended early");
    }
    let mut stream = connection.into_parts().io.into_inner();
    if !is_refused.into_inner() {
        return;
    }
    let linger = async {
        stream.shutdown().await?;
        let mut left = stream.take(LINGER_BYTES as u64);
        tokio::io::copy(&mut left, &mut tokio::io::sink()).await
    };
    // The client may be gone, or never close: neither matters.
    let _gone = timeout(LINGER, linger).await;
}
