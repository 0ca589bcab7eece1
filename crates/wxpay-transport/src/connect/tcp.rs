//! TCP connections, to a server or to the proxy in between.

use std::{
    future::Future,
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{
        Connected, Connection, HttpConnector,
        dns::{GaiResolver, Name},
    },
    rt::TokioIo,
};
use socket2::SockRef;
use tokio::{net::TcpStream, time::Instant};
use tower::{Service, ServiceExt};

use super::{connecting::Connecting, proxy::connect_through_proxy};
use crate::{
    Proxy,
    authority::{self, strip_brackets},
    config::{Config, ConnectEvent, Dialer, Io, Observer, Overrides},
    error::{BoxError, ProxyErrorKind, ProxyFailure, Step},
    progress::{ConnectionState, MAX_UNSENT},
};

/// Resolves names, by the caller's word or the system's, and connects: to the addresses one after
/// the other, and to those of the other IP version too when the first take more than 300 ms.
#[derive(Clone)]
pub(super) struct TcpConnector {
    overrides: Overrides,
    keepalive: Option<Duration>,
    #[cfg_attr(
        not(any(target_os = "android", target_os = "linux")),
        expect(dead_code, reason = "other systems have no TCP_USER_TIMEOUT")
    )]
    stall_timeout: Duration,
    dialer: Option<Dialer>,
    observer: Observer,
}

impl TcpConnector {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            overrides: config.overrides.clone(),
            keepalive: config.tcp_keepalive,
            stall_timeout: config.stall_timeout,
            dialer: config.dialer.clone(),
            observer: config.observer.clone(),
        }
    }

    /// Connects to a server; the steps are those that its name and its address stand for.
    pub(super) async fn connect(
        &self,
        server: Uri,
        steps: (Step, Step),
        connecting: &Arc<Connecting>,
    ) -> Result<Tcp, BoxError> {
        self.open(server, steps, connecting).await.map(Tcp::new)
    }

    /// Connects to the proxy, and has it connect to the server.
    pub(super) async fn tunnel(
        &self,
        proxy: &Proxy,
        server: &Uri,
        connecting: &Arc<Connecting>,
    ) -> Result<Tcp, BoxError> {
        let steps = (Step::ProxyConnect, Step::ProxyConnect);
        let uri = authority::uri("http", proxy.authority());
        let opened = self.open(uri, steps, connecting).await;
        let mut io = opened.map_err(|source| ProxyFailure {
            proxy: proxy.authority().clone(),
            kind: ProxyErrorKind::Unreachable,
            detail: None,
            source: Some(source),
        })?;
        connecting.reach(Step::ProxyTunnel);
        connect_through_proxy(&mut io, proxy, server).await?;
        Ok(Tcp::new(io))
    }

    async fn open(
        &self,
        server: Uri,
        (resolving, opening): (Step, Step),
        connecting: &Arc<Connecting>,
    ) -> Result<Box<dyn Io>, BoxError> {
        connecting.reach(resolving);
        if let Some(Dialer(dial)) = &self.dialer {
            connecting.reach(opening);
            return Ok(dial(server).await?);
        }
        let host = strip_brackets(server.host().unwrap_or_default());
        if let Ok(address) = host.parse::<IpAddr>() {
            connecting.reach(opening);
            self.tell_resolved(opening, &[address]);
        }
        let resolver = Resolver {
            given: self.overrides.find(&server).cloned(),
            connector: self.clone(),
            connecting: Arc::clone(connecting),
            opening,
        };
        let mut connector = HttpConnector::new_with_resolver(resolver);
        connector.enforce_http(false);
        // Without it the last piece of a body waits for the acknowledgement of the one before.
        connector.set_nodelay(true);
        connector.set_keepalive(self.keepalive);
        connector.set_keepalive_interval(self.keepalive);
        // Shared out among the addresses of a name, so that a dead one does not use up all of it.
        let left = |end: Instant| end.saturating_duration_since(Instant::now());
        connector.set_connect_timeout(connecting.end.map(left));
        let stream = connector.oneshot(server).await?.into_inner();
        self.bound_unsent(&stream)?;
        let peer = stream.peer_addr()?;
        self.observer.tell(ConnectEvent::Connected { peer });
        Ok(Box::new(stream))
    }

    /// Has the system tell soon when the other side takes nothing.
    fn bound_unsent(&self, stream: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(stream);
        #[cfg(any(target_os = "android", target_os = "linux"))]
        {
            socket.set_tcp_notsent_lowat(MAX_UNSENT)?;
            let timeout = self.stall_timeout.clamp(Duration::from_millis(1), MAX_ACK);
            socket.set_tcp_user_timeout(Some(timeout))
        }
        #[cfg(not(any(target_os = "android", target_os = "linux")))]
        {
            socket.set_send_buffer_size(MAX_UNSENT as usize)
        }
    }

    /// The addresses of a proxy are none of the server's.
    fn tell_resolved(&self, opening: Step, addresses: &[IpAddr]) {
        if opening == Step::Connect {
            self.observer.tell(ConnectEvent::Resolved { addresses });
        }
    }
}

/// The system counts in milliseconds of 32 bits.
#[cfg(any(target_os = "android", target_os = "linux"))]
const MAX_ACK: Duration = Duration::from_secs(24 * 60 * 60);

/// Resolves a name, and notes when that is done.
#[derive(Clone)]
struct Resolver {
    given: Option<Arc<[IpAddr]>>,
    connector: TcpConnector,
    connecting: Arc<Connecting>,
    opening: Step,
}

impl Resolver {
    async fn resolve(self, name: Name) -> io::Result<vec::IntoIter<SocketAddr>> {
        let addresses: Vec<IpAddr> = match &self.given {
            Some(given) => given.to_vec(),
            None => {
                let found = GaiResolver::new().oneshot(name).await?;
                found.map(|address| address.ip()).collect()
            }
        };
        self.connecting.reach(self.opening);
        self.connector.tell_resolved(self.opening, &addresses);
        // The connector puts the URI's port in place of 0.
        let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
        Ok(addresses.collect::<Vec<_>>().into_iter())
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name))
    }
}

/// A connection that counts what is written to it.
pub(crate) struct Tcp {
    io: TokioIo<Box<dyn Io>>,
    state: ConnectionState,
}

impl Tcp {
    fn new(io: Box<dyn Io>) -> Self {
        Self {
            io: TokioIo::new(io),
            state: ConnectionState::new(),
        }
    }

    /// Has the system throw away what the other side has not read, instead of keeping it for it.
    pub(super) fn reset_when_dropped(&self) -> io::Result<()> {
        let io: &dyn Io = &**self.io.inner();
        io.tcp().map_or(Ok(()), TcpStream::set_zero_linger)
    }

    pub(super) fn state(&self) -> &ConnectionState {
        &self.state
    }
}

impl Connection for Tcp {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.state.clone())
    }
}

impl Read for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.state.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.state.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_socket_sends_at_once_and_keeps_little_unsent() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://{}/", listener.local_addr().unwrap());
        let connecting = Connecting::new(Instant::now(), None);
        let connector = TcpConnector::new(&Config::default());
        let steps = (Step::Resolve, Step::Connect);
        let opened = connector.open(uri.parse().unwrap(), steps, &connecting);
        let stream = opened.await.unwrap();
        let stream = (*stream).tcp().unwrap();
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(stream);
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), MAX_UNSENT);
        let timeout = Some(Duration::from_secs(30));
        assert_eq!(socket.tcp_user_timeout().unwrap(), timeout);
    }
}
