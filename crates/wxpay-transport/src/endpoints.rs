//! The servers that may stand in for one another.

mod board;
mod breaker;
mod failover;
mod status;

use std::fmt;

use http::uri::Authority;

pub(crate) use board::Board;
pub use failover::Failover;
pub use status::{BreakerState, EndpointStatus};

/// Servers, as `host` or `host:port`, that may stand in for one another, in order of preference.
///
/// A call to one of them goes to the first that is in service, whichever its URI names. Give only
/// servers that do the same: a request that one of them has answered with an error may be answered
/// by another.
///
/// ```
/// use wxpay_transport::{Endpoints, Transport};
///
/// let endpoints = Endpoints::new(["a.example".parse()?, "b.example:8443".parse()?])?;
/// assert_eq!(endpoints.primary(), "a.example");
/// let builder = Transport::builder().endpoints(endpoints);
/// # let _ = builder;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints(Vec<Authority>);

impl Endpoints {
    /// So many endpoints are taken at most: more would leave each attempt no time.
    pub const LIMIT: usize = 8;

    /// The endpoints in this order; one that is named again counts once.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoints`] when there is none, when there are more than [`LIMIT`](Self::LIMIT), or
    /// when one has a user name or a port that is no number.
    ///
    /// ```
    /// use wxpay_transport::{Endpoints, InvalidEndpoints};
    ///
    /// assert_eq!(Endpoints::new([]), Err(InvalidEndpoints::Empty));
    /// # Ok::<(), InvalidEndpoints>(())
    /// ```
    pub fn new(endpoints: impl IntoIterator<Item = Authority>) -> Result<Self, InvalidEndpoints> {
        let mut list: Vec<Authority> = Vec::new();
        for endpoint in endpoints {
            if !is_sound(&endpoint) {
                return Err(InvalidEndpoints::NotHostAndPort);
            }
            if list.iter().all(|known| !is_same(known, &endpoint)) {
                list.push(endpoint);
            }
            if list.len() > Self::LIMIT {
                return Err(InvalidEndpoints::TooMany);
            }
        }
        if list.is_empty() {
            return Err(InvalidEndpoints::Empty);
        }
        Ok(Self(list))
    }

    /// The one that calls go to while all is well.
    ///
    /// ```
    /// use http::Request;
    /// use wxpay_transport::Endpoints;
    ///
    /// let endpoints = Endpoints::new(["a.example".parse()?, "b.example".parse()?])?;
    /// let request = Request::get(format!("https://{}/", endpoints.primary())).body(())?;
    /// assert_eq!(request.uri(), "https://a.example/");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn primary(&self) -> &Authority {
        &self.0[0]
    }

    /// All of them, the primary first.
    ///
    /// ```
    /// use wxpay_transport::Endpoints;
    ///
    /// // 443 is the port anyway.
    /// let three = ["a.example".parse()?, "b.example".parse()?, "A.example:443".parse()?];
    /// let endpoints = Endpoints::new(three)?;
    /// assert!(endpoints.iter().eq(["a.example", "b.example"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Authority> {
        self.0.iter()
    }
}

/// Separated by commas.
impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, endpoint) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{endpoint}")?;
        }
        Ok(())
    }
}

/// Whether it is a host with or without a port, and nothing that would show in logs and errors, such
/// as a password.
pub(crate) fn is_sound(authority: &Authority) -> bool {
    let host = authority.host();
    let Some(rest) = authority.as_str().strip_prefix(host) else {
        return false;
    };
    let numbered = match rest.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok(),
        None => rest.is_empty(),
    };
    numbered && !host.is_empty()
}

/// Whether both lead to one place: 443 is the port of https where none is given.
fn is_same(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(443);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// Why a list is not one of [`Endpoints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoints {
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
