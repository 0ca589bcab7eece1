//! From the errors of the layers below to a kind.

use std::{error::Error as StdError, io};

use http_body_util::LengthLimitError;
use tower::timeout::error::Elapsed;

use super::{Deadline, Error, ErrorKind, TlsFault};
use crate::{body::BoxError, connector::Verdict, proxy::ProxyError};

impl Error {
    /// From what hyper's client says.
    pub(crate) fn from_client(error: hyper_util::client::legacy::Error) -> Self {
        let connecting = error.is_connect();
        let kind = below(&error)
            .or(connecting.then_some(ErrorKind::Connect))
            .or_else(|| find::<hyper::Error>(&error).map(of_hyper))
            .unwrap_or(ErrorKind::Http);
        Self {
            kind,
            trip: None,
            source: Some(in_words(error.into())),
        }
    }

    /// From what the connector alone says.
    pub(crate) fn from_connector(error: BoxError) -> Self {
        let kind = below(error.as_ref()).unwrap_or(ErrorKind::Connect);
        Self {
            kind,
            trip: None,
            source: Some(in_words(error)),
        }
    }

    /// The same, with what the connection's TLS has said, where that tells more.
    pub(crate) fn because(mut self, verdict: Option<Verdict>) -> Self {
        if let (ErrorKind::Closed, Some(fault)) = (self.kind, verdict.and_then(|it| it.fault())) {
            self.kind = ErrorKind::Tls(fault);
        }
        self
    }

    /// The same where a client certificate was there to be sent: none was, as its key can make no
    /// signature that the server takes.
    pub(crate) fn with_identity(mut self) -> Self {
        if self.kind == ErrorKind::Tls(TlsFault::CertificateRequired) {
            self.kind = ErrorKind::Tls(TlsFault::ClientKeyRefused);
        }
        self
    }

    /// From what reading the reply's body says.
    pub(crate) fn from_reply(error: BoxError, limit: usize) -> Self {
        if error.is::<LengthLimitError>() {
            return ErrorKind::ReplyTooLarge { limit }.into();
        }
        let kind = tls(error.as_ref())
            .or_else(|| find::<hyper::Error>(error.as_ref()).map(of_hyper))
            .unwrap_or(ErrorKind::Closed);
        Self {
            kind,
            trip: None,
            source: Some(error),
        }
    }

    /// That nobody can be trusted, as the machine's store holds or gives no authority.
    #[cfg(feature = "native-roots")]
    pub(crate) fn no_roots(source: BoxError) -> Self {
        Self {
            kind: ErrorKind::Tls(TlsFault::NoRoots),
            trip: None,
            source: Some(source),
        }
    }
}

impl TlsFault {
    /// What TLS said, if it is TLS' error.
    pub(crate) fn within(error: &(dyn StdError + 'static)) -> Option<Self> {
        find::<rustls::Error>(error).map(Self::of)
    }
}

/// What the layers beneath HTTP said, each in its own words.
fn below(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    proxy(error)
        .and_then(|proxy| proxy.fault)
        .map(ErrorKind::Proxy)
        .or_else(|| tls(error))
        // The only timeout beneath the client is the connector's.
        .or_else(|| find::<Elapsed>(error).map(|_| ErrorKind::Timeout(Deadline::Connect)))
}

/// The proxy that is to blame, if it is.
pub(super) fn proxy<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a ProxyError> {
    find(error)
}

/// The cause itself where it is one of our verifier's: rustls would print it as a value of Rust.
fn in_words(error: BoxError) -> BoxError {
    let uncheckable = find::<rustls::Error>(error.as_ref()).and_then(TlsFault::uncheckable);
    match uncheckable.cloned() {
        Some(cause) => cause.into(),
        None => error,
    }
}

fn tls(error: &(dyn StdError + 'static)) -> Option<ErrorKind> {
    TlsFault::within(error).map(ErrorKind::Tls)
}

fn of_hyper(error: &hyper::Error) -> ErrorKind {
    if error.is_user() {
        ErrorKind::Body
    } else if error.is_parse() || breaks_chunks(error) {
        ErrorKind::Http
    } else {
        ErrorKind::Closed
    }
}

/// hyper says of chunks that they cannot be read in an io error of its own making.
fn breaks_chunks(error: &hyper::Error) -> bool {
    find::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        )
    })
}

/// The first error of type `T` along the sources.
///
/// An [`io::Error`] that wraps another one names *that* one's source as its own, and so passes over
/// the wrapped error itself, which is where rustls' errors are.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
