//! All endpoints with their breakers, shared by the clones of a transport.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::uri::Authority;
use tokio::{task::AbortHandle, time::sleep};
use tracing::{debug, info, warn};

use super::{BreakerState, EndpointStatus, Endpoints, Failover, breaker::Breaker, is_same};
use crate::{Error, ErrorKind};

/// Tells whether an endpoint could be called, without a call.
pub(super) type Probe =
    Box<dyn Fn(Authority) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> + Send + Sync>;

/// Which endpoints are in service.
///
/// While one is out of service, a task of its own probes it. The task holds no transport alive: it
/// ends with the last clone.
pub(crate) struct Board {
    slots: Vec<Slot>,
    failover: Failover,
    probe: Probe,
}

struct Slot {
    authority: Authority,
    breaker: Mutex<Breaker>,
    /// The task that probes, while there is one.
    prober: Mutex<Option<AbortHandle>>,
}

impl Board {
    pub(crate) fn new(endpoints: Option<&Endpoints>, failover: Failover, probe: Probe) -> Self {
        let authorities = endpoints.into_iter().flat_map(Endpoints::iter);
        let slots = authorities.map(|authority| Slot {
            authority: authority.clone(),
            breaker: Mutex::new(Breaker::new()),
            prober: Mutex::new(None),
        });
        Self {
            slots: slots.collect(),
            failover,
            probe,
        }
    }

    /// Whether it is one of the endpoints.
    pub(crate) fn lists(&self, authority: &Authority) -> bool {
        self.slots
            .iter()
            .any(|slot| is_same(&slot.authority, authority))
    }

    pub(crate) fn authority(&self, endpoint: usize) -> &Authority {
        &self.slots[endpoint].authority
    }

    /// The endpoints that an attempt may go to, in order: those in service, or all where none is.
    pub(crate) fn in_service(self: &Arc<Self>) -> Vec<usize> {
        self.keep_probing();
        let all = 0..self.slots.len();
        let closed: Vec<_> = all
            .clone()
            .filter(|&at| self.breaker(at).state() == BreakerState::Closed)
            .collect();
        if closed.is_empty() {
            all.collect()
        } else {
            closed
        }
    }

    /// An attempt has reached the endpoint.
    pub(crate) fn reached(&self, endpoint: usize) {
        if self.breaker(endpoint).succeed() {
            self.back_in_service(endpoint);
        }
    }

    /// An attempt has not reached it. Where nothing can stand in for it, that changes nothing.
    pub(crate) fn missed(self: &Arc<Self>, endpoint: usize, why: ErrorKind) {
        if self.slots.len() < 2 {
            return;
        }
        let mut breaker = self.breaker(endpoint);
        if breaker.fail(self.failover.threshold) {
            let failures = breaker.failures();
            drop(breaker);
            let host = self.authority(endpoint).as_str();
            warn!(host, failures, ?why, "endpoint taken out of service");
            self.keep_probing();
        }
    }

    pub(crate) fn statuses(&self) -> Vec<EndpointStatus> {
        let status = |slot: &Slot| {
            let breaker = lock(&slot.breaker);
            EndpointStatus {
                authority: slot.authority.clone(),
                state: breaker.state(),
                failures: breaker.failures(),
            }
        };
        self.slots.iter().map(status).collect()
    }

    /// Starts the task for each endpoint out of service that has none: none yet, or none any more
    /// because the runtime that it ran on is gone.
    fn keep_probing(self: &Arc<Self>) {
        for (at, slot) in self.slots.iter().enumerate() {
            if lock(&slot.breaker).state() == BreakerState::Closed {
                continue;
            }
            let mut prober = lock(&slot.prober);
            if prober.as_ref().is_none_or(AbortHandle::is_finished) {
                *prober = Some(self.probe_until_reached(at));
            }
        }
    }

    fn probe_until_reached(self: &Arc<Self>, endpoint: usize) -> AbortHandle {
        let board = Arc::downgrade(self);
        let interval = self.failover.interval;
        let task = tokio::spawn(async move {
            loop {
                sleep(interval).await;
                let Some(probe) = board.upgrade().map(|board| board.begin_probe(endpoint)) else {
                    return;
                };
                let answer = probe.await;
                let Some(board) = board.upgrade() else {
                    return;
                };
                match answer {
                    Ok(()) => return board.reached(endpoint),
                    Err(error) => board.probe_failed(endpoint, &error),
                }
            }
        });
        task.abort_handle()
    }

    fn begin_probe(
        &self,
        endpoint: usize,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> {
        self.breaker(endpoint).probe();
        (self.probe)(self.authority(endpoint).clone())
    }

    fn probe_failed(&self, endpoint: usize, error: &Error) {
        self.breaker(endpoint).fail_probe();
        let host = self.authority(endpoint).as_str();
        debug!(host, kind = ?error.kind(), "endpoint still out of service");
    }

    fn back_in_service(&self, endpoint: usize) {
        info!(
            host = self.authority(endpoint).as_str(),
            "endpoint back in service"
        );
        if let Some(prober) = lock(&self.slots[endpoint].prober).take() {
            prober.abort();
        }
    }

    fn breaker(&self, endpoint: usize) -> MutexGuard<'_, Breaker> {
        lock(&self.slots[endpoint].breaker)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        for slot in &self.slots {
            if let Some(prober) = lock(&slot.prober).take() {
                prober.abort();
            }
        }
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.statuses()).finish()
    }
}

/// What is behind these locks is whole at any time, even if a panic has passed by.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
