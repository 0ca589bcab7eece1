//! The errors of a call.

mod tls;

use std::{error, fmt, io, iter, time::Duration};

use bytes::Bytes;
use http::{Response, uri::Authority};
use hyper_util::client::legacy;

pub use tls::TlsErrorKind;
pub(crate) use tls::Uncheckable;

/// The error that a layer below, or a caller's body, may end with.
pub(crate) type BoxError = Box<dyn error::Error + Send + Sync>;
pub(crate) type CallResult = Result<Response<Bytes>, Error>;

/// The reason why a call has no response, with a [`kind`](Self::kind) to decide by. A response with a
/// status such as 404 or 503 is a response, not an error.
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

/// How many attempts a call took, and which endpoint the last one went to. It is in an [`Error`], and in
/// every response, as `response.extensions().get::<CallInfo>()`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallInfo {
    /// At least 1 in a response; 0 in an error when the call's time was over before its first attempt.
    pub attempts: u32,
    /// The server that answered; in an error, the one of the last attempt, or of the first to come.
    pub endpoint: Authority,
}

/// The step that a timeout has ended; as an error, that of a connector.
#[derive(Debug, Clone, thiserror::Error)]
#[error("connecting took too long")]
pub(crate) struct Wait {
    pub(crate) step: Step,
    pub(crate) time: Duration,
    /// Of the request, in bytes.
    pub(crate) sent: u64,
    pub(crate) length: Option<u64>,
}

/// The steps of a call, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// For the rate, for a place, or for the back-off to be over.
    Turn,
    Resolve,
    Connect,
    ProxyConnect(Authority),
    ProxyTunnel(Authority),
    Handshake,
    Send,
    Response,
}

impl Error {
    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was attempted; `None` when the request is wrong.
    #[must_use]
    pub fn info(&self) -> Option<&CallInfo> {
        self.0.info.as_ref()
    }

    /// Whether the same call may succeed later, with nothing mended on this side.
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

    /// A timeout, with the failure of an earlier attempt.
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

    /// From hyper's client, a connector or a response's body: of the kind of a known cause, else the given one.
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
            Some(error) => of_hyper(error),
            None => otherwise,
        };
        Self::new(kind, error)
    }

    /// Adds what the connection and the client know: the TLS alert before a close (hyper drops that reason
    /// when it closes a connection), whether an identity could be sent, and what had been sent where the
    /// system has given the connection up.
    pub(crate) fn explained(
        mut self,
        alert: Option<TlsErrorKind>,
        has_identity: bool,
        wait: Wait,
    ) -> Self {
        let inner = &mut *self.0;
        if let (ErrorKind::Closed, Some(alert)) = (inner.kind, alert) {
            inner.kind = ErrorKind::Tls(alert);
        }
        // A client that has a certificate sent none: its key can make no signature that the server takes.
        if has_identity && inner.kind == ErrorKind::Tls(TlsErrorKind::CertificateRequired) {
            inner.kind = ErrorKind::Tls(TlsErrorKind::ClientKeyRefused);
        }
        if let ErrorKind::Timeout(_) = inner.kind {
            inner.wait.get_or_insert(wait);
        }
        self
    }
}

