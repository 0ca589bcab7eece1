//! What can go wrong with a call.

mod build;
mod classify;
mod disposition;
mod tls;

use std::{error, fmt};

use http::uri::Authority;

use crate::{ProxyFault, Trip, body::BoxError};

pub use build::BuildError;
pub use disposition::Disposition;
pub(crate) use disposition::may_pass;
pub use tls::TlsFault;

/// Why a call has no reply: a [`kind`](Self::kind) to decide by, and its
/// [`source`](error::Error::source) for people.
///
/// A reply with a status such as 404 or 503 is a reply, not an error.
///
/// ```
/// use wxpay_transport::{Error, ErrorKind, TlsFault};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Tls(TlsFault::UnknownIssuer) => "add the proxy's authority to the roots",
///         ErrorKind::Connect | ErrorKind::Closed | ErrorKind::Timeout(_) => "try again later",
///         _ => "look at the source",
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    trip: Option<Trip>,
    source: Option<BoxError>,
}

impl Error {
    /// What kind of failure it is.
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::{ErrorKind, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Nobody listens there.
    /// let request = Request::get("https://127.0.0.1:1/").body(String::new())?;
    /// let error = Transport::builder().build()?.oneshot(request).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Connect);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// How many attempts were made: 0 when nothing was tried, because the request is wrong or the
    /// call had no time to begin.
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::Transport;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let transport = Transport::builder().retries(1).build()?;
    /// for (uri, attempts) in [("https://127.0.0.1:1/", 2), ("http://127.0.0.1:1/", 0)] {
    ///     let request = Request::get(uri).body(String::new())?;
    ///     let error = transport.clone().oneshot(request).await.unwrap_err();
    ///     assert_eq!(error.attempts(), attempts);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.trip.as_ref().map_or(0, Trip::attempts)
    }

    /// Where the last attempt went, or the first was to go; `None` when the request is wrong.
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use wxpay_transport::{Endpoints, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // Nobody listens at either.
    /// let endpoints = Endpoints::new(["127.0.0.1:1".parse()?, "127.0.0.1:2".parse()?])?;
    /// let transport = Transport::builder().endpoints(endpoints).retries(1).build()?;
    /// let request = Request::get("https://127.0.0.1:1/").body(String::new())?;
    /// let error = transport.oneshot(request).await.unwrap_err();
    /// assert!(error.endpoint().is_some_and(|last| last == "127.0.0.1:2"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn endpoint(&self) -> Option<&Authority> {
        self.trip.as_ref().map(Trip::endpoint)
    }

    /// Both; `None` when the request is wrong.
    ///
    /// ```
    /// use wxpay_transport::Error;
    ///
    /// fn log(error: &Error) {
    ///     match error.trip() {
    ///         None => println!("{error}"),
    ///         Some(trip) => println!("{error}, after {} attempts", trip.attempts()),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn trip(&self) -> Option<&Trip> {
        self.trip.as_ref()
    }

    pub(crate) fn timeout(deadline: Deadline) -> Self {
        ErrorKind::Timeout(deadline).into()
    }

    /// Adds what the call had tried.
    pub(crate) fn after(mut self, trip: Trip) -> Self {
        self.trip = Some(trip);
        self
    }

    /// Adds what lies behind it, where something does.
    pub(crate) fn caused_by(mut self, source: Option<Self>) -> Self {
        self.source = source.map(BoxError::from);
        self
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            trip: None,
            source: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.endpoint().map_or("the server", Authority::as_str);
        // It is the proxy that is to blame, and to be named.
        let proxy = self.source.as_deref().and_then(|it| classify::proxy(it));
        let proxy = proxy.map(|it| &it.proxy);
        match self.kind {
            ErrorKind::Request => {
                f.write_str("the request's uri is not of the form https://host[:port]/path")
            }
            ErrorKind::Body => f.write_str("the request's body could not be sent whole"),
            ErrorKind::Connect => write!(f, "cannot connect to {server}"),
            ErrorKind::Tls(fault) => write!(f, "no secure connection to {server}: {fault}"),
            ErrorKind::Closed => {
                write!(
                    f,
                    "{server} closed the connection before its reply was whole"
                )
            }
            ErrorKind::Proxy(fault) => {
                write!(f, "no way to {server} through the proxy")?;
                if let Some(proxy) = proxy {
                    write!(f, " {proxy}")?;
                }
                write!(f, ": {fault}")
            }
            ErrorKind::Timeout(Deadline::Connect) => match proxy {
                None => write!(f, "{server} let the deadline for connecting pass"),
                Some(proxy) => {
                    write!(
                        f,
                        "no way to {server} through the proxy {proxy} before the deadline"
                    )
                }
            },
            ErrorKind::Timeout(Deadline::Attempt | Deadline::Call) => {
                write!(f, "no whole reply from {server} before the deadline")
            }
            ErrorKind::ReplyTooLarge { limit } => {
                write!(f, "the reply of {server} is longer than {limit} bytes")
            }
            ErrorKind::Http => write!(f, "the reply of {server} breaks the rules of HTTP/1.1"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The kinds of failure that a caller may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request's URI is not `https`, has no host, a port that is no number, or a user name.
    /// Nothing was sent; mend the request.
    Request,
    /// The request's body ended with an error of its own, given as the source. The server has not
    /// seen a whole request; mend the body.
    Body,
    /// No connection: the name does not resolve, or nobody listens, or the network is down. Nothing
    /// was sent; the same call may succeed later.
    Connect,
    /// A connection, but not a secure one. The same call will fail again until one side's
    /// certificate or configuration is mended.
    Tls(TlsFault),
    /// No way through the proxy: its own doing, or its word that the server cannot be reached. The
    /// server has not seen the call.
    Proxy(ProxyFault),
    /// The connection was closed or reset before the whole reply was there. Whether the server has
    /// acted on the request is unknown.
    Closed,
    /// A deadline has passed. Except for [`Deadline::Connect`], whether the server has acted on the
    /// request is unknown.
    Timeout(Deadline),
    /// The reply is longer than the bound that the caller set.
    ReplyTooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The reply is not HTTP/1.1: not the server that was meant, or a broken one.
    Http,
}

/// Which of a transport's deadlines has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deadline {
    /// That for a connection, its TLS handshake included.
    Connect,
    /// That for one attempt.
    Attempt,
    /// That for the whole call.
    Call,
}
