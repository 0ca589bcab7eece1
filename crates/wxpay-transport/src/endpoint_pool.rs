//! All endpoints with their circuit breakers, shared by the clones of a transport.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::uri::Authority;
use tokio::{task::AbortHandle, time::sleep};
use tracing::{debug, info, warn};

use crate::{
    Endpoints, Failover,
    authority::is_same,
    error::{Error, ErrorKind},
};

/// Tells whether an endpoint could be called, without a call.
type Probe =
    Box<dyn Fn(Authority) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> + Send + Sync>;

/// The endpoints, and which of them are in service.
///
/// While one is out of service, a task of its own probes it. The task keeps no transport alive: it
/// ends with the last clone.
pub(crate) struct EndpointPool {
    endpoints: Vec<EndpointState>,
    failover: Failover,
    probe: Probe,
}

/// A circuit breaker: closed until so many failures in a row; then open, half-open during each probe,
/// and closed again by the first success.
struct EndpointState {
    authority: Authority,
    breaker: Mutex<Breaker>,
    /// The task that probes, while there is one.
    prober: Mutex<Option<AbortHandle>>,
}

#[derive(Debug, Clone, Copy)]
struct Breaker {
    state: BreakerState,
    failures: u32,
}

const CLOSED: Breaker = Breaker {
    state: BreakerState::Closed,
    failures: 0,
};

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

/// A set of endpoints, by their places in the list; of at most [`Endpoints::LIMIT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct EndpointSet(u8);

impl EndpointSet {
    pub(crate) fn contains(self, endpoint: usize) -> bool {
        self.0 & (1 << endpoint) != 0
    }

    #[must_use]
    pub(crate) fn with(self, endpoint: usize) -> Self {
        Self(self.0 | (1 << endpoint))
    }

    #[must_use]
    pub(crate) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(crate) fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub(crate) fn first(self) -> Option<usize> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as usize)
    }

    /// The first one with a place after this one.
    pub(crate) fn after(self, endpoint: usize) -> Option<usize> {
        (endpoint + 1..Endpoints::LIMIT).find(|&other| self.contains(other))
    }
}

impl EndpointPool {
    pub(crate) fn new(endpoints: Option<&Endpoints>, failover: Failover, probe: Probe) -> Self {
        let authorities = endpoints.into_iter().flat_map(Endpoints::iter);
        let endpoints = authorities.map(|authority| EndpointState {
            authority: authority.clone(),
            breaker: Mutex::new(CLOSED),
            prober: Mutex::new(None),
        });
        Self {
            endpoints: endpoints.collect(),
            failover,
            probe,
        }
    }

    /// All endpoints, where this is one of them; else none.
    pub(crate) fn candidates(&self, authority: &Authority) -> EndpointSet {
        let mut all = self.endpoints.iter();
        if all.any(|endpoint| is_same(&endpoint.authority, authority)) {
            (0..self.endpoints.len()).fold(EndpointSet::default(), EndpointSet::with)
        } else {
            EndpointSet::default()
        }
    }

    pub(crate) fn authority(&self, endpoint: usize) -> &Authority {
        &self.endpoints[endpoint].authority
    }

    /// The endpoints in service.
    pub(crate) fn in_service(self: &Arc<Self>) -> EndpointSet {
        self.keep_probing();
        let closed = (0..self.endpoints.len())
            .filter(|&endpoint| self.breaker(endpoint).state == BreakerState::Closed);
        closed.fold(EndpointSet::default(), EndpointSet::with)
    }

    /// An attempt, or a probe, has reached the endpoint.
    pub(crate) fn record_success(&self, endpoint: usize) {
        let before = std::mem::replace(&mut *self.breaker(endpoint), CLOSED);
        if before.state != BreakerState::Closed {
            let host = self.authority(endpoint).as_str();
            info!(server.address = host, "endpoint back in service");
            if let Some(prober) = lock(&self.endpoints[endpoint].prober).take() {
                prober.abort();
            }
        }
    }

    /// An attempt has not reached it. Where nothing can stand in for it, that changes nothing.
    pub(crate) fn record_failure(self: &Arc<Self>, endpoint: usize, why: ErrorKind) {
        if self.endpoints.len() < 2 {
            return;
        }
        let mut breaker = self.breaker(endpoint);
        breaker.failures = breaker.failures.saturating_add(1);
        let failures = breaker.failures;
        if breaker.state == BreakerState::Closed && failures >= self.failover.threshold {
            breaker.state = BreakerState::Open;
            drop(breaker);
            let host = self.authority(endpoint).as_str();
            warn!(
                server.address = host,
                failures,
                "error.type" = ?why,
                "endpoint taken out of service"
            );
            self.keep_probing();
        }
    }

    pub(crate) fn statuses(&self) -> Vec<EndpointStatus> {
        let status = |endpoint: &EndpointState| {
            let breaker = *lock(&endpoint.breaker);
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
            if lock(&endpoint.breaker).state == BreakerState::Closed {
                continue;
            }
            let mut prober = lock(&endpoint.prober);
            if prober.as_ref().is_none_or(AbortHandle::is_finished) {
                *prober = Some(self.probe_until_reached(at));
            }
        }
    }

    fn probe_until_reached(self: &Arc<Self>, endpoint: usize) -> AbortHandle {
        let pool = Arc::downgrade(self);
        let interval = self.failover.interval;
        let task = tokio::spawn(async move {
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
        });
        task.abort_handle()
    }

    fn begin_probe(
        &self,
        endpoint: usize,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        let mut breaker = self.breaker(endpoint);
        if breaker.state == BreakerState::Open {
            breaker.state = BreakerState::HalfOpen;
        }
        (self.probe)(self.authority(endpoint).clone())
    }

    fn probe_failed(&self, endpoint: usize, error: &Error) {
        let mut breaker = self.breaker(endpoint);
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.state == BreakerState::HalfOpen {
            breaker.state = BreakerState::Open;
        }
        let host = self.authority(endpoint).as_str();
        debug!(server.address = host, "error.type" = ?error.kind(), "endpoint still out of service");
    }

    fn breaker(&self, endpoint: usize) -> MutexGuard<'_, Breaker> {
        lock(&self.endpoints[endpoint].breaker)
    }
}

impl Drop for EndpointPool {
    fn drop(&mut self) {
        for endpoint in &self.endpoints {
            if let Some(prober) = lock(&endpoint.prober).take() {
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

/// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
