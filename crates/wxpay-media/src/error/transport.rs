//! What our transport's errors mean for an upload.

use std::error::Error as _;

use wxpay_transport::{Disposition, Error, ErrorKind as Kind, ProxyFault, TlsFault};

use super::{Assessment, ErrorKind, FOREIGN, INTERCEPTED, RetryAdvice};
use crate::gateway::Reason;

pub(super) fn assess(error: &Error) -> Assessment {
    let (kind, advice) = match error.kind() {
        Kind::Connect => (
            ErrorKind::Connect,
            "check the endpoint's name and port, and that a firewall lets it through",
        ),
        Kind::Closed => (
            ErrorKind::Connect,
            "try again later, or with a longer timeout",
        ),
        Kind::Timeout(_) => (
            ErrorKind::Timeout,
            "try again later, or with a longer timeout",
        ),
        Kind::Proxy(ProxyFault::AuthenticationRequired) => (
            ErrorKind::Connect,
            "check the user name and password for the proxy",
        ),
        Kind::Proxy(_) => (
            ErrorKind::Connect,
            "check the proxy's host and port, and that it lets this endpoint through",
        ),
        Kind::ReplyTooLarge { .. } | Kind::Http => (ErrorKind::Http, FOREIGN),
        Kind::Tls(kind) => (ErrorKind::Tls, tls_advice(kind)),
        _ => (ErrorKind::Other, "look at the error below it"),
    };
    let retry_advice = match error.disposition() {
        Disposition::Again => RetryAdvice::Retry,
        Disposition::SlowDown => RetryAdvice::Throttle,
        Disposition::Stop => RetryAdvice::Stop,
        _ => RetryAdvice::Refused,
    };
    (kind, advice, retry_advice)
}

fn tls_advice(kind: TlsFault) -> &'static str {
    match kind {
        TlsFault::UnknownIssuer => {
            "trust the server's authority only if you know why it is a private one; otherwise someone may be in between"
        }
        TlsFault::BadSignature => {
            "find out who answers at this endpoint: it is not whom its certificate names"
        }
        TlsFault::Expired | TlsFault::NotYetValid => "check this machine's clock first",
        TlsFault::WrongName => "check the endpoint's name: its certificate is for another one",
        TlsFault::CertificateRequired | TlsFault::CertificateRefused => {
            Reason::Certificate.advice()
        }
        TlsFault::ClientKeyRefused => {
            "ask who runs the endpoint which keys it takes: it is not one of the gateway's own"
        }
        TlsFault::WeakKey | TlsFault::UnsupportedSignature => {
            "have the endpoint's certificate, or the authority's, issued anew with RSA of 2048 bits or ECDSA on P-256"
        }
        TlsFault::NotTls | TlsFault::Incompatible => {
            "check the endpoint's port, which must speak TLS 1.2 or 1.3, and that a certificate is sent"
        }
        _ => INTERCEPTED,
    }
}

impl super::Error {
    /// The error of our own transport, however deep other layers have wrapped it: its
    /// [kind](Error::kind), and the number of attempts.
    #[must_use]
    pub fn transport(&self) -> Option<&Error> {
        let mut next = self.source();
        if let Self::Service(error) = self {
            next = Some(error.as_ref());
        }
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}
