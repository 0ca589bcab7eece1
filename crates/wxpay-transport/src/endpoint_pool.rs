//! All endpoints with their circuit breakers, shared by the clones of a transport.

use std::{
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use http::uri::Authority;
use tokio::{task::AbortHandle, time::sleep};
use tracing::{debug, info, warn};

use crate::{
    Endpoints, Failover,
    authority::is_same,
    endpoints::EndpointSet,
    error::{Error, ErrorKind},
};

/// Tells whether an endpoint could be called, without a call.
pub(crate) type Probe = Box<dyn Fn(Authority) -> Probing + Send + Sync>;
type Probing = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The endpoints, and which of them are in service.
///
/// While one is out of service, a task of its own probes it. The task keeps no transport alive: it
/// ends with the last clone.
pub(crate) struct EndpointPool {
    endpoints: Vec<Endpoint>,
    failover: Failover,
    probe: Probe,
}

/// A circuit breaker: closed until so many failures in a row; then open, half-open during each probe,
/// and closed again by the first success.
struct Endpoint {
    authority: Authority,
    breaker: Mutex<Breaker>,
}

struct Breaker {
    state: BreakerState,
    failures: u32,
    /// The task that probes, while there is one.
    prober: Option<AbortHandle>,
}

/// The state of an endpoint's circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// In service.
    Closed,
    /// Out of service: calls go there only when no other endpoint is left.
    Open,
    /// Out of service, and being probed just now.
    HalfOpen,
}

/// One endpoint as [`Transport::endpoints`](crate::Transport::endpoints) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointStatus {
    /// The endpoint.
    pub authority: Authority,
    /// The state of its circuit breaker.
    pub state: BreakerState,
    /// How many attempts and probes in a row have failed to reach it.
    pub failures: u32,
}

impl Endpoint {
    fn new(authority: &Authority) -> Self {
        Self {
            authority: authority.clone(),
            breaker: Mutex::new(Breaker {
                state: BreakerState::Closed,
                failures: 0,
                prober: None,
            }),
        }
    }

    /// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EndpointPool {
    pub(crate) fn new(endpoints: Option<&Endpoints>, failover: Failover, probe: Probe) -> Self {
        let endpoints = endpoints.into_iter().flat_map(Endpoints::iter);
        Self {
            endpoints: endpoints.map(Endpoint::new).collect(),
            failover,
            probe,
        }
    }

    /// All endpoints, where this is one of them; else none.
    pub(crate) fn candidates(&self, authority: &Authority) -> EndpointSet {
        let mut all = self.endpoints.iter();
        let is_one = all.any(|endpoint| is_same(&endpoint.authority, authority));
        self.set_of(|_| is_one)
    }

    fn set_of(&self, is_in: impl Fn(&Endpoint) -> bool) -> EndpointSet {
        let places = (0..self.endpoints.len()).filter(|&at| is_in(&self.endpoints[at]));
        places.fold(EndpointSet::default(), EndpointSet::with)
    }

    pub(crate) fn authority(&self, endpoint: usize) -> &Authority {
        &self.endpoints[endpoint].authority
    }

    /// The endpoints in service.
    pub(crate) fn in_service(self: &Arc<Self>) -> EndpointSet {
        self.keep_probing();
        self.set_of(|endpoint| endpoint.breaker().state == BreakerState::Closed)
    }

    /// An attempt, or a probe, has reached the endpoint.
    pub(crate) fn record_success(&self, endpoint: usize) {
        let mut breaker = self.endpoints[endpoint].breaker();
        breaker.failures = 0;
        if mem::replace(&mut breaker.state, BreakerState::Closed) != BreakerState::Closed {
            let host = self.authority(endpoint).as_str();
            info!(server.address = host, "endpoint back in service");
            if let Some(prober) = breaker.prober.take() {
                prober.abort();
            }
        }
    }

    /// An attempt has not reached it. Where nothing can stand in for it, that changes nothing.
    pub(crate) fn record_failure(self: &Arc<Self>, endpoint: usize, why: ErrorKind) {
        if self.endpoints.len() < 2 {
            return;
        }
        let mut breaker = self.endpoints[endpoint].breaker();
        breaker.failures = breaker.failures.saturating_add(1);
        let is_over = breaker.failures >= self.failover.threshold;
        if breaker.state == BreakerState::Closed && is_over {
            breaker.state = BreakerState::Open;
            warn!(
                server.address = self.authority(endpoint).as_str(),
                failures = breaker.failures,
                "error.type" = ?why,
                "endpoint taken out of service"
            );
            drop(breaker);
            self.keep_probing();
        }
    }

    pub(crate) fn statuses(&self) -> Vec<EndpointStatus> {
        let status = |endpoint: &Endpoint| {
            let breaker = endpoint.breaker();
            EndpointStatus {
                authority: endpoint.authority.clone(),
                state: breaker.state,
                failures: breaker.failures,
            }
        };
        self.endpoints.iter().map(status).collect()
    }

    /// Starts the task for each endpoint out of service that has none: none yet, or none any more
    /// because the runtime that it ran on is gone.
    fn keep_probing(self: &Arc<Self>) {
        for (at, endpoint) in self.endpoints.iter().enumerate() {
            let mut breaker = endpoint.breaker();
            let is_probed = breaker.prober.as_ref().is_some_and(|it| !it.is_finished());
            if breaker.state != BreakerState::Closed && !is_probed {
                let task = probe_until_reached(Arc::downgrade(self), self.failover.interval, at);
                breaker.prober = Some(tokio::spawn(task).abort_handle());
            }
        }
    }

    fn begin_probe(&self, endpoint: usize) -> Probing {
        let mut breaker = self.endpoints[endpoint].breaker();
        if breaker.state == BreakerState::Open {
            breaker.state = BreakerState::HalfOpen;
        }
        (self.probe)(self.authority(endpoint).clone())
    }

    fn probe_failed(&self, endpoint: usize, error: &Error) {
        let mut breaker = self.endpoints[endpoint].breaker();
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.state == BreakerState::HalfOpen {
            breaker.state = BreakerState::Open;
        }
        let host = self.authority(endpoint).as_str();
        debug!(server.address = host, "error.type" = ?error.kind(), "endpoint still out of service");
    }
}

/// Probes an endpoint until it is reached. It holds no pool while it waits, and ends with the last one.
async fn probe_until_reached(pool: Weak<EndpointPool>, interval: Duration, endpoint: usize) {
    loop {
        sleep(interval).await;
        let Some(probe) = pool.upgrade().map(|pool| pool.begin_probe(endpoint)) else {
            return;
        };
        let answer = probe.await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        match answer {
            Ok(()) => return pool.record_success(endpoint),
            Err(error) => pool.probe_failed(endpoint, &error),
        }
    }
}

impl Drop for EndpointPool {
    fn drop(&mut self) {
        for endpoint in &self.endpoints {
            if let Some(prober) = endpoint.breaker().prober.take() {
                prober.abort();
            }
        }
    }
}

impl fmt::Debug for EndpointPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.statuses()).finish()
    }
}
