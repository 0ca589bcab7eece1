//! The agent: what it is made of, and its start.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};
use wxpay_media::Image;

use crate::{
    Fetcher, Listener, Merchants, Store, Token,
    merchants::Registry,
    routes::Door,
    server::{self, Phase, Strangers},
};

/// Memory for the pictures of all merchants together: two of them may have all that one may have.
const MEMORY: usize = 16 * Image::LIMIT;

/// Bounds of an agent.
///
/// ```
/// let limits = wxpay_agent::Limits { queue: 64, ..Default::default() };
/// # let _ = limits;
/// ```
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many requests of a merchant may wait or be under way; more are refused at once.
    pub queue: usize,
    /// How long what was accepted may take when the agent is asked to stop; what is not done by then is
    /// answered with 503.
    pub grace: Duration,
}

/// Twice as many as the callers that are known to come at once; half a minute to stop, as other servers.
impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 512,
            grace: Duration::from_secs(30),
        }
    }
}

/// A server on this machine that takes pictures over HTTP and answers with their media ids.
///
/// ```no_run
/// use wxpay_agent::{Agent, Limits, Listener, Merchants, Store, Token};
///
/// # async fn example(merchants: Merchants) -> Result<(), Box<dyn std::error::Error>> {
/// let agent = Agent::start(merchants, Store::in_memory(), Limits::default()).await?;
/// let agent = agent.token(Token::open("token".as_ref())?);
/// let listener = Listener::tcp("127.0.0.1:8479".parse()?).await?;
/// agent.serve(vec![listener], std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Agent {
    merchants: Registry,
    store: Arc<Store>,
    limits: Limits,
    fetcher: Option<Fetcher>,
    strangers: Strangers,
}

impl Agent {
    /// Reads the merchants' settings.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the settings of the one merchant cannot be used, or the folder cannot be read.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn start(
        merchants: Merchants,
        store: Store,
        limits: Limits,
    ) -> Result<Self, StartError> {
        let store = Arc::new(store);
        let (of_merchants, bounds) = (Arc::clone(&store), limits.clone());
        let read = move || Registry::open(merchants, of_merchants, bounds);
        let merchants = spawn_blocking(read).await;
        let merchants = merchants.map_err(|error| StartError::new(error.to_string()))?;
        Ok(Self {
            merchants: merchants?,
            store,
            limits,
            fetcher: None,
            strangers: Strangers::default(),
        })
    }

    /// The token that callers over TCP must send. Without one, every program on the machine may upload.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.strangers.token = Some(token);
        self
    }

    /// A further name of the agent, beside its address and `localhost`: requests to others are refused.
    #[must_use]
    pub fn host(mut self, name: &str) -> Self {
        self.strangers.names.push(name.to_ascii_lowercase());
        self
    }

    /// Fetches pictures by URL; without this, such requests are refused.
    #[must_use]
    pub fn fetcher(mut self, fetcher: Fetcher) -> Self {
        self.fetcher = Some(fetcher);
        self
    }

    /// Serves until `stop` ends, and then until what was accepted is answered. True unless a connection
    /// had to be cut.
    pub async fn serve(self, listeners: Vec<Listener>, stop: impl Future<Output = ()>) -> bool {
        let (phase, phases) = watch::channel(Phase::Serving);
        let door = Arc::new(Door {
            merchants: self.merchants,
            store: self.store,
            fetcher: self.fetcher,
            memory: Arc::new(Semaphore::new(MEMORY)),
            phase: phases,
        });
        server::run(
            door,
            listeners,
            &self.strangers,
            self.limits.grace,
            phase,
            stop,
        )
        .await
    }
}

/// Why an agent does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError(String);

impl StartError {
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}
