//! The connector, from a URI to a TLS connection.

mod tcp;

use std::{
    io::{
        self,
        ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, UnexpectedEof},
        IoSlice,
    },
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection};
use rustls::{ClientConfig, ProtocolVersion};
use tokio::time::{Instant, Sleep, sleep, timeout_at};
use tower::{Service, service_fn, util::BoxCloneSyncService};

use crate::{
    attempt::{CONNECTING, Connecting},
    config::{Config, ConnectEvent, MAX_TIMEOUT},
    error::{BoxError, TlsErrorKind, Wait, find, lock},
};
use tcp::{Polled, Tcp};

const UNFINISHED: &str = "the connection ended without TLS's close_notify";

/// From an `https` URI to a connection after its TLS handshake.
pub(crate) type Connector = BoxCloneSyncService<Uri, TlsStream, BoxError>;

pub(crate) fn connector(config: Arc<Config>, tls: Arc<ClientConfig>) -> Connector {
    BoxCloneSyncService::new(service_fn(move |server| {
        // hyper's client calls it while the attempt is polled; a probe has no attempt.
        let connecting = CONNECTING.try_with(Arc::clone).unwrap_or_else(|_| {
            let now = Instant::now();
            Connecting::new(now, Some(now + config.rules.connect_timeout))
        });
        connect(Arc::clone(&config), Arc::clone(&tls), server, connecting)
    }))
}

/// Connects with hyper-rustls' connector, over TCP or a tunnel, until the attempt's time to connect
/// is over.
async fn connect(
    config: Arc<Config>,
    tls: Arc<ClientConfig>,
    server: Uri,
    connecting: Arc<Connecting>,
) -> Result<TlsStream, BoxError> {
    let end = connecting.end.unwrap_or(connecting.begun + MAX_TIMEOUT);
    let (below, steps) = (Arc::clone(&config), Arc::clone(&connecting));
    let tcp = service_fn(move |server| {
        let (config, connecting) = (Arc::clone(&below), Arc::clone(&steps));
        async move { tcp::connect(&config, server, &connecting).await }
    });
    // It checks the name before it connects.
    let names = Arc::new(DefaultServerNameResolver::default());
    let mut https = HttpsConnector::new(tcp, tls, true, names);
    let Ok(connected) = timeout_at(end, https.call(server)).await else {
        let step = lock(&connecting.step).clone();
        return Err(Wait(step, end - connecting.begun).into());
    };
    let io = connected?;
    if let MaybeHttpsStream::Https(tls) = &io {
        let (tcp, connection) = tls.inner().get_ref();
        // The bytes of the handshake are none of the request's.
        lock(&tcp.inner().state).sent = 0;
        let suite = connection.negotiated_cipher_suite();
        let suite = suite.and_then(|suite| suite.suite().as_str());
        config.observe(ConnectEvent::Secured {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "unknown",
            },
            cipher_suite: suite.unwrap_or("unknown"),
        });
    }
    Ok(TlsStream {
        io,
        closed_for_writing: false,
        // Longer than any attempt waits, so that the attempt's own error comes first.
        write_timeout: config.rules.stall_timeout + Duration::from_secs(1),
        timer: None,
    })
}

/// A TLS stream that still reads the peer's alert after a failed write, and gives up when the peer
/// stops reading.
///
/// Under TLS 1.3 a server checks the client's certificate while the client is already sending. A
/// server that refuses it sends an alert and closes, so the client's next write fails before the
/// client has read the alert. Such a write counts as done, and the following read gives the reason.
///
/// hyper writes everything before it closes, which takes forever when the server reads nothing.
pub(crate) struct TlsStream {
    io: MaybeHttpsStream<Tcp>,
    closed_for_writing: bool,
    write_timeout: Duration,
    /// Runs while a write is pending. Boxed, as it is rarely needed.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TlsStream {
    fn tcp(&self) -> &Tcp {
        match &self.io {
            MaybeHttpsStream::Http(tcp) => tcp,
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner(),
        }
    }

    /// Writes until the peer has closed; from then on every write counts as done.
    fn poll_unless_closed<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: T,
        poll: impl FnOnce(Pin<&mut MaybeHttpsStream<Tcp>>, &mut Context<'_>) -> Polled<T>,
    ) -> Polled<T> {
        if self.closed_for_writing {
            return Poll::Ready(Ok(done));
        }
        match poll(Pin::new(&mut self.io), cx) {
            Poll::Ready(Err(error)) if matches!(error.kind(), BrokenPipe | ConnectionReset) => {
                self.closed_for_writing = true;
                Poll::Ready(Ok(done))
            }
            Poll::Ready(written) => {
                self.timer = None;
                Poll::Ready(written)
            }
            Poll::Pending => {
                let limit = self.write_timeout;
                let mut timer = self.timer.take().unwrap_or_else(|| Box::pin(sleep(limit)));
                while timer.as_mut().poll(cx).is_ready() {
                    // A long flush may move slowly.
                    let end = lock(&self.tcp().state).last_write + limit;
                    if end <= Instant::now() {
                        // Otherwise the system would go on sending.
                        self.tcp().reset_when_dropped()?;
                        return Poll::Ready(Err(TimedOut.into()));
                    }
                    timer.as_mut().reset(end);
                }
                self.timer = Some(timer);
                Poll::Pending
            }
        }
    }
}

impl Connection for TlsStream {
    fn connected(&self) -> Connected {
        self.io.connected()
    }
}

impl Read for TlsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Polled<()> {
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buffer));
        Poll::Ready(read.map_err(|error| {
            if let Some(error) = find::<rustls::Error>(&error) {
                let mut state = lock(&self.tcp().state);
                state.alert.get_or_insert(TlsErrorKind::of(error));
            }
            match error.kind() {
                // rustls' own text names a page about its interface.
                UnexpectedEof => io::Error::new(UnexpectedEof, UNFINISHED),
                _ => error,
            }
        }))
    }
}

impl Write for TlsStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Polled<usize> {
        self.poll_unless_closed(cx, bytes.len(), |io, cx| io.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Polled<usize> {
        let all = slices.iter().map(|slice| slice.len()).sum();
        self.poll_unless_closed(cx, all, |io, cx| io.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<()> {
        self.poll_unless_closed(cx, (), Write::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<()> {
        self.poll_unless_closed(cx, (), Write::poll_shutdown)
    }
}
