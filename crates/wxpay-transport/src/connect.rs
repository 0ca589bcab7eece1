//! The connector, from a URI to a TLS connection.

mod connecting;
mod proxy;
mod tcp;
mod tls_stream;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};
use tokio::time::{Instant, timeout_at};
use tower::Service;

use crate::{
    Proxy,
    config::{Config, ConnectEvent, MAX_TIMEOUT, Observer},
    error::{BoxError, ConnectTimeout, Step, Wait},
};
use tcp::{Tcp, TcpConnector};

pub(crate) use connecting::Connecting;
use tls_stream::TlsStream;

/// From an `https` URI to a connection, its TLS handshake done: hyper-rustls' connector over TCP or a
/// tunnel, under a time, with a guard around its stream.
#[derive(Clone)]
pub(crate) struct Connector {
    tcp: TcpConnector,
    proxy: Option<Proxy>,
    tls: Arc<ClientConfig>,
    observer: Observer,
    timeout: Duration,
    stall_timeout: Duration,
}

impl Connector {
    pub(crate) fn new(config: &Config, tls: Arc<ClientConfig>) -> Self {
        Self {
            tcp: TcpConnector::new(config),
            proxy: config.proxy.clone(),
            tls,
            observer: config.observer.clone(),
            timeout: config.connect_timeout,
            stall_timeout: config.stall_timeout,
        }
    }

    /// The proxy that a server is reached through.
    pub(crate) fn proxy_to(&self, server: &Uri) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| proxy.applies_to(server))
    }

    async fn connect(
        self,
        server: Uri,
        connecting: Arc<Connecting>,
    ) -> Result<TlsStream, BoxError> {
        let end = connecting.end.unwrap_or(connecting.begun + MAX_TIMEOUT);
        let route = Route {
            connector: self.clone(),
            connecting: Arc::clone(&connecting),
        };
        let names = Arc::new(DefaultServerNameResolver::default());
        let mut https = HttpsConnector::new(route, Arc::clone(&self.tls), true, names);
        let Ok(connected) = timeout_at(end, https.call(server.clone())).await else {
            let step = connecting.step();
            let is_proxys = matches!(step, Step::ProxyConnect | Step::ProxyTunnel);
            let proxy = self.proxy_to(&server).filter(|_| is_proxys);
            let wait = Wait {
                step,
                time: end - connecting.begun,
                proxy: proxy.map(|proxy| proxy.authority().clone()),
                sent: 0,
                length: None,
            };
            return Err(ConnectTimeout { wait }.into());
        };
        let stream = connected?;
        if let MaybeHttpsStream::Https(tls) = &stream {
            self.tell_secured(tls.inner().get_ref().1);
        }
        // A little longer than a call waits: there is none that does so any more.
        Ok(TlsStream::new(
            stream,
            self.stall_timeout + Duration::from_secs(1),
        ))
    }

    fn tell_secured(&self, connection: &ClientConnection) {
        let suite = connection.negotiated_cipher_suite();
        self.observer.tell(ConnectEvent::Secured {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "unknown",
            },
            cipher_suite: suite
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown"),
        });
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
            Connecting::new(now, Some(now + self.timeout))
        });
        Box::pin(self.clone().connect(server, connecting))
    }
}

/// The TCP connection to a server, or the tunnel to it.
struct Route {
    connector: Connector,
    connecting: Arc<Connecting>,
}

impl Route {
    async fn connect(
        connector: Connector,
        connecting: Arc<Connecting>,
        server: Uri,
    ) -> Result<Tcp, BoxError> {
        let tcp = match connector.proxy_to(&server) {
            None => {
                let steps = (Step::Resolve, Step::Connect);
                connector.tcp.connect(server, steps, &connecting).await?
            }
            Some(proxy) => {
                let tunnel = connector.tcp.tunnel(proxy, &server, &connecting).await?;
                connector.observer.tell(ConnectEvent::Tunneled);
                tunnel
            }
        };
        connecting.reach(Step::Handshake);
        Ok(tcp)
    }
}

impl Service<Uri> for Route {
    type Response = Tcp;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Tcp, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let (connector, connecting) = (self.connector.clone(), Arc::clone(&self.connecting));
        Box::pin(Self::connect(connector, connecting, server))
    }
}
