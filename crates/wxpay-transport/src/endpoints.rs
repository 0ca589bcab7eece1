//! The servers that may stand in for one another, with a circuit breaker each.

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use tokio::{task::AbortHandle, time::sleep};
use tracing::{debug, info, warn};

use crate::error::{Error, ErrorKind};

/// Servers, as `host` or `host:port`, that may stand in for one another, in order of preference.
///
/// A call to one of them goes to the first that is in service, whichever its URI names. Give only
/// servers that do the same: a request that one of them has not answered may be answered by another.
///
/// ```
/// use wxpay_transport::{Endpoints, EndpointsError, Transport};
///
/// let endpoints = Endpoints::new(["a.example".parse()?, "b.example:8443".parse()?])?;
/// let builder = Transport::builder().endpoints(endpoints);
/// assert_eq!(Endpoints::new([]), Err(EndpointsError::Empty));
/// # let _ = builder;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<Authority>);

impl Endpoints {
    /// The endpoints in this order; one that is named again counts once.
    ///
    /// # Errors
    ///
    /// [`EndpointsError`] when there is none, or when one has a user name or a port that is no number.
    pub fn new(endpoints: impl IntoIterator<Item = Authority>) -> Result<Self, EndpointsError> {
        let mut list: Vec<Authority> = Vec::new();
        for endpoint in endpoints {
            if !is_host_port(&endpoint) {
                return Err(EndpointsError::NotHostAndPort);
            }
            if list.iter().all(|known| !is_same(known, &endpoint)) {
                list.push(endpoint);
            }
        }
        if list.is_empty() {
            return Err(EndpointsError::Empty);
        }
        Ok(Self(list))
    }

    /// The one that calls go to while it is in service.
    #[must_use]
    pub fn primary(&self) -> &Authority {
        &self.0[0]
    }

    /// All of them, the primary first.
    pub fn iter(&self) -> impl Iterator<Item = &Authority> {
        self.0.iter()
    }
}

/// The reason why a list is not one of [`Endpoints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointsError {
    /// No endpoint at all.
    #[error("no endpoint is given: at least one is needed")]
    Empty,
    /// Not of the form `host` or `host:port`.
    #[error("an endpoint is `host` or `host:port`, without a user name")]
    NotHostAndPort,
}

/// One endpoint as [`Transport::endpoints`](crate::Transport::endpoints) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointStatus {
    /// The endpoint.
    pub authority: Authority,
    /// False while calls go there only when no other endpoint is left: its circuit breaker is open.
    pub is_in_service: bool,
    /// How many attempts and probes in a row have failed to reach it.
    pub failures: u32,
}

/// Tells whether an endpoint could be called, without a call.
pub(crate) type Probe = Box<dyn Fn(Authority) -> Probing + Send + Sync>;
type Probing = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The endpoints, shared by the clones of a transport, each with a circuit breaker: open from so many
/// failures in a row until the first success.
pub(crate) struct EndpointPool {
    pub(crate) endpoints: Vec<Authority>,
    pub(crate) breakers: Mutex<Vec<Breaker>>,
    /// How many failures in a row open a breaker.
    pub(crate) threshold: u32,
    pub(crate) probe_interval: Duration,
    pub(crate) probe: Probe,
}

#[derive(Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// The task that probes, while the breaker is open.
    prober: Option<AbortHandle>,
}

impl EndpointPool {
    /// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
    fn breakers(&self) -> MutexGuard<'_, Vec<Breaker>> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All endpoints, where this is one of them; else none.
    pub(crate) fn candidates(&self, authority: &Authority) -> BTreeSet<usize> {
        let is_one = self.endpoints.iter().any(|it| is_same(it, authority));
        (0..self.endpoints.len()).filter(|_| is_one).collect()
    }

    /// The endpoints in service.
    pub(crate) fn in_service(self: &Arc<Self>) -> BTreeSet<usize> {
        let mut breakers = self.breakers();
        let is_in_service = |endpoint: &usize| {
            let prober = &mut breakers[*endpoint].prober;
            // The runtime that it ran on is gone.
            if prober.as_ref().is_some_and(AbortHandle::is_finished) {
                *prober = Some(self.start_prober(*endpoint));
            }
            prober.is_none()
        };
        (0..self.endpoints.len()).filter(is_in_service).collect()
    }

