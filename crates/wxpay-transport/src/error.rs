//! The errors of a call.

mod tls;

use std::{
    error, fmt, io, iter,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, uri::Authority};
use hyper_util::client::legacy;

pub use tls::TlsErrorKind;
pub(crate) use tls::Uncheckable;

/// The error of a layer below, or of a request's body.
pub(crate) type BoxError = Box<dyn error::Error + Send + Sync>;
pub(crate) type CallResult = Result<Response<Bytes>, Error>;

/// The reason why a call has no response. A status such as 404 or 503 is a response, not an error.
///
/// ```
/// use wxpay_transport::{Error, ErrorKind, TlsErrorKind};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Tls(TlsErrorKind::UnknownIssuer) => "add the authority to the roots",
///         _ if error.is_retryable() => "try again later",
///         _ => "look at the source",
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    info: Option<CallInfo>,
    wait: Option<Wait>,
    source: Option<BoxError>,
}

/// The number of attempts of a call, and the endpoint of the last one. Every [`Error`] has it, and
/// every response as `response.extensions().get::<CallInfo>()`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallInfo {
    /// At least 1 in a response; 0 in an error if the call's time was over before its first
    /// attempt.
    pub attempts: u32,
    /// The server of the last attempt; before the first attempt, the server in the request's URI.
    pub endpoint: Authority,
}

/// The step that a timeout has ended, and its time; the connector returns it as its error.
#[derive(Debug, Clone, thiserror::Error)]
#[error("connecting took too long")]
pub(crate) struct Wait(pub(crate) Step, pub(crate) Duration);

/// The steps of a call, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Waiting for the back-off, for the rate or for a place.
    Turn,
    Resolve,
    Connect,
    ProxyConnect(Authority),
    ProxyTunnel(Authority),
    Handshake,
    Send(Sent),
    Response(Sent),
}

/// The bytes of the request that were sent, and its length.
type Sent = (u64, Option<u64>);

impl Error {
    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The call's attempts and endpoint; `None` if the request is wrong.
    #[must_use]
    pub fn info(&self) -> Option<&CallInfo> {
        self.0.info.as_ref()
    }

    /// Returns true if the same call may succeed later, without a change on this side.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connect | ErrorKind::Closed | ErrorKind::Timeout(_) => true,
            ErrorKind::Proxy(kind) => kind.is_transient(),
            _ => false,
        }
    }

    pub(crate) fn new(kind: ErrorKind, source: impl Into<Option<BoxError>>) -> Self {
        Self(Box::new(Inner {
            kind,
            info: None,
            wait: None,
            source: source.into(),
        }))
    }

    /// A timeout, with the error of an earlier attempt as its source.
    pub(crate) fn timeout(kind: TimeoutKind, wait: Wait, source: Option<BoxError>) -> Self {
        let mut error = Self::new(ErrorKind::Timeout(kind), source);
        error.0.wait = Some(wait);
        error
    }

    /// Adds the call's attempts and endpoint.
    pub(crate) fn after(mut self, info: CallInfo) -> Self {
        self.0.info = Some(info);
        self
    }

    /// An error of hyper's client, a connector or a response's body, with the kind of its cause;
    /// `otherwise` is the kind where the cause is not known.
    pub(crate) fn from_below(error: BoxError, otherwise: ErrorKind) -> Self {
        let below = error.as_ref();
        if let Some(wait) = find::<Wait>(below) {
            return Self::timeout(TimeoutKind::Connect, wait.clone(), None);
        }
        if let Some(failure) = find::<ProxyFailure>(below) {
            return Self::new(ErrorKind::Proxy(failure.kind), error);
        }
        if let Some(tls) = find::<rustls::Error>(below) {
            let kind = ErrorKind::Tls(TlsErrorKind::of(tls));
            // rustls would print our verifier's cause as a value of Rust.
            let cause = TlsErrorKind::uncheckable(tls).cloned();
            return Self::new(kind, cause.map_or(error, BoxError::from));
        }
        let is_connect = find::<legacy::Error>(below).is_some_and(legacy::Error::is_connect);
        let kind = match find::<hyper::Error>(below) {
            _ if is_connect => ErrorKind::Connect,
            None => otherwise,
            Some(error) => match find::<io::Error>(error).map(io::Error::kind) {
                _ if error.is_user() => ErrorKind::Body,
                _ if error.is_parse() => ErrorKind::Http,
                // hyper reports a malformed chunk as an I/O error.
                Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => ErrorKind::Http,
                // The system gave up: the peer acknowledges nothing. `explained` adds the step.
                Some(io::ErrorKind::TimedOut) => ErrorKind::Timeout(TimeoutKind::Stall),
                _ => ErrorKind::Closed,
            },
        };
        Self::new(kind, error)
    }

    /// Adds what hyper's errors lack: the TLS alert before a close, whether the client has an
    /// identity, and the step at which the system gave the connection up.
    pub(crate) fn explained(
        mut self,
        alert: Option<TlsErrorKind>,
        has_identity: bool,
        is_key_refused: bool,
        given_up: (TimeoutKind, Wait),
    ) -> Self {
        let inner = &mut *self.0;
        if let (ErrorKind::Closed, Some(alert)) = (inner.kind, alert) {
            inner.kind = ErrorKind::Tls(alert);
        }
        // The client sends no certificate if its key can make no signature that the server accepts.
        let is_key_refused = match inner.kind {
            ErrorKind::Tls(TlsErrorKind::CertificateRequired) => has_identity,
            // The alert of OpenSSL's servers under TLS 1.2.
            ErrorKind::Tls(TlsErrorKind::Incompatible) => is_key_refused,
            _ => false,
        };
        if is_key_refused {
            inner.kind = ErrorKind::Tls(TlsErrorKind::ClientKeyRefused);
        }
        if let (ErrorKind::Timeout(_), None) = (inner.kind, &inner.wait) {
            let (silence, wait) = given_up;
            (inner.kind, inner.wait) = (ErrorKind::Timeout(silence), Some(wait));
        }
        self
    }
}

