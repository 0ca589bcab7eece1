//! Connections: accepted, served over TLS and HTTP/1.1, and closed without losing a response.

mod body;
mod diagnosis;
mod handler;

use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{request::Client, tls::ClientCertChecker};
use handler::AbortSignal;

pub(crate) use handler::Handler;

/// Maximum number of connections of the gateway.
const CONNECTIONS: usize = 2048;
/// Pause after a failure to accept, mostly for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// For the head of a request, and between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum size of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// Longest life of a connection: a client that sends and never reads would keep one for ever.
const LIFETIME: Duration = Duration::from_secs(600);
/// More time for the call that is under way then.
const GRACE: Duration = Duration::from_secs(60);
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// The state that all connections of the gateway share.
pub(crate) struct Gateway {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) checker: ClientCertChecker,
    pub(crate) handler: Handler,
}

impl Gateway {
    /// Serves until it is dropped.
    pub(crate) async fn serve(self, listener: TcpListener) -> Infallible {
        let gateway = Arc::new(self);
        accept(listener, CONNECTIONS, |stream, address| {
            let gateway = Arc::clone(&gateway);
            async move { gateway.connection(stream, address).await }
        })
        .await
    }

    async fn connection(&self, stream: TcpStream, address: SocketAddr) {
        // A failure only delays responses.
        let _slower = stream.set_nodelay(true);
        let tls = match timeout(HANDSHAKE_TIMEOUT, self.acceptor.accept(stream)).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(error)) => return tracing::info!(%error, "no TLS handshake"),
            Err(_) => return tracing::info!("the TLS handshake took too long"),
        };
        let session = tls.get_ref().1;
        let version = session.protocol_version().and_then(|it| it.as_str());
        let sent = session.peer_certificates().and_then(<[_]>::first);
        let client = Arc::new(Client {
            address: address.to_string(),
            tls_version: version.unwrap_or("TLS").to_owned(),
            certificate: sent.map(|sent| self.checker.sent(sent)),
        });
        let abort = AbortSignal::default();
        let handle = |request| self.handler.handle(client.clone(), request, &abort);
        let service = service_fn(|request| Box::pin(handle(request)));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(tls), service);
        let mut end = pin!(sleep(LIFETIME));
        let mut is_ending = false;
        let ended = poll_fn(|cx| {
            let polled = connection.poll_without_shutdown(cx);
            if polled.is_ready() {
                return polled;
            }
            if abort.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
            while end.as_mut().poll(cx).is_ready() {
                if is_ending {
                    abort.store(true, Ordering::Relaxed);
                    return Poll::Ready(Ok(()));
                }
                is_ending = true;
                end.as_mut().reset(Instant::now() + GRACE);
                Pin::new(&mut connection).graceful_shutdown();
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        });
        if let Err(error) = ended.await {
            tracing::info!(%error, "the connection has ended early");
        }
        if abort.load(Ordering::Relaxed) {
            // Without a close of TLS; TCP is reset if the client is still sending.
            return;
        }
        linger(connection.into_parts().io.into_inner()).await;
    }
}

/// Serves each connection in a task of its own, at most `most` at a time; more wait in the queue of
/// the operating system. Dropping this ends the tasks.
pub(crate) async fn accept<F>(
    listener: TcpListener,
    most: usize,
    serve: impl Fn(TcpStream, SocketAddr) -> F,
) -> Infallible
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if tasks.len() < most => match accepted {
                Ok((stream, address)) => drop(tasks.spawn(serve(stream, address))),
                Err(error) => {
                    tracing::warn!(%error, "cannot take a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = tasks.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "the task of a connection has failed");
            },
        }
    }
}

/// Closes our side and reads on for a while.
///
/// A socket that is closed while the client is still sending is reset, and a reset can discard a
/// response that the client has received but not read.
async fn linger(mut tls: TlsStream<TcpStream>) {
    let close = async {
        tls.shutdown().await?;
        let (tcp, _) = tls.get_mut();
        let mut thrown_away = vec![0; 16 * 1024];
        let mut bytes = 0;
        while bytes < LINGER_BYTES {
            match tcp.read(&mut thrown_away).await? {
                0 => break,
                read => bytes += read,
            }
        }
        std::io::Result::Ok(())
    };
    // It does not matter if the client is gone, or never closes.
    let _gone = timeout(LINGER, close).await;
}
