//! The client of the identity that holds, with its connections.

use std::sync::{Arc, Mutex, PoisonError};

use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use tracing::debug;

use crate::{
    Builder, Error, Identity,
    body::RequestBody,
    builder::ConnectionSettings,
    connector::{Connector, FOREVER, Route},
    progress::Reported,
    tls::Tls,
};

/// Makes a client for an identity, keeps it for as long as that identity holds, and then makes
/// another.
///
/// The whole client is replaced: connector, pool and TLS sessions together. A connection in the pool
/// and a session in the store were both opened as the old identity, and would go on as it. The old
/// client lives until the last of its requests is done; with it go its idle connections.
pub(crate) struct Clients<B> {
    shared: Arc<Shared<B>>,
}

struct Shared<B> {
    tls: Tls,
    route: Route,
    settings: Builder,
    current: Mutex<Option<Current<B>>>,
}

#[derive(Clone)]
pub(crate) struct Current<B> {
    pub(super) identity: Option<Identity>,
    pub(super) connector: Connector,
    pub(super) client: Client<Connector, Reported<B>>,
}

impl<B: RequestBody> Clients<B> {
    pub(crate) fn new(tls: Tls, settings: &Builder) -> Self {
        Self {
            shared: Arc::new(Shared {
                tls,
                route: Route::new(&settings.connection, settings.connect_deadline),
                settings: settings.clone(),
                current: Mutex::new(None),
            }),
        }
    }

    /// The client for an attempt that begins now.
    pub(crate) async fn current(&self) -> Result<Current<B>, Error> {
        let shared = &*self.shared;
        let connection = &shared.settings.connection;
        let verifier = shared.tls.verifier().await?;
        if let Some(source) = &connection.identity {
            source.refresh().await;
        }
        // Asked under the lock: else an attempt that was held up between asking and locking could
        // bring an old identity back.
        let mut current = shared
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let identity = connection.identity.as_ref().map(|source| source.current());
        if let Some(current) = &*current
            && is_same(current.identity.as_ref(), identity.as_ref())
        {
            return Ok(current.clone());
        }
        if current.is_some() {
            debug!("another identity: new connections, new sessions");
        }
        let config = shared
            .tls
            .client_config(verifier, identity.as_ref())
            .map_err(|error| Error::from_connector(error.into()))?;
        let connector = Connector::new(shared.route.clone(), config.into(), &shared.settings);
        let client = client(connector.clone(), connection);
        Ok(current
            .insert(Current {
                identity,
                connector,
                client,
            })
            .clone())
    }
}

fn client<B: RequestBody>(
    connector: Connector,
    settings: &ConnectionSettings,
) -> Client<Connector, Reported<B>> {
    Client::builder(TokioExecutor::new())
        // Without it idle connections are closed only when the next call finds them.
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(settings.pool_idle_timeout.min(FOREVER))
        .pool_max_idle_per_host(settings.pool_max_idle_per_host)
        .build(connector)
}

fn is_same(one: Option<&Identity>, other: Option<&Identity>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.ptr_eq(other),
        _ => false,
    }
}

impl<B> Clone for Clients<B> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}
