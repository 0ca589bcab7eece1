//! How an endpoint is, for people who watch.

use http::uri::Authority;

/// Whether an endpoint is in service: the state of its circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// In service.
    Closed,
    /// Out of service: calls pass it by, unless no endpoint is in service.
    Open,
    /// Out of service, and being probed just now.
    HalfOpen,
}

/// One endpoint as [`Transport::endpoints`](crate::Transport::endpoints) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    pub(super) authority: Authority,
    pub(super) state: BreakerState,
    pub(super) failures: u32,
}

impl EndpointStatus {
    /// The endpoint.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether it is in service.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// How many attempts and probes in a row have failed to reach it.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}
