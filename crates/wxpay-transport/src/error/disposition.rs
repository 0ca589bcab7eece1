//! What a caller may do with an error.

use super::{Error, ErrorKind};
use crate::ProxyFault;

/// What a queue that repeats on its own may do with a call that has failed.
///
/// Such a caller switches the transport's own loop off, by
/// [`Builder::retries`](crate::Builder::retries) of 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disposition {
    /// Put it back: the same call may succeed, after a while.
    Again,
    /// Put it back, and send everything else more slowly, too.
    SlowDown,
    /// Take it out: the same call fails again, but others may succeed.
    Refused,
    /// Stop everything: something about this client, its server or the way between them is wrong,
    /// and every other call fails as this one did until a person has mended it.
    Stop,
}

impl Error {
    /// What a queue may do with the call.
    ///
    /// ```
    /// use wxpay_transport::{Disposition, Error};
    ///
    /// fn goes_back_into_the_queue(error: &Error) -> bool {
    ///     matches!(error.disposition(), Disposition::Again | Disposition::SlowDown)
    /// }
    /// ```
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self.kind {
            ErrorKind::Connect | ErrorKind::Closed | ErrorKind::Timeout(_) => Disposition::Again,
            ErrorKind::Proxy(fault) if may_pass(fault) => Disposition::Again,
            ErrorKind::Proxy(_) | ErrorKind::Tls(_) => Disposition::Stop,
            _ => Disposition::Refused,
        }
    }
}

/// Whether the proxy may give a tunnel later.
pub(crate) fn may_pass(fault: ProxyFault) -> bool {
    match fault {
        ProxyFault::Unreachable | ProxyFault::NoAnswer => true,
        ProxyFault::Refused { status } => status >= 500,
        ProxyFault::AuthenticationRequired => false,
    }
}
