//! The agent: what it is made of, and its start.

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
    routes::AppState,
    server::{self, Phase},
};

/// Memory for the pictures of all merchants together: two of them may have all that one may have.
const MEMORY: usize = 16 * Image::LIMIT;

/// The settings of an agent.
#[derive(Debug)]
pub struct Options {
    /// The token that callers over TCP must send. Without one, every program on the machine may upload.
    pub token: Option<Token>,
    /// Further names of the agent, beside its address and `localhost`: requests to others are refused.
    pub hosts: Vec<String>,
    /// Fetches pictures by URL; without it, such requests are refused.
    pub fetcher: Option<Fetcher>,
    /// How many requests of a merchant may wait or be under way; more are refused at once.
    pub queue: usize,
    /// How long what was accepted may take when the agent is asked to stop; what is not done by then is
    /// answered with 503.
    pub grace: Duration,
}

/// A queue of twice as many as the callers that are known to come at once; half a minute to stop.
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

/// A server on this machine that takes pictures over HTTP and answers with their media ids.
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

    /// Serves until `stop` ends, and then until what was accepted is answered. True unless a connection
    /// had to be cut.
    pub async fn serve(self, listeners: Vec<Listener>, stop: impl Future<Output = ()>) -> bool {
        let (phase, phases) = watch::channel(Phase::Serving);
        let options = self.options;
        let app = Arc::new(AppState {
            merchants: self.merchants,
            fetcher: options.fetcher,
            memory: Arc::new(Semaphore::new(MEMORY)),
            phase: phases,
        });
        let guarded = listeners.into_iter().map(|listener| {
            let is_tcp = matches!(listener, Listener::Tcp(_));
            let token = options.token.clone().filter(|_| is_tcp);
            let (addr, hosts) = (listener.addr(), options.hosts.clone());
            (Arc::new(Guard { addr, token, hosts }), listener)
        });
        server::run(app, guarded.collect(), options.grace, phase, stop).await
    }
}