/// For a service in place of a [`Transport`](crate::Transport), such as one for tests.
impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, None)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.info().map(|info| info.endpoint.as_str());
        let server = server.unwrap_or("the server");
        match self.0.kind {
            ErrorKind::Request => {
                f.write_str("the request's uri is not of the form https://host[:port]/path")
            }
            ErrorKind::Body => f.write_str("the request's body could not be sent whole"),
            ErrorKind::Connect => write!(f, "cannot connect to {server}"),
            ErrorKind::Tls(kind) => write!(f, "no secure connection to {server}: {kind}"),
            ErrorKind::Closed => {
                write!(
                    f,
                    "{server} closed the connection before its response was whole"
                )
            }
            ErrorKind::Proxy(kind) => {
                let source = self.0.source.as_deref();
                write!(f, "no tunnel to {server} through the proxy")?;
                match source.and_then(|it| find::<ProxyFailure>(it)) {
                    Some(it) => write!(f, " {}: {kind}{}", it.proxy, it.detail),
                    None => write!(f, ": {kind}"),
                }
            }
            ErrorKind::Timeout(kind) => match &self.0.wait {
                Some(wait) => wait.describe(f, kind, server),
                None => write!(f, "the call to {server} took too long"),
            },
            ErrorKind::ResponseTooLarge(limit) => {
                write!(f, "the response of {server} is longer than {limit} bytes")
            }
            ErrorKind::Http => write!(f, "the response of {server} breaks the rules of HTTP/1.1"),
        }
    }
}

