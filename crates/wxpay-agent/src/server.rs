//! The server: accepts connections, serves them, and shuts down after accepted requests are
//! answered.

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
    routes::{self, AppState, Phase},
};

/// Maximum number of connections; further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 8192;
/// Pause after a failed accept, which mostly means that file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Time for the head of a request, and between two requests: the default of nginx, longer than
/// clients keep connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Size of a connection's buffer in bytes, which also bounds the head of a request.
const BUFFER: usize = 16 * 1024;
/// Bounds of reading a refused body to its end. The system resets a connection that is closed
/// before, and the client may then lose the response.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: u64 = 64 * 1024 * 1024;
/// Time in which the runtime reports connections and bytes that have already arrived.
const SETTLE: Duration = Duration::from_millis(100);
/// Last part of the grace, in which waiting requests are answered with 503; at most a quarter of
/// it.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// A listening socket.
#[derive(Debug)]
pub enum Listener {
    /// A TCP socket; its callers send the token.
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
    /// The local address, with the port that the system chose; `None` for a Unix socket.
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

/// Serves until `stop` ends, then for at most the grace. Returns true when every connection has
/// ended by itself.
pub(crate) async fn run(
    app: Arc<AppState>,
    listeners: Vec<(Arc<Guard>, Listener)>,
    grace: Duration,
    stop: impl Future<Output = ()>,
) -> bool {
    let router = routes::router(Arc::clone(&app));
    let settle = SETTLE.min(grace);
    let mut connections = JoinSet::new();
    // Until the end, so that the last uploads have a renewed certificate; dropped, it is aborted.
    let mut watching = JoinSet::new();
    watching.spawn(watch_files(Arc::clone(&app)));
    let mut stopped = pin!(async {
        stop.await;
        let end = Instant::now() + grace;
        // A connection that was opened before the stop is accepted a little later.
        sleep(settle).await;
        end
    });
    let end = loop {
        let accepting = poll_fn(|cx| {
            let mut polled = listeners
                .iter()
                .map(|(guard, listener)| listener.poll_accept(cx).map(|it| (guard, it)));
            polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
        });
        tokio::select! {
            end = &mut stopped => break end,
            (guard, accepted) = accepting, if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok(stream) => {
                    let (guard, phase) = (Arc::clone(guard), app.phase.subscribe());
                    connections.spawn(serve(stream, guard, router.clone(), phase));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = connections.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "the task of a connection has failed");
            },
        }
    };
    drop(listeners);
    sleep(settle).await;
    app.phase.send_replace(Phase::Draining);
    let all_ended = async {
        while connections.join_next().await.is_some() {}
        // An upload goes on without its caller.
        while !app.merchants.is_idle() {
            sleep(SETTLE).await;
        }
    };
    let last = end - LAST_ANSWERS.min(grace / 4);
    if timeout_at(last, all_ended).await.is_ok() {
        return true;
    }
    app.phase.send_replace(Phase::Closing);
    let all_answered = async { while connections.join_next().await.is_some() {} };
    timeout_at(end, all_answered).await.is_ok()
}

/// Looks for changed settings, forever.
async fn watch_files(app: Arc<AppState>) {
    loop {
        sleep(POLL_INTERVAL).await;
        let app = Arc::clone(&app);
        // After a panic in the caller's function the old settings stay.
        let _ = spawn_blocking(move || app.merchants.poll()).await;
    }
}

/// Serves one connection to its end.
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
        // Bytes that have arrived are read before an idle connection is closed.
        biased;
        ended = &mut ended => ended,
        // The sender lives as long as the server.
        _ = async { drop(phase.wait_for(|phase| *phase != Phase::Serving).await) } => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            // A connection that has sent half of a head is closed: that is no request yet.
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
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // The client may have gone, or may never close: neither matters.
    let _gone = timeout(LINGER, linger).await;
}
