//! From a URI to a TLS connection.

mod dialer;
mod patience;
mod route;
mod stream;
mod tunnel;
mod wire;

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::{Service, timeout::error::Elapsed};

use crate::{Builder, body::BoxError, resolve::bare};
use stream::Stream;

pub(crate) use route::Route;
pub(crate) use stream::Verdict;
pub(crate) use wire::Wire;

/// The longest time that is waited for anything: a clock can be counted on by so much, and no more.
pub(crate) const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// From an `https` URI to a connection, its TLS handshake done.
#[derive(Clone)]
pub(crate) struct Connector {
    route: Route,
    tls: Arc<ClientConfig>,
    deadline: Duration,
    patience: Duration,
}

impl Connector {
    pub(crate) fn new(route: Route, tls: Arc<ClientConfig>, settings: &Builder) -> Self {
        Self {
            route,
            tls,
            deadline: settings.connect_deadline,
            // A little longer than any call may last: there is none that waits for it any more.
            patience: settings.call_deadline.min(FOREVER) + Duration::from_secs(1),
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self {
            route,
            tls,
            deadline,
            patience,
        } = self.clone();
        Box::pin(async move {
            // One deadline around all of it: a server that accepts and then says nothing is as
            // unreachable as one that does not accept.
            let end = end_of(deadline);
            let wire = match timeout_at(end, route.connect(&uri)).await {
                Ok(connected) => connected?,
                Err(_) => return Err(route.overdue(&uri)),
            };
            match timeout_at(end, handshake(tls, &uri, wire)).await {
                Ok(secured) => secured.map(|stream| Stream::new(stream, patience)),
                Err(_) => Err(Elapsed::new().into()),
            }
        })
    }
}

/// When a deadline that begins now will have passed.
pub(crate) fn end_of(deadline: Duration) -> Instant {
    Instant::now() + deadline.min(FOREVER)
}

/// Speaks TLS with the host that the URI names, wherever the wire leads.
pub(crate) async fn handshake(
    tls: Arc<ClientConfig>,
    uri: &Uri,
    wire: Wire,
) -> Result<TlsStream<Wire>, BoxError> {
    let host = bare(uri.host().unwrap_or_default());
    let name = ServerName::try_from(host.to_owned())?;
    let secured = TlsConnector::from(tls).connect(name, wire).await;
    secured.map_err(|error: io::Error| error.into())
}
