//! Takes connections.

mod answer;
mod body;

mod connection;
mod exchange;

use std::{convert::Infallible, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{net::TcpListener, task::JoinSet, time::sleep};
use tokio_rustls::TlsAcceptor;

use crate::{client_certificate::Judge, inspector::Inspector};
use body::MemoryBudget;
use connection::Connections;

pub(crate) use exchange::Exchange;

/// More wait until others end, in the operating system's queue.
const CONNECTIONS: usize = 2048;
/// Memory for all bodies that are being read and answered.
const BODIES: usize = 128 * 1024 * 1024;
/// How long to wait when no connection can be taken, for want of file descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A socket that listens, and what is needed to answer on it.
pub(crate) struct Server {
    listener: TcpListener,
    connections: Arc<Connections>,
    inspector: Option<Inspector>,
}

impl Server {
    pub(crate) fn new(
        listener: TcpListener,
        tls: Arc<ServerConfig>,
        judge: Judge,
        exchange: Exchange,
        inspector: Option<Inspector>,
    ) -> Self {
        let connections = Connections {
            acceptor: TlsAcceptor::from(tls),
            judge,
            exchange,
            memory: MemoryBudget::new(BODIES),
        };
        Self {
            listener,
            connections: Arc::new(connections),
            inspector,
        }
    }

    /// Serves until it is dropped, each connection in a task of its own; dropping ends these too.
    pub(crate) async fn run(mut self) -> Infallible {
        let inspector = self.inspector.take();
        tokio::select! {
            never = self.accept() => never,
            Some(never) = async { Some(inspector?.run().await) } => never,
        }
    }

    async fn accept(self) -> Infallible {
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if tasks.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        let connections = Arc::clone(&self.connections);
                        tasks.spawn(async move { connections.serve(stream).await });
                    }
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
}
