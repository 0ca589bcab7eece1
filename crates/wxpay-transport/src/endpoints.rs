//! The servers that may stand in for one another, and when they are in service.

use std::{fmt, time::Duration};

use http::uri::Authority;

use crate::authority::{is_host_port, is_same};

/// Servers, as `host` or `host:port`, that may stand in for one another, in order of preference.
///
/// A call to one of them goes to the first that is in service, whichever its URI names. Give only
/// servers that do the same: a request that one of them has not answered may be answered by another.
///
/// ```
/// use wxpay_transport::{Endpoints, Transport};
///
/// let endpoints = Endpoints::new(["a.example".parse()?, "b.example:8443".parse()?])?;
/// let builder = Transport::builder().endpoints(endpoints);
/// # let _ = builder;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<Authority>);

impl Endpoints {
    /// The largest number of endpoints: more would leave each attempt no time.
    pub const LIMIT: usize = 8;

    /// The endpoints in this order; one that is named again counts once.
    ///
    /// # Errors
    ///
    /// [`EndpointsError`] when there is none, when there are more than [`LIMIT`](Self::LIMIT), or
    /// when one has a user name or a port that is no number.
    ///
    /// ```
    /// use wxpay_transport::{Endpoints, EndpointsError};
    ///
    /// assert_eq!(Endpoints::new([]), Err(EndpointsError::Empty));
    /// ```
    pub fn new(endpoints: impl IntoIterator<Item = Authority>) -> Result<Self, EndpointsError> {
        let mut list: Vec<Authority> = Vec::new();
        for endpoint in endpoints {
            if !is_host_port(&endpoint) {
                return Err(EndpointsError::NotHostAndPort);
            }
            if list.iter().all(|known| !is_same(known, &endpoint)) {
                list.push(endpoint);
            }
            if list.len() > Self::LIMIT {
                return Err(EndpointsError::TooMany);
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

/// Separated by commas.
impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Authority::as_str).collect();
        f.write_str(&names.join(","))
    }
}

/// The reason why a list is not one of [`Endpoints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointsError {
    /// No endpoint at all.
    #[error("no endpoint is given: at least one is needed")]
    Empty,
    /// More than [`Endpoints::LIMIT`].
    #[error("more than {} endpoints are given", Endpoints::LIMIT)]
    TooMany,
    /// Not of the form `host` or `host:port`.
    #[error("an endpoint is `host` or `host:port`, without a user name")]
    NotHostAndPort,
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
        (0..Endpoints::LIMIT).find(|&endpoint| self.contains(endpoint))
    }

    /// The first one with a place after this one.
    pub(crate) fn after(self, endpoint: usize) -> Option<usize> {
        (endpoint + 1..Endpoints::LIMIT).find(|&other| self.contains(other))
    }
}

/// When an endpoint is taken out of service, and how often it is probed until it comes back.
///
/// ```
/// use std::time::Duration;
/// use wxpay_transport::{Failover, Transport};
///
/// let failover = Failover::default().open_after(5).probe_every(Duration::from_secs(60));
/// let builder = Transport::builder().failover(failover);
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failover {
    pub(crate) threshold: u32,
    pub(crate) interval: Duration,
}

impl Failover {
    /// How many attempts in a row must fail to reach an endpoint before calls pass it by: 3 unless set,
    /// and 0 is read as 1.
    #[must_use]
    pub fn open_after(mut self, failures: u32) -> Self {
        self.threshold = failures.max(1);
        self
    }

    /// How long to wait before an endpoint out of service is probed, and between two probes; 30 s unless
    /// set. A probe connects, makes the TLS handshake and closes.
    ///
    /// Less than a second is read as one second: a server that is down is not to be hammered.
    #[must_use]
    pub fn probe_every(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            threshold: 3,
            interval: Duration::from_secs(30),
        }
    }
}
