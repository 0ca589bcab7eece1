//! The agent: its options, its start, and serving.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};
use wxpay_media::Image;

use crate::{
    Fetcher, Listener, Merchants, Store, Token,
    guard::Guard,
    merchants::Registry,
    routes::{AppState, Phase},
    server,
};

/// Maximum memory for the pictures of all merchants, in bytes: twice the maximum of one merchant.
const MEMORY: usize = 16 * Image::LIMIT;

/// The options of an agent.
#[derive(Debug)]
pub struct Options {
    /// The token that callers over TCP must send. Without one, every program on the machine may
    /// upload.
    pub token: Option<Token>,
    /// Names that are accepted in the `Host` header, beside the agent's address and `localhost`.
    pub hosts: Vec<String>,
    /// Fetches pictures by URL. Without it, requests with a URL are refused.
    pub fetcher: Option<Fetcher>,
    /// Maximum number of requests of one merchant that wait or are under way; one more is refused
    /// at once.
    pub queue: usize,
    /// Time for accepted requests to finish when the agent stops; the others are answered with 503.
    pub grace: Duration,
}

/// The queue is for twice the 256 callers of the benchmarks; the grace is a third of the 90 seconds
/// that systemd gives a service to stop.
impl Default for Options {
    fn default() -> Self {
        Self {
            token: None,
            hosts: Vec::new(),
            fetcher: None,
            queue: 512,
            grace: Duration::from_secs(30),
        }
    }
}

/// An HTTP server on this machine that uploads pictures, and responds with their media ids.
///
/// ```no_run
/// use wxpay_agent::{Agent, Listener, Merchants, Options, Store};
///
/// # async fn example(merchants: Merchants) -> std::io::Result<()> {
/// let agent = Agent::start(merchants, Store::in_memory(), Options::default()).await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8479").await?;
/// agent.serve(vec![Listener::Tcp(listener)], std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Agent {
    merchants: Registry,
    options: Options,
}

impl Agent {
    /// Reads the merchants' settings.
    ///
    /// # Errors
    ///
    /// When the settings of the one merchant cannot be used, or the folder cannot be read.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn start(merchants: Merchants, store: Store, options: Options) -> io::Result<Self> {
        let queue = options.queue;
        let read = spawn_blocking(move || Registry::open(merchants, store, queue));
        let merchants = read.await.map_err(io::Error::other)??;
        Ok(Self { merchants, options })
    }

    /// Serves until `stop` ends, then until accepted requests are answered. Returns true unless the
    /// grace ended before that.
    pub async fn serve(self, listeners: Vec<Listener>, stop: impl Future<Output = ()>) -> bool {
        let options = self.options;
        let app = Arc::new(AppState {
            merchants: self.merchants,
            fetcher: options.fetcher,
            memory: Arc::new(Semaphore::new(MEMORY)),
            phase: watch::Sender::new(Phase::Serving),
        });
        let guarded = listeners.into_iter().map(|listener| {
            let is_tcp = matches!(listener, Listener::Tcp(_));
            let token = options.token.clone().filter(|_| is_tcp);
            let (addr, hosts) = (listener.addr(), options.hosts.clone());
            (Arc::new(Guard { addr, token, hosts }), listener)
        });
        server::run(app, guarded.collect(), options.grace, stop).await
    }
}
