//! The errors of proxies: of their URIs, and of tunnels through them.

use std::error::Error;

use http::uri::Authority;

/// The reason why a URI does not describe a proxy. The URI itself, which may hold a password, is not
/// shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyUriError {
    /// Not a URI, or one without a host, or with a port that is no number.
    #[error("the proxy's uri is not of the form http://host:port")]
    Uri,
    /// The user name or password holds `@`, `/`, `?`, `#` or `\` as it is.
    #[error(
        "the proxy's uri can be read in two ways: percent-encode the user name and the password in it"
    )]
    Ambiguous,
    /// A proxy that is spoken to over TLS (`https`) or SOCKS.
    #[error("the proxy's uri is not http: proxies over TLS or SOCKS are not supported")]
    Scheme,
}

/// The proxy's doing in place of a tunnel to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyErrorKind {
    /// The proxy itself cannot be connected to, or its name does not resolve. The same call may succeed
    /// later.
    #[error("it cannot be reached: check its host and port")]
    Unreachable,
    /// It wants a user name and password, or another than was sent.
    #[error("it answered 407: check the user name and password for it")]
    AuthenticationRequired,
    /// It wants NTLM, Negotiate or the like, which are not supported.
    #[error(
        "it answered 407 and takes no user name and password: put a local proxy in between that \
         speaks its authentication, such as cntlm or px"
    )]
    UnsupportedAuthentication,
    /// It answered with another status than 200. With 403 its rules forbid the server; with 502, 503
    /// or 504 it cannot reach the server, and the same call may succeed later.
    #[error("it answered {status}{}", match status {
        403 => ": ask its administrator to allow this host and port",
        _ => " instead of a tunnel",
    })]
    Refused {
        /// The status of its answer.
        status: u16,
    },
    /// It hung up before its answer was whole, or its answer is not HTTP: probably no proxy.
    #[error("it gave no whole answer in HTTP: check its host and port")]
    NoAnswer,
}

impl ProxyErrorKind {
    /// Returns true if the proxy may give a tunnel later.
    pub(crate) fn is_transient(self) -> bool {
        match self {
            Self::Unreachable | Self::NoAnswer => true,
            Self::Refused { status } => status >= 500,
            Self::AuthenticationRequired | Self::UnsupportedAuthentication => false,
        }
    }
}

/// The failure of a proxy. The error above says which proxy it was and what it did.
#[derive(Debug, thiserror::Error)]
#[error("no tunnel through the proxy")]
pub(crate) struct ProxyFailure {
    pub(crate) proxy: Authority,
    pub(crate) kind: ProxyErrorKind,
    /// The authentication schemes that the proxy offers.
    pub(crate) detail: Option<String>,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
}
