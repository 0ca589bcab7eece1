//! TCP connections, to a server or to the proxy in between.

use std::{
    future::ready,
    io::{self, ErrorKind::TimedOut, IoSlice},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector, dns::Name},
    rt::TokioIo,
};
use socket2::SockRef;
use tokio::{
    net::{TcpStream, lookup_host},
    time::Instant,
};
use tower::{ServiceExt, service_fn};

use crate::{
    attempt::{Connecting, ConnectionState, MAX_UNSENT},
    config::{Config, ConnectEvent, Io},
    endpoints,
    error::{BoxError, ProxyErrorKind, Step, Wait, find, lock},
};

/// Half of the minute after which many firewalls drop a silent connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Connects to a server, directly or through the proxy.
pub(super) async fn connect(
    config: &Config,
    server: Uri,
    connecting: &Connecting,
) -> Result<Tcp, BoxError> {
    let proxy = config.proxy.as_ref();
    let io = match proxy.filter(|proxy| proxy.applies_to(&server)) {
        None => open(config, server, Step::Connect, connecting).await?,
        Some(proxy) => {
            let step = Step::ProxyConnect(proxy.authority.clone());
            *lock(&connecting.step) = step.clone();
            let uri = endpoints::uri("http", &proxy.authority);
            let opened = open(config, uri, step, connecting).await;
            let failed = |source| proxy.failure(ProxyErrorKind::Unreachable, Some(source));
            let mut io = opened.map_err(failed)?;
            *lock(&connecting.step) = Step::ProxyTunnel(proxy.authority.clone());
            proxy.connect(&mut io, &server).await?;
            config.observe(ConnectEvent::Tunneled);
            io
        }
    };
    *lock(&connecting.step) = Step::Handshake;
    Ok(Tcp::new(io))
}

/// Resolves the name, unless the caller gave its addresses, and connects to one address after the
/// other; when those of one IP version take more than 300 ms, also to those of the other.
async fn open(
    config: &Config,
    server: Uri,
    opening: Step,
    connecting: &Connecting,
) -> Result<Box<dyn Io>, BoxError> {
    if let Some(dial) = &config.dialer {
        *lock(&connecting.step) = opening;
        return Ok(dial(server).await?);
    }
    let (host, port) = (server.host().unwrap_or_default(), endpoints::port(&server));
    let given = config.overrides.get(&(host.to_ascii_lowercase(), port));
    let addresses: Vec<IpAddr> = match (host.trim_matches(['[', ']']).parse(), given) {
        (Ok(address), _) => vec![address],
        (_, Some(given)) => given.to_vec(),
        (_, None) => {
            let found = lookup_host((host, port)).await?;
            found.map(|address| address.ip()).collect()
        }
    };
    // The addresses of a proxy are none of the server's.
    if opening == Step::Connect {
        config.observe(ConnectEvent::Resolved(&addresses));
    }
    *lock(&connecting.step) = opening;
    // The connector replaces port 0 with the URI's.
    let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
    let resolver = service_fn(move |_: Name| ready(io::Result::Ok(addresses.clone())));
    let mut connector = HttpConnector::new_with_resolver(resolver);
    connector.enforce_http(false);
    // Nagle's algorithm would hold the last piece of a body back until the one before is
    // acknowledged.
    connector.set_nodelay(true);
    connector.set_keepalive(Some(KEEPALIVE));
    connector.set_keepalive_interval(Some(KEEPALIVE));
    // The connector divides it among the addresses, so that a dead one does not use up all of it.
    let left = |end: Instant| end.saturating_duration_since(Instant::now());
    connector.set_connect_timeout(connecting.end.map(left));
    let stream = connector.oneshot(server).await.map_err(|error| {
        if find(&error).map(io::Error::kind) != Some(TimedOut) {
            return BoxError::from(error);
        }
        // The connector's timeout may pass before the attempt's, which it should equal.
        let (now, step) = (Instant::now(), lock(&connecting.step).clone());
        let end = connecting.end.map_or(now, |end| end.min(now));
        Wait(step, end - connecting.begun).into()
    })?;
    let stream = stream.into_inner();
    bound_unsent(&stream)?;
    config.observe(ConnectEvent::Connected(stream.peer_addr()?));
    Ok(Box::new(stream))
}

/// Makes writes block soon after the peer has stopped reading. `TCP_USER_TIMEOUT` would end
/// connections that move: Linux counts the time of a small receive window, even while bytes pass
/// through it.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn bound_unsent(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_tcp_notsent_lowat(MAX_UNSENT)
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
use self::bound_send_buffer as bound_unsent;

/// The substitute on systems without `TCP_NOTSENT_LOWAT`.
#[cfg(any(test, not(any(target_os = "android", target_os = "linux"))))]
fn bound_send_buffer(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_send_buffer_size(MAX_UNSENT as usize)
}

pub(super) type Polled<T> = Poll<io::Result<T>>;

/// A connection that counts the bytes written to it.
pub(crate) struct Tcp {
    io: TokioIo<Box<dyn Io>>,
    pub(super) state: Arc<Mutex<ConnectionState>>,
}

impl Tcp {
    fn new(io: Box<dyn Io>) -> Self {
        Self {
            io: TokioIo::new(io),
            state: ConnectionState::new(),
        }
    }

    /// Makes the system discard unsent bytes when the connection is dropped.
    pub(super) fn reset_when_dropped(&self) -> io::Result<()> {
        let io: &dyn Io = &**self.io.inner();
        io.tcp().map_or(Ok(()), TcpStream::set_zero_linger)
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
    ) -> Polled<()> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Polled<usize> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        lock(&self.state).wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Polled<usize> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        lock(&self.state).wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<()> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<()> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::future::poll_fn;

    use tokio::{net::TcpListener, time::timeout};

    use super::*;

    #[tokio::test]
    async fn the_socket_sends_at_once_and_keeps_little_unsent() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://{}/", server.local_addr().unwrap());
        let connecting = Connecting::new(Instant::now(), None);
        let tcp = connect(&Config::default(), uri.parse().unwrap(), &connecting).await;
        let io = tcp.unwrap().io.into_inner();
        let socket = SockRef::from((*io).tcp().unwrap());
        assert!(socket.tcp_nodelay().unwrap());
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), MAX_UNSENT);
    }

    #[tokio::test]
    async fn a_server_that_reads_nothing_soon_blocks_the_writes_on_every_system() {
        let bounds: [fn(&TcpStream) -> _; 2] = [bound_unsent, bound_send_buffer];
        for bound in bounds {
            let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let stream = TcpStream::connect(server.local_addr().unwrap()).await;
            bound(stream.as_ref().unwrap()).unwrap();
            let mut tcp = Tcp::new(Box::new(stream.unwrap()));
            let mut taken = 0;
            while !lock(&tcp.state).is_blocked {
                let write = poll_fn(|cx| Pin::new(&mut tcp).poll_write(cx, &[7; 4096]));
                let written = timeout(Duration::from_millis(200), write).await;
                taken += written.unwrap_or(Ok(0)).unwrap();
                // Without a bound the system takes megabytes.
                assert!(taken < 16 * MAX_UNSENT as usize, "{taken} bytes");
            }
        }
    }
}
