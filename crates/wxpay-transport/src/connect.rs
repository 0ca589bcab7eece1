//! The connector, from a URI to a TLS connection.

mod proxy;
mod tcp;
mod tls_stream;

use std::{sync::Arc, time::Duration};

use http::Uri;
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use rustls::{ClientConfig, ProtocolVersion};
use tokio::time::{Instant, timeout_at};
use tower::{Service, service_fn, util::BoxCloneSyncService};

use crate::{
    attempt::Connecting,
    config::{Config, ConnectEvent, MAX_TIMEOUT},
    error::{BoxError, Wait},
};
use tls_stream::TlsStream;

/// From an `https` URI to a connection, its TLS handshake done.
pub(crate) type Connector = BoxCloneSyncService<Uri, TlsStream, BoxError>;

pub(crate) fn connector(config: Arc<Config>, tls: Arc<ClientConfig>) -> Connector {
    BoxCloneSyncService::new(service_fn(move |server| {
        // hyper's client calls it while it polls the request of the attempt.
        let connecting = Connecting::current().unwrap_or_else(|| {
            let now = Instant::now();
            Connecting::new(now, Some(now + config.rules.connect_timeout))
        });
        connect(Arc::clone(&config), Arc::clone(&tls), server, connecting)
    }))
}

/// hyper-rustls' connector over TCP or a tunnel, under a time, with a guard around its stream.
async fn connect(
    config: Arc<Config>,
    tls: Arc<ClientConfig>,
    server: Uri,
    connecting: Arc<Connecting>,
) -> Result<TlsStream, BoxError> {
    let end = connecting.end.unwrap_or(connecting.begun + MAX_TIMEOUT);
    let (below, steps) = (Arc::clone(&config), Arc::clone(&connecting));
    let tcp =
        service_fn(move |server| tcp::connect(Arc::clone(&below), server, Arc::clone(&steps)));
    let names = Arc::new(DefaultServerNameResolver::default());
    let mut https = HttpsConnector::new(tcp, tls, true, names);
    let Ok(connected) = timeout_at(end, https.call(server)).await else {
        return Err(Wait::new(connecting.step(), end - connecting.begun).into());
    };
    let stream = connected?;
    if let MaybeHttpsStream::Https(tls) = &stream {
        let connection = tls.inner().get_ref().1;
        let suite = connection.negotiated_cipher_suite();
        let suite = suite.and_then(|suite| suite.suite().as_str());
        config.tell(ConnectEvent::Secured {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "unknown",
            },
            cipher_suite: suite.unwrap_or("unknown"),
        });
    }
    // A little longer than a call waits: there is none that does so any more.
    let write_timeout = config.rules.stall_timeout + Duration::from_secs(1);
    Ok(TlsStream::new(stream, write_timeout))
}