impl Wait {
    /// Writes the server or proxy, the step, its time, and how much was sent.
    fn describe(&self, f: &mut fmt::Formatter<'_>, kind: TimeoutKind, server: &str) -> fmt::Result {
        // With at most three decimals: `30 s`, `0.5 s`.
        let seconds = (self.1.as_secs_f64() * 1000.0).round() / 1000.0;
        if kind == TimeoutKind::Total {
            write!(f, "the call took longer than {seconds} s, at last ")?;
        }
        match &self.0 {
            Step::Turn => write!(f, "waiting for a turn to call {server}"),
            Step::Resolve => write!(f, "resolving the name of {server}"),
            Step::Connect => write!(f, "connecting to {server}"),
            Step::ProxyConnect(it) => write!(f, "connecting to the proxy {it}"),
            Step::ProxyTunnel(it) => {
                write!(f, "waiting for the proxy {it} to give a tunnel to {server}")
            }
            Step::Handshake => write!(f, "the tls handshake with {server}"),
            Step::Send(_) => write!(f, "sending the request to {server}"),
            Step::Response(_) => write!(f, "waiting for the whole response of {server}"),
        }?;
        match kind {
            TimeoutKind::Total => {}
            TimeoutKind::Stall => write!(f, " stood still for {seconds} s")?,
            _ => write!(f, " took longer than {seconds} s")?,
        }
        if let Step::Send((sent, length)) | Step::Response((sent, length)) = self.0 {
            // The bytes of TLS are counted too.
            let sent = sent.min(length.unwrap_or(u64::MAX));
            let of = length.map(|length| format!(" of {length}"));
            write!(f, ", {sent}{} bytes were sent", of.unwrap_or_default())?;
        }
        Ok(())
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request's URI is not `https`, has no host, an invalid port, or a user name.
    Request,
    /// The request's body ended with an error of its own, which is the source.
    Body,
    /// No connection: the name does not resolve, nothing listens there, or the network is down.
    Connect,
    /// A connection, but not a secure one.
    Tls(TlsErrorKind),
    /// No tunnel through the proxy. The server has not seen the call.
    Proxy(ProxyErrorKind),
    /// The connection was closed or reset before the end of the response. The server may have acted
    /// on the request.
    Closed,
    /// A timeout. The server may have acted on the request, except for [`TimeoutKind::Connect`].
    Timeout(TimeoutKind),
    /// The response is longer than `max_response_bytes`, which has this value.
    ResponseTooLarge(usize),
    /// The response is not HTTP/1.1: the server is another one, or broken.
    Http,
}

/// The timeout that has passed; its setting has its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// `connect_timeout`: name, TCP, proxy and TLS handshake took too long.
    Connect,
    /// `stall_timeout`: the server accepted no byte of the request for too long.
    Stall,
    /// `response_timeout`: the response was not complete in time.
    Response,
    /// `timeout`: the call did not end in time.
    Total,
}

/// The reason why the proxy gave no tunnel to the server. In the messages, "it" is the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyErrorKind {
    /// The proxy itself cannot be connected to, or its name does not resolve.
    #[error("it cannot be reached: check its host and port")]
    Unreachable,
    /// It requires a user name and password, or others than were sent.
    #[error("it answered 407: check the user name and password for it")]
    AuthenticationRequired,
    /// It requires NTLM, Negotiate or another scheme that is not supported.
    #[error(
        "it answered 407 and takes no user name and password: put a local proxy in between that \
         speaks its authentication, such as cntlm or px"
    )]
    UnsupportedAuthentication,
    /// It answered with this status: 403 if its rules forbid the server; 502, 503 or 504 if it
    /// cannot reach the server at the moment.
    #[error("it answered {0}{after}", after = match .0 {
        403 => ": ask its administrator to allow this host and port",
        _ => " instead of a tunnel",
    })]
    Refused(u16),
    /// It closed before the end of its answer, or its answer is not HTTP: probably no proxy.
    #[error("it gave no whole answer in HTTP: check its host and port")]
    NoAnswer,
}

impl ProxyErrorKind {
    /// Returns true if the proxy may give a tunnel later.
    pub(crate) fn is_transient(self) -> bool {
        match self {
            Self::Unreachable | Self::NoAnswer => true,
            Self::Refused(status) => status >= 500,
            Self::AuthenticationRequired | Self::UnsupportedAuthentication => false,
        }
    }
}

/// The failure of a proxy; [`Error`] prints the same words, so that no cause is said twice.
#[derive(Debug, thiserror::Error)]
#[error("{kind}{detail}")]
pub(crate) struct ProxyFailure {
    pub(crate) proxy: Authority,
    pub(crate) kind: ProxyErrorKind,
    /// Printed behind the kind; most often empty.
    pub(crate) detail: String,
    pub(crate) source: Option<BoxError>,
}

/// The error of [`TransportBuilder::build`](crate::TransportBuilder::build), with the reason as its
/// source.
#[derive(Debug, thiserror::Error)]
#[error("the transport cannot be built")]
pub struct BuildError(#[source] pub(crate) BoxError);

/// The first error of type `T` along the sources. The source of an [`io::Error`] is the source of
/// the error that it wraps, so the wrapped error itself, such as rustls', is looked at too.
pub(crate) fn find<'a, T: error::Error + 'static>(error: &'a Cause) -> Option<&'a T> {
    let below = |error: &&'a Cause| -> Option<&'a Cause> {
        let io = error.downcast_ref::<io::Error>();
        let wrapped = io.and_then(io::Error::get_ref);
        wrapped.map(|it| it as _).or_else(|| error.source())
    };
    iter::successors(Some(error), below).find_map(|error| error.downcast_ref())
}

type Cause = dyn error::Error + 'static;

/// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
