//! From a URI to a TLS connection, and the pool over it.

mod stream;

use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use tower::{ServiceExt, timeout::Timeout, util::BoxCloneSyncService};

use crate::body::{BoxError, RequestBody};
use stream::Stream;

pub(crate) use stream::Verdict;

/// How long a connection may lie idle in the pool: below the 60 s and 75 s after which common
/// servers close it, for a request sent into a connection that is just being closed is lost.
const IDLE: Duration = Duration::from_secs(30);

/// From an `https` URI to a connection, its TLS handshake done.
pub(crate) type Connector = BoxCloneSyncService<Uri, Stream, BoxError>;

pub(crate) type HttpsClient<B> = Client<Connector, B>;

pub(crate) fn connector(tls: ClientConfig, connect_deadline: Duration) -> Connector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // Without it the last piece of a body waits for the acknowledgement of the one before.
    tcp.set_nodelay(true);
    // Shared out among the addresses of a name, so that a dead one does not use up all of it.
    tcp.set_connect_timeout(Some(connect_deadline));
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    // The deadline lies around TCP and TLS together: a server that accepts and then says nothing
    // is as unreachable as one that does not accept.
    Connector::new(Timeout::new(https, connect_deadline).map_response(Stream::new))
}

pub(crate) fn client<B: RequestBody>(connector: Connector) -> HttpsClient<B> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector)
}
