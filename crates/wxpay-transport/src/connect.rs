//! The connector, from a URI to a TLS connection.

mod proxy;
mod tcp;
mod tls_stream;

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use rustls::{ClientConfig, ProtocolVersion};
use tokio::time::{Instant, timeout_at};
use tower::{Service, service_fn};

use crate::{
    attempt::Connecting,
    config::{Config, ConnectEvent, MAX_TIMEOUT},
    error::{BoxError, Wait},
};
use tls_stream::TlsStream;

type Polled<T> = Poll<io::Result<T>>;

/// From an `https` URI to a connection, its TLS handshake done: hyper-rustls' connector over TCP or a
/// tunnel, under a time, with a guard around its stream.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Arc<Config>,
    tls: Arc<ClientConfig>,
}

impl Connector {
    pub(crate) fn new(config: Arc<Config>, tls: Arc<ClientConfig>) -> Self {
        Self { config, tls }
    }

    async fn connect(
        self,
        server: Uri,
        connecting: Arc<Connecting>,
    ) -> Result<TlsStream, BoxError> {
        let end = connecting.end.unwrap_or(connecting.begun + MAX_TIMEOUT);
        let (config, steps) = (Arc::clone(&self.config), Arc::clone(&connecting));
        let tcp =
            service_fn(move |server| tcp::connect(Arc::clone(&config), server, Arc::clone(&steps)));
        let names = Arc::new(DefaultServerNameResolver::default());
        let mut https = HttpsConnector::new(tcp, self.tls, true, names);
        let Ok(connected) = timeout_at(end, https.call(server)).await else {
            return Err(Wait::new(connecting.step(), end - connecting.begun).into());
        };
        let stream = connected?;
        if let MaybeHttpsStream::Https(tls) = &stream {
            let connection = tls.inner().get_ref().1;
            let suite = connection.negotiated_cipher_suite();
            self.config.tell(ConnectEvent::Secured {
                version: match connection.protocol_version() {
                    Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                    Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                    _ => "unknown",
                },
                cipher_suite: suite
                    .and_then(|it| it.suite().as_str())
                    .unwrap_or("unknown"),
            });
        }
        // A little longer than a call waits: there is none that does so any more.
        let write_timeout = self.config.rules.stall_timeout + Duration::from_secs(1);
        Ok(TlsStream::new(stream, write_timeout))
    }
}

impl Service<Uri> for Connector {
    type Response = TlsStream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<TlsStream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        // hyper's client calls it while it polls the request of the attempt.
        let connecting = Connecting::current().unwrap_or_else(|| {
            let now = Instant::now();
            Connecting::new(now, Some(now + self.config.rules.connect_timeout))
        });
        Box::pin(self.clone().connect(server, connecting))
    }
}
