//! The inspector: a page that shows the calls and injects faults, and JSON for scripts.
//!
//! The server gives JSON and an event stream. The page is static: it renders and translates itself.

mod events;
mod responses;
mod routes;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::FutureExt;
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::{fault::Faults, history::History, server::accept};
use responses::InspectorResponse;

/// Maximum number of connections: enough for a few browsers with a few tabs each.
const CONNECTIONS: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 64 * 1024;

/// The calls and faults of a gateway, for the page and for scripts.
#[derive(Debug)]
pub(crate) struct Inspector {
    /// The values of `Host` that it accepts, by [`hosts`].
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
                let respond = |request| inspector.respond(request).map(Ok::<_, Infallible>);
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

    /// Refuses requests of other sites' pages in the browser of the sandbox's user.
    ///
    /// Such a page can send requests to a loopback address. If a name of its site resolves to that
    /// address, it can read the responses, too (DNS rebinding), so the `Host` must be one of ours.
    /// With a form it could inject faults, so an `Origin`, which browsers send with a form, must be
    /// ours, too.
    fn refuse(&self, head: &Parts) -> Option<InspectorResponse> {
        let is_ours = |value: &HeaderValue, scheme: &str| {
            let host = value.to_str().ok().and_then(|it| it.strip_prefix(scheme));
            host.is_some_and(|host| self.hosts.contains(&host.to_ascii_lowercase()))
        };
        let mut hosts = head.headers.get_all(header::HOST).iter();
        let is_host_ours = hosts.next().is_some_and(|host| is_ours(host, ""));
        if !is_host_ours || hosts.next().is_some() {
            let why = "this is not a name of the sandbox's inspector: use its address";
            return Some(responses::text(StatusCode::MISDIRECTED_REQUEST, why));
        }
        let is_harmless = head.method == Method::GET || head.method == Method::HEAD;
        let mut origins = head.headers.get_all(header::ORIGIN).iter();
        // A request without an origin is from a script, not from a page.
        let is_allowed = is_harmless || origins.all(|origin| is_ours(origin, "http://"));
        let refusal = || responses::text(StatusCode::FORBIDDEN, "pages of others may not do this");
        (!is_allowed).then(refusal)
    }
}

/// The hosts of the inspector at an address, in lower case, with the port.
pub(crate) fn hosts(addr: SocketAddr, names: &[String]) -> Vec<String> {
    let port = addr.port();
    let mut hosts = vec![addr.to_string()];
    let always = ["localhost", "127.0.0.1", "[::1]"];
    for name in names.iter().map(String::as_str).chain(always) {
        let name = name.to_ascii_lowercase();
        hosts.push(format!("{name}:{port}"));
        if port == 80 {
            hosts.push(name);
        }
    }
    hosts
}