    /// An attempt, or a probe, has reached the endpoint.
    pub(crate) fn record_success(&self, endpoint: usize) {
        let breaker = &mut self.breakers()[endpoint];
        breaker.failures = 0;
        if let Some(prober) = breaker.prober.take() {
            let host = self.endpoints[endpoint].as_str();
            info!(server.address = host, "endpoint back in service");
            prober.abort();
        }
    }

    /// An attempt has not reached it. Where nothing can stand in for it, that changes nothing.
    pub(crate) fn record_failure(self: &Arc<Self>, endpoint: usize, why: ErrorKind) {
        if self.endpoints.len() < 2 {
            return;
        }
        let breaker = &mut self.breakers()[endpoint];
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= self.threshold && breaker.prober.is_none() {
            breaker.prober = Some(self.start_prober(endpoint));
            warn!(
                server.address = self.endpoints[endpoint].as_str(),
                failures = breaker.failures,
                "error.type" = ?why,
                "endpoint taken out of service"
            );
        }
    }

    pub(crate) fn statuses(&self) -> Vec<EndpointStatus> {
        let status = |(authority, breaker): (&Authority, &Breaker)| EndpointStatus {
            authority: authority.clone(),
            is_in_service: breaker.prober.is_none(),
            failures: breaker.failures,
        };
        self.endpoints
            .iter()
            .zip(&*self.breakers())
            .map(status)
            .collect()
    }

    fn start_prober(self: &Arc<Self>, endpoint: usize) -> AbortHandle {
        let pool = Arc::downgrade(self);
        tokio::spawn(probe_until_reached(pool, self.probe_interval, endpoint)).abort_handle()
    }
}

/// Probes an endpoint until it is reached. It holds no pool while it waits, and ends with the last one.
async fn probe_until_reached(pool: Weak<EndpointPool>, interval: Duration, endpoint: usize) {
    loop {
        sleep(interval).await;
        let probe = |pool: Arc<EndpointPool>| (pool.probe)(pool.endpoints[endpoint].clone());
        let Some(probe) = pool.upgrade().map(probe) else {
            return;
        };
        let result = probe.await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        let Err(error) = result else {
            return pool.record_success(endpoint);
        };
        let breaker = &mut pool.breakers()[endpoint];
        breaker.failures = breaker.failures.saturating_add(1);
        let host = pool.endpoints[endpoint].as_str();
        debug!(server.address = host, "error.type" = ?error.kind(), "endpoint still out of service");
    }
}

impl Drop for EndpointPool {
    fn drop(&mut self) {
        let breakers = self.breakers();
        let probers = breakers.iter().filter_map(|it| it.prober.as_ref());
        probers.for_each(AbortHandle::abort);
    }
}

const HTTPS: u16 = 443;

/// Returns true for a host with or without a port that is a number, without a user name.
pub(crate) fn is_host_port(authority: &Authority) -> bool {
    let host = authority.host();
    let Some(rest) = authority.as_str().strip_prefix(host) else {
        return false;
    };
    let port = rest.strip_prefix(':');
    !host.is_empty() && port.map_or(rest.is_empty(), |port| port.parse::<u16>().is_ok())
}

/// Returns true if both lead to one host and port.
pub(crate) fn is_same(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(HTTPS);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// The port that a URI names, or its scheme's own.
pub(crate) fn port(uri: &Uri) -> u16 {
    let is_http = uri.scheme() == Some(&Scheme::HTTP);
    uri.port_u16().unwrap_or(if is_http { 80 } else { HTTPS })
}

/// The address of a server, for what wants a URI.
pub(crate) fn uri(scheme: &str, authority: &Authority) -> Uri {
    let uri = format!("{scheme}://{authority}/");
    uri.parse().expect("scheme, authority and path make a uri")
}
