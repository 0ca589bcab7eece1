//! Servers that may stand in for one another, each with a circuit breaker.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use tokio::{task::AbortHandle, time::sleep};
use tower::{ServiceExt, util::BoxCloneSyncService};
use tracing::{debug, info, warn};

use crate::error::{Error, ErrorKind, lock};

/// Servers, as `host` or `host:port`, that may stand in for one another, in order of preference.
///
/// A call to any of them goes to the first one in service. They must be interchangeable: a request
/// that has got no response from one of them may be sent to another.
///
/// ```
/// use wxpay_transport::{Endpoints, EndpointsError, Transport};
///
/// let endpoints = Endpoints::new(["a.example".parse()?, "b.example:8443".parse()?])?;
/// let _builder = Transport::builder().endpoints(endpoints);
/// assert_eq!(Endpoints::new([]), Err(EndpointsError::Empty));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<Authority>);

impl Endpoints {
    /// The endpoints in this order; a repeated one counts once.
    ///
    /// # Errors
    ///
    /// [`EndpointsError`] when there is none, or when one has a user name or an invalid port.
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

    /// The first endpoint: calls go there while it is in service.
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
    /// The list is empty.
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
    /// False while its circuit breaker is open: calls then go there only when no other endpoint is
    /// left.
    pub is_in_service: bool,
    /// The number of attempts and probes in a row that have failed to reach it.
    pub failures: u32,
}

/// The endpoints, shared by the clones of a transport, each with a circuit breaker.
pub(crate) struct EndpointPool {
    pub(crate) endpoints: Vec<Authority>,
    pub(crate) breakers: Mutex<Vec<Breaker>>,
    /// The number of failures in a row that open a breaker.
    pub(crate) threshold: u32,
    pub(crate) probe_interval: Duration,
    /// Connects to an endpoint and closes the connection.
    pub(crate) probe: BoxCloneSyncService<Authority, (), Error>,
}

#[derive(Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// The task that probes, while the breaker is open.
    prober: Option<AbortHandle>,
}

impl EndpointPool {
    /// All endpoints if this is one of them, or else none.
    pub(crate) fn candidates(&self, authority: &Authority) -> BTreeSet<usize> {
        let is_one = self.endpoints.iter().any(|it| is_same(it, authority));
        (0..self.endpoints.len()).filter(|_| is_one).collect()
    }

    /// The endpoints in service.
    pub(crate) fn in_service(self: &Arc<Self>) -> BTreeSet<usize> {
        let mut breakers = lock(&self.breakers);
        let is_in_service = |endpoint: &usize| {
            let prober = &mut breakers[*endpoint].prober;
            // A prober ends with the runtime that it was started on.
            if prober.as_ref().is_some_and(AbortHandle::is_finished) {
                *prober = Some(self.start_prober(*endpoint));
            }
            prober.is_none()
        };
        (0..self.endpoints.len()).filter(is_in_service).collect()
    }

    /// Records that an attempt or a probe has reached the endpoint.
    pub(crate) fn record_success(&self, endpoint: usize) {
        let breaker = &mut lock(&self.breakers)[endpoint];
        breaker.failures = 0;
        if let Some(prober) = breaker.prober.take() {
            let host = self.endpoints[endpoint].as_str();
            info!(server.address = host, "endpoint back in service");
            prober.abort();
        }
    }

    /// Records that an attempt has not reached the endpoint. A single endpoint stays in service.
    pub(crate) fn record_failure(self: &Arc<Self>, endpoint: usize, why: ErrorKind) {
        if self.endpoints.len() < 2 {
            return;
        }
        let breaker = &mut lock(&self.breakers)[endpoint];
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
        let breakers = lock(&self.breakers);
        self.endpoints.iter().zip(&*breakers).map(status).collect()
    }

    /// Probes an endpoint until it is reached, or until the pool is dropped.
    fn start_prober(self: &Arc<Self>, endpoint: usize) -> AbortHandle {
        let (weak, interval) = (Arc::downgrade(self), self.probe_interval);
        let prober = async move {
            loop {
                sleep(interval).await;
                let probe = |it: Arc<Self>| (it.probe.clone(), it.endpoints[endpoint].clone());
                let (probe, server) = weak.upgrade().map(probe)?;
                let result = probe.oneshot(server).await;
                let pool = weak.upgrade()?;
                let Err(error) = result else {
                    pool.record_success(endpoint);
                    return Some(());
                };
                let breaker = &mut lock(&pool.breakers)[endpoint];
                breaker.failures = breaker.failures.saturating_add(1);
                let (host, why) = (pool.endpoints[endpoint].as_str(), error.kind());
                debug!(server.address = host, "error.type" = ?why, "endpoint still out of service");
            }
        };
        tokio::spawn(prober).abort_handle()
    }
}

impl Drop for EndpointPool {
    fn drop(&mut self) {
        let breakers = lock(&self.breakers);
        let probers = breakers.iter().filter_map(|it| it.prober.as_ref());
        probers.for_each(AbortHandle::abort);
    }
}

const HTTPS: u16 = 443;

/// Returns true for `host` and `host:port`, without a user name.
pub(crate) fn is_host_port(authority: &Authority) -> bool {
    let host = authority.host();
    let rest = authority.as_str().strip_prefix(host);
    let is_number = |port: &str| port.parse::<u16>().is_ok();
    let is_port = |rest: &str| rest.is_empty() || rest.strip_prefix(':').is_some_and(is_number);
    !host.is_empty() && rest.is_some_and(is_port)
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

/// The address of a server as a URI.
pub(crate) fn uri(scheme: &str, authority: &Authority) -> Uri {
    let uri = format!("{scheme}://{authority}/");
    uri.parse().expect("scheme, authority and path make a uri")
}
