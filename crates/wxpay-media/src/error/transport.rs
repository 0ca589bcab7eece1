//! Advice for the errors of our transport.

use wxpay_transport::{Error, ErrorKind as Kind, ProxyErrorKind, TimeoutKind, TlsErrorKind};

use super::{Assessment, ErrorKind, FOREIGN, INTERCEPTED, LATER, RetryAdvice};
use crate::gateway::Reason;

pub(super) fn assess(error: &Error) -> Assessment {
    let (kind, advice) = match error.kind() {
        Kind::Connect => (
            ErrorKind::Connect,
            "check the endpoint's name and port, and that a firewall lets it through",
        ),
        Kind::Closed => (ErrorKind::Connect, LATER),
        Kind::Timeout(kind) => (ErrorKind::Timeout, timeout_advice(kind)),
        Kind::Proxy(kind) => (ErrorKind::Connect, proxy_advice(kind)),
        Kind::ResponseTooLarge(_) | Kind::Http => (ErrorKind::Http, FOREIGN),
        Kind::Tls(kind) => (ErrorKind::Tls, tls_advice(kind)),
        _ => (ErrorKind::Other, "look at the error below it"),
    };
    let retry_advice = match error.kind() {
        _ if error.is_retryable() => RetryAdvice::Retry,
        // These fail for every other upload, too.
        Kind::Tls(_) | Kind::Proxy(_) => RetryAdvice::Stop,
        _ => RetryAdvice::Refused,
    };
    (kind, advice, retry_advice)
}

fn timeout_advice(kind: TimeoutKind) -> &'static str {
    match kind {
        TimeoutKind::Connect => {
            "check name and port of the endpoint, or of the proxy, and that a firewall lets it through"
        }
        TimeoutKind::Stall => {
            "check the network, or try again later: the endpoint stopped taking the upload"
        }
        TimeoutKind::Response => LATER,
        _ => "try again later, or with a longer timeout",
    }
}

fn proxy_advice(kind: ProxyErrorKind) -> &'static str {
    match kind {
        ProxyErrorKind::AuthenticationRequired => {
            "check the user name and password for the proxy: `wxpay` takes them by --proxy-auth-file"
        }
        ProxyErrorKind::UnsupportedAuthentication => {
            "put a proxy of your own between, which takes Basic and signs in at that one"
        }
        _ => "check the proxy's host and port, and that it lets this endpoint through",
    }
}

fn tls_advice(kind: TlsErrorKind) -> &'static str {
    match kind {
        TlsErrorKind::UnknownIssuer => {
            "trust the server's authority only if you know why it is a private one; otherwise someone may be in between"
        }
        TlsErrorKind::BadSignature => {
            "find out who answers at this endpoint: it is not whom its certificate names"
        }
        TlsErrorKind::Expired | TlsErrorKind::NotYetValid => "check this machine's clock first",
        TlsErrorKind::WrongName => "check the endpoint's name: its certificate is for another one",
        TlsErrorKind::CertificateRequired | TlsErrorKind::CertificateRefused => {
            Reason::Certificate.advice()
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
        TlsErrorKind::ServerCertificate => {
            "have a certificate for servers issued for the endpoint; if it is not yours, find out who answers there"
        }
        TlsErrorKind::NoRoots => {
            "install this machine's certificate authorities, the package ca-certificates, or name others"
        }
        _ => INTERCEPTED,
    }
}
