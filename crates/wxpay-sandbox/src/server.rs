//! Takes connections, for the gateway and for the inspector.

mod body;
mod connection;
mod diagnosis;
mod handler;
mod response_body;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use crate::request::client_certificate::ClientCertChecker;
use body::MemoryBudget;
use connection::Connections;

pub(crate) use diagnosis::Diagnosis;
pub(crate) use handler::Handler;

/// Connections of the gateway.
const CONNECTIONS: usize = 2048;
/// Memory for all bodies that are being read, answered and explained.
const BODIES: usize = 128 * 1024 * 1024;
/// Pause when no connection can be taken, for want of file descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the gateway until it is dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    checker: ClientCertChecker,
    handler: Handler,
) -> Infallible {
    let connections = Arc::new(Connections {
        acceptor: TlsAcceptor::from(tls),
        checker,
        handler,
        memory: MemoryBudget::new(BODIES),
    });
    accept(listener, CONNECTIONS, move |stream, address| {
        let connections = Arc::clone(&connections);
        async move { connections.serve(stream, address).await }
    })
    .await
}

/// Serves each connection in a task of its own, so many at a time; more wait in the operating system's
/// queue. Dropping this ends the tasks too.
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
