//! A page on which a person sees what the sandbox sees, and JSON for scripts.
//!
//! The server gives JSON and an event stream. The page is static: it renders and translates itself.

mod events;
mod guard;
mod responses;
mod routes;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use crate::{fault::Faults, history::History, server::accept};
use guard::Guard;

/// Of a few browsers with a few tabs each.
const CONNECTIONS: usize = 64;
const HEAD: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 64 * 1024;

/// A socket that listens, and what is shown on it.
#[derive(Debug)]
pub(crate) struct Inspector {
    listener: TcpListener,
    addr: SocketAddr,
    state: Arc<AppState>,
}

/// What is shown, and to whom.
#[derive(Debug)]
struct AppState {
    guard: Guard,
    /// Of the gateway, as `https://127.0.0.1:8443`.
    origin: String,
    mch_id: String,
    faults: Faults,
    history: History,
}

impl Inspector {
    /// Shows the calls of a gateway; `names` are what it may be called, besides its address.
    pub(crate) fn new(
        listener: TcpListener,
        names: &[String],
        origin: String,
        mch_id: &str,
        faults: Faults,
        history: History,
    ) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let state = AppState {
            guard: Guard::new(addr, names),
            origin,
            mch_id: mch_id.to_owned(),
            faults,
            history,
        };
        Ok(Self {
            listener,
            addr,
            state: Arc::new(state),
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until it is dropped.
    pub(crate) async fn run(self) -> Infallible {
        accept(self.listener, CONNECTIONS, |stream, _| {
            serve(Arc::clone(&self.state), stream)
        })
        .await
    }
}

async fn serve(state: Arc<AppState>, stream: TcpStream) {
    let service = service_fn(|request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(state.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the inspector has ended early");
    }
}
