//! A page on which a person sees what the sandbox sees, and JSON for scripts.
//!
//! The server gives JSON and an event stream. The page is static: it renders and translates itself.

mod events;
mod guard;
mod responses;
mod routes;

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::{fault::Faults, history::History, server::accept};

pub(crate) use guard::hosts;

/// Enough for a few browsers with a few tabs each.
const CONNECTIONS: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 64 * 1024;

/// The calls and faults of a gateway, as the page and scripts see them.
#[derive(Debug)]
pub(crate) struct Inspector {
    /// The [`hosts`] that it answers to.
    pub(crate) hosts: Vec<String>,
    /// The gateway's, as `https://127.0.0.1:8443`.
    pub(crate) origin: String,
    pub(crate) mch_id: String,
    pub(crate) faults: Faults,
    pub(crate) history: History,
}

impl Inspector {
    /// Serves until it is dropped.
    pub(crate) async fn serve(self, listener: TcpListener) -> Infallible {
        let inspector = Arc::new(self);
        accept(listener, CONNECTIONS, |stream, _| {
            let inspector = Arc::clone(&inspector);
            async move {
                let respond =
                    |request| async { Ok::<_, Infallible>(inspector.respond(request).await) };
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .max_buf_size(HEAD_BYTES)
                    .serve_connection(TokioIo::new(stream), service_fn(respond));
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the inspector has ended early");
                }
            }
        })
        .await
    }
}
