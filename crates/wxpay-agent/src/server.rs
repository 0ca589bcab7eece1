//! Connections: accepted, served, and ended so that nothing that was accepted stays without an answer.

use std::{
    convert::Infallible,
    fmt,
    future::poll_fn,
    io,
    net::SocketAddr,
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinSet, spawn_blocking},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout_at},
};

use crate::{
    guard::{Guard, Token},
    merchants::POLL_INTERVAL,
    routes::{self, Door},
};

/// More connections wait in the system's queue.
const CONNECTIONS: usize = 8192;
/// Pause after a failure to accept, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// For the head of a request, and between two requests: longer than clients keep connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// A request's head, and what is read of a body at a time.
const BUFFER: usize = 64 * 1024;
/// What a connection that was just accepted has sent is read in this time, before idle ones are closed.
const SETTLE: Duration = Duration::from_millis(100);
/// The end of the grace, in which those that still wait are answered: at most so long, or a quarter.
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

/// By what strangers are known, on all listeners.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    pub(crate) token: Option<Token>,
    pub(crate) names: Vec<String>,
}

/// A socket that requests are taken from. Shows as `http://127.0.0.1:8479` or `unix:/run/wxpay.sock`.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: Socket,
    /// Where it is a Unix socket: its path, which goes with the listener where the listener has made it.
    pub(crate) path: Option<PathBuf>,
    pub(crate) is_made: bool,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl Listener {
    /// Listens on an address; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// The system's, where the address is taken or not this machine's.
    pub async fn tcp(addr: SocketAddr) -> io::Result<Self> {
        Self::of_tcp(TcpListener::bind(addr).await?)
    }

    pub(crate) fn of_tcp(listener: TcpListener) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        Ok(Self {
            socket: Socket::Tcp(listener, addr),
            path: None,
            is_made: false,
        })
    }

    /// Its address with the port that it got; none where it is a Unix socket.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(_, addr) => Some(*addr),
            #[cfg(unix)]
            Socket::Unix(_) => None,
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match &self.socket {
            Socket::Tcp(listener, _) => listener.poll_accept(cx).map_ok(|(it, _)| Stream::Tcp(it)),
            #[cfg(unix)]
            Socket::Unix(listener) => listener.poll_accept(cx).map_ok(|(it, _)| Stream::Unix(it)),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.addr(), &self.path) {
            (Some(addr), _) => write!(f, "http://{addr}"),
            (None, Some(path)) => write!(f, "unix:{}", path.display()),
            (None, None) => f.write_str("unix:"),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let (Some(path), true) = (&self.path, self.is_made) {
            let _ = std::fs::remove_file(path);
        }
    }
}

enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

/// Serves until `stop` ends, and then at most for the grace. True when every connection has ended by itself.
pub(crate) async fn run(
    door: Arc<Door>,
    listeners: Vec<Listener>,
    strangers: &Strangers,
    grace: Duration,
    phase: watch::Sender<Phase>,
    stop: impl Future<Output = ()>,
) -> bool {
    let router = routes::router(Arc::clone(&door));
    let guard = |listener: &Listener| {
        let addr = listener.addr();
        Arc::new(Guard {
            addr,
            token: addr.and(strangers.token.clone()),
            names: strangers.names.clone(),
        })
    };
    let listeners: Vec<_> = listeners.into_iter().map(|it| (guard(&it), it)).collect();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let watching = tokio::spawn(watch_files(Arc::clone(&door)));
    let serve = |connections: &mut JoinSet<()>, guard: &Arc<Guard>, stream| {
        connections.spawn(serve(
            stream,
            Arc::clone(guard),
            router.clone(),
            phase.subscribe(),
        ));
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
    // Whoever has connected by now counts as accepted.
    let waiting = || {
        poll_fn(|cx| {
            Poll::Ready(match poll_accept(&listeners, cx) {
                Poll::Ready((guard, Ok(stream))) => Some((guard, stream)),
                _ => None,
            })
        })
    };
    while let Some((guard, stream)) = waiting().await {
        serve(&mut connections, guard, stream);
    }
    drop(listeners);
    sleep(SETTLE.min(grace)).await;
    phase.send_replace(Phase::Draining);
    let all_ended = async |connections: &mut JoinSet<()>| {
        while connections.join_next().await.is_some() {}
        while !door
            .merchants
            .views()
            .iter()
            .all(|it| it.merchant.as_ref().is_none_or(|it| it.is_idle()))
        {
            sleep(SETTLE).await;
        }
    };
    let last = end - LAST_ANSWERS.min(grace / 4);
    let mut is_done = timeout_at(last, all_ended(&mut connections)).await.is_ok();
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
    listeners: &'a [(Arc<Guard>, Listener)],
    cx: &mut Context<'_>,
) -> Poll<(&'a Arc<Guard>, io::Result<Stream>)> {
    for (guard, listener) in listeners {
        if let Poll::Ready(accepted) = listener.poll_accept(cx) {
            return Poll::Ready((guard, accepted));
        }
    }
    Poll::Pending
}

async fn watch_files(door: Arc<Door>) {
    let mut ticks = interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let door = Arc::clone(&door);
        // A panic in the caller's own reading leaves the old settings.
        let _ = spawn_blocking(move || door.merchants.poll()).await;
    }
}

async fn serve(stream: Stream, guard: Arc<Guard>, router: Router, phase: watch::Receiver<Phase>) {
    match stream {
        Stream::Tcp(stream) => {
            // If this fails, responses only come later.
            let _slower = stream.set_nodelay(true);
            serve_http(stream, guard, router, phase).await;
        }
        #[cfg(unix)]
        Stream::Unix(stream) => serve_http(stream, guard, router, phase).await,
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    guard: Arc<Guard>,
    router: Router,
    mut phase: watch::Receiver<Phase>,
) {
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let (guard, router) = (Arc::clone(&guard), router.clone());
        async move {
            let request = request.map(Body::new);
            Ok::<_, Infallible>(routes::respond(router, &guard, request).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = left(&mut phase, Phase::Serving) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has ended early");
    }
}

/// Waits until a phase is over.
async fn left(phase: &mut watch::Receiver<Phase>, which: Phase) {
    // The sender lives as long as the server.
    let _ = phase.wait_for(|phase| *phase != which).await;
}
