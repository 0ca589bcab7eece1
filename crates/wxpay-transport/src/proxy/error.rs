//! Why there is no proxy, or no tunnel through it.

use http::uri::Authority;

use super::ProxyFault;
use crate::body::BoxError;

/// Why a URI does not describe a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// Not a URI, or one without a host, or with a port that is no number.
    // Without the URI itself, which may hold a password.
    #[error("the proxy's uri is not of the form http://host:port")]
    Uri,
    /// The user name or password holds `@`, `/`, `?`, `#` or `\\` as it is, so that the URI can be
    /// read in two ways.
    #[error(
        "the proxy's uri can be read in two ways: percent-encode the user name and the password in it"
    )]
    Ambiguous,
    /// A proxy that is spoken to over TLS (`https`) or SOCKS.
    #[error("the proxy's uri is not http: proxies over TLS or SOCKS are not supported")]
    Scheme,
}

/// Why a proxy gave no tunnel. Which proxy it was and what it did is said by the error above.
#[derive(Debug, thiserror::Error)]
#[error("no tunnel through the proxy")]
pub(crate) struct ProxyError {
    pub(crate) proxy: Authority,
    /// None when the deadline passed.
    pub(crate) fault: Option<ProxyFault>,
    pub(crate) source: BoxError,
}