/// For a service of your own, and for tests of its caller.
impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, None)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind, info, wait, ..
        } = &*self.0;
        let server = info.as_ref().map(|info| info.endpoint.as_str());
        let server = server.unwrap_or("the server");
        match *kind {
            ErrorKind::Request => {
                f.write_str("the request's uri is not of the form https://host[:port]/path")
            }
            ErrorKind::Body => f.write_str("the request's body could not be sent whole"),
            ErrorKind::Connect => write!(f, "cannot connect to {server}"),
            ErrorKind::Tls(kind) => write!(f, "no secure connection to {server}: {kind}"),
            ErrorKind::Closed => {
                let when = "before its response was whole";
                write!(f, "{server} closed the connection {when}")
            }
            ErrorKind::Proxy(kind) => {
                let source = self.0.source.as_deref();
                let failure = source.and_then(|it| find::<ProxyFailure>(it));
                write!(f, "no tunnel to {server} through the proxy")?;
                match failure {
                    Some(it) => write!(f, " {}: {kind}{}", it.proxy, it.detail),
                    None => write!(f, ": {kind}"),
                }
            }
            ErrorKind::Timeout(kind) => match wait {
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
    /// A step in which nothing of the request is sent.
    pub(crate) fn new(step: Step, time: Duration) -> Self {
        let (sent, length) = (0, None);
        Self {
            step,
            time,
            sent,
            length,
        }
    }

    /// Says who was waited for, for what, how long, and how much had been sent.
    fn describe(&self, f: &mut fmt::Formatter<'_>, kind: TimeoutKind, server: &str) -> fmt::Result {
        // In thousandths, without zeros at the end: `30 s`, `0.5 s`.
        let seconds = (self.time.as_secs_f64() * 1000.0).round() / 1000.0;
        if kind == TimeoutKind::Total {
            write!(f, "the call took longer than {seconds} s, at last ")?;
        }
        match &self.step {
            Step::Turn => write!(f, "waiting for a turn to call {server}"),
            Step::Resolve => write!(f, "resolving the name of {server}"),
            Step::Connect => write!(f, "connecting to {server}"),
            Step::ProxyConnect(it) => write!(f, "connecting to the proxy {it}"),
            Step::ProxyTunnel(it) => {
                write!(f, "waiting for the proxy {it} to give a tunnel to {server}")
            }
            Step::Handshake => write!(f, "the tls handshake with {server}"),
            Step::Send => write!(f, "sending the request to {server}"),
            Step::Response => write!(f, "waiting for the whole response of {server}"),
        }?;
        match kind {
            TimeoutKind::Total => {}
            TimeoutKind::Stall => write!(f, " stood still for {seconds} s")?,
            _ => write!(f, " took longer than {seconds} s")?,
        }
        if let Step::Send | Step::Response = self.step {
            let sent = self.sent.min(self.length.unwrap_or(u64::MAX));
            let of = self.length.map(|length| format!(" of {length}"));
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

/// The kinds of failure that a caller may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request's URI is not `https`, has no host, a port that is no number, or a user name.
    Request,
    /// The request's body ended with an error of its own, given as the source.
    Body,
    /// No connection: the name does not resolve, nobody listens, or the network is down.
    Connect,
    /// A connection, but not a secure one.
    Tls(TlsErrorKind),
    /// No tunnel through the proxy. The server has not seen the call.
    Proxy(ProxyErrorKind),
    /// The connection was closed or reset before the whole response was there. Whether the server has
    /// acted on the request is unknown.
    Closed,
    /// A time was over. Except for [`TimeoutKind::Connect`], whether the server has acted on the request
    /// is unknown.
    Timeout(TimeoutKind),
    /// The response is longer than the bound that the caller set, in bytes.
    ResponseTooLarge(usize),
    /// The response is not HTTP/1.1: not the server that was meant, or a broken one.
    Http,
}

/// The timeout that is over; its setting says how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// `connect_timeout`: name, TCP, proxy and TLS handshake took too long.
    Connect,
    /// `stall_timeout`: nothing of the request was taken for too long.
    Stall,
    /// `response_timeout`: the response was not whole in time.
    Response,
    /// `timeout`: the call did not end in time.
    Total,
}

/// The proxy's doing in place of a tunnel to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyErrorKind {
    /// The proxy itself cannot be connected to, or its name does not resolve.
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
    #[error("it answered {0}{after}", after = match .0 {
        403 => ": ask its administrator to allow this host and port",
        _ => " instead of a tunnel",
    })]
    Refused(u16),
    /// It hung up before its answer was whole, or its answer is not HTTP: probably no proxy.
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

/// The failure of a proxy. The error above says which proxy it was and what it did.
#[derive(Debug, thiserror::Error)]
#[error("no tunnel through the proxy")]
pub(crate) struct ProxyFailure {
    pub(crate) proxy: Authority,
    pub(crate) kind: ProxyErrorKind,
    /// What it offers, to be put behind the kind; most often nothing.
    pub(crate) detail: String,
    pub(crate) source: Option<BoxError>,
}

/// The reason why a [`TransportBuilder`](crate::TransportBuilder) could not build; the source says it.
#[derive(Debug, thiserror::Error)]
#[error("the transport cannot be built")]
pub struct BuildError(#[source] pub(crate) BoxError);

fn of_hyper(error: &hyper::Error) -> ErrorKind {
    match find::<io::Error>(error).map(io::Error::kind) {
        _ if error.is_user() => ErrorKind::Body,
        _ if error.is_parse() => ErrorKind::Http,
        // hyper says of chunks that they cannot be read in an io error of its own making.
        Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => ErrorKind::Http,
        // From the system, for a peer that acknowledges nothing.
        Some(io::ErrorKind::TimedOut) => ErrorKind::Timeout(TimeoutKind::Stall),
        _ => ErrorKind::Closed,
    }
}

/// The first error of type `T` along the sources. An [`io::Error`] that wraps another one names *that*
/// one's source as its own, and so passes over the wrapped error itself, as rustls' are.
pub(crate) fn find<'a, T: error::Error + 'static>(error: &'a Cause) -> Option<&'a T> {
    let below = |error: &&'a Cause| -> Option<&'a Cause> {
        let io = error.downcast_ref::<io::Error>();
        match io.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    };
    iter::successors(Some(error), below).find_map(|error| error.downcast_ref())
}

type Cause = dyn error::Error + 'static;
