//! What is known of a service's error: all of our transport's, nothing of another's.

use std::error::Error as StdError;

use tower::timeout::error::Elapsed;
use wxpay_transport::{self as transport, ProxyErrorKind, RetryAdvice, TimeoutKind, TlsErrorKind};

use crate::ErrorKind;

type Boxed = dyn StdError + Send + Sync;

pub(super) fn kind(error: &Boxed) -> ErrorKind {
    match transport_kind(error) {
        Some(
            transport::ErrorKind::Connect
            | transport::ErrorKind::Proxy(_)
            | transport::ErrorKind::Closed,
        ) => ErrorKind::Connect,
        Some(transport::ErrorKind::Tls(_)) => ErrorKind::Tls,
        Some(transport::ErrorKind::Timeout(_)) => ErrorKind::Timeout,
        Some(transport::ErrorKind::ResponseTooLarge { .. } | transport::ErrorKind::Http) => {
            ErrorKind::Http
        }
        _ => ErrorKind::Other,
    }
}

pub(super) fn advice(error: &Boxed) -> &'static str {
    match transport_kind(error) {
        Some(transport::ErrorKind::Connect) => {
            "check the endpoint's name and port, and that a firewall lets it through"
        }
        Some(transport::ErrorKind::Closed | transport::ErrorKind::Timeout(_)) => {
            "try again later, or with a longer timeout"
        }
        Some(transport::ErrorKind::Tls(fault)) => tls_advice(fault),
        Some(transport::ErrorKind::Proxy(ProxyErrorKind::AuthenticationRequired)) => {
            "check the user name and password for the proxy"
        }
        Some(transport::ErrorKind::Proxy(_)) => {
            "check the proxy's host and port, and that it lets this endpoint through"
        }
        Some(transport::ErrorKind::ResponseTooLarge { .. } | transport::ErrorKind::Http) => {
            "check the endpoint: this is not a reply of the gateway"
        }
        _ => "look at the error below it",
    }
}

fn tls_advice(fault: TlsErrorKind) -> &'static str {
    match fault {
        TlsErrorKind::UnknownIssuer => {
            "trust the server's authority only if you know why it is a private one; otherwise someone may be in between"
        }
        TlsErrorKind::BadSignature => {
            "find out who answers at this endpoint: it is not whom its certificate names"
        }
        TlsErrorKind::Expired | TlsErrorKind::NotYetValid => "check this machine's clock first",
        TlsErrorKind::WrongName => "check the endpoint's name: its certificate is for another one",
        TlsErrorKind::CertificateRequired | TlsErrorKind::CertificateRefused => {
            "send the merchant's own API certificate, and check that it has not expired"
        }
        TlsErrorKind::ClientKeyRefused => {
            "ask who runs the endpoint which keys it takes: it is not one of the gateway's own"
        }
        TlsErrorKind::WeakKey | TlsErrorKind::UnsupportedSignature => {
            "have the endpoint's certificate, or the authority's, issued anew with RSA of 2048 bits or ECDSA on P-256"
        }
        TlsErrorKind::NotTls | TlsErrorKind::Incompatible => {
            "check the endpoint's port, which must speak TLS 1.2 or 1.3, and that a certificate is sent"
        }
        _ => "check the endpoint, and whether a proxy answers in its place",
    }
}

/// Of a service that is not ours nothing is known, so nothing is promised.
pub(super) fn disposition(error: &Boxed) -> RetryAdvice {
    match find(error) {
        Some(Known::Transport(error)) => error.retry_advice(),
        Some(Known::Elapsed) => RetryAdvice::Retry,
        None => RetryAdvice::Refused,
    }
}

fn transport_kind(error: &Boxed) -> Option<transport::ErrorKind> {
    find(error).map(|known| match known {
        Known::Transport(error) => error.kind(),
        Known::Elapsed => transport::ErrorKind::Timeout(TimeoutKind::Total),
    })
}

enum Known<'a> {
    Transport(&'a transport::Error),
    /// The word of the layer that callers put around a transport most.
    Elapsed,
}

/// What the error is made of, however deep other layers have wrapped it.
fn find(error: &Boxed) -> Option<Known<'_>> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref() {
            return Some(Known::Transport(error));
        }
        if error.is::<Elapsed>() {
            return Some(Known::Elapsed);
        }
        next = error.source();
    }
    None
}

/// The way of a call that has no reply.
pub(crate) fn trip(error: &Boxed) -> Option<&transport::CallInfo> {
    match find(error)? {
        Known::Transport(error) => error.info(),
        Known::Elapsed => None,
    }
}
