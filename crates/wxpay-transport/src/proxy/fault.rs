//! What a proxy did instead of giving a tunnel.

use std::fmt;

/// What the proxy did instead of giving a tunnel to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyFault {
    /// The proxy itself cannot be connected to, or its name does not resolve. Check its host and
    /// port; the same call may succeed later.
    Unreachable,
    /// It answered 407: it wants a user name and password, or another than was sent.
    AuthenticationRequired,
    /// It answered with another status than 200. With 403 its rules forbid the server; with 502, 503
    /// or 504 it cannot reach the server, and the same call may succeed later.
    Refused {
        /// The status of its answer.
        status: u16,
    },
    /// It hung up before its answer was whole, or its answer is not HTTP: probably no proxy.
    NoAnswer,
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => {
                f.write_str("the proxy cannot be reached: check its host and port")
            }
            Self::AuthenticationRequired => {
                f.write_str("it answered 407: check the user name and password for it")
            }
            Self::Refused { status: 403 } => {
                f.write_str("it answered 403: ask whoever runs it to allow this host and port")
            }
            Self::Refused { status } => write!(f, "it answered {status} instead of a tunnel"),
            Self::NoAnswer => {
                f.write_str("it gave no whole answer in HTTP: check its host and port")
            }
        }
    }
}
