//! Failed uploads, with advice.

use std::{borrow::Cow, error::Error as StdError, iter};

use http::StatusCode;
use http_body_util::LengthLimitError;
use tower::timeout::error::Elapsed;
use wxpay_sign::VerifyError;

use crate::{
    gateway::{GatewayError, Reason, RetryAdvice},
    image::ImageError,
};

#[cfg(feature = "transport")]
mod transport;

/// A failed upload: before the picture was sent, on the way, or in the response.
///
/// It has a [`kind`](Self::kind) for programs, [`advice`](Self::advice) for people, and
/// [`retry_advice`](Self::retry_advice) for queues. It holds no API key, picture or right
/// signature.
///
/// ```
/// use wxpay_media::{Error, ErrorKind, Image, RetryAdvice};
///
/// let error = Error::from(Image::from_bytes("licence.jpg", "not a picture").unwrap_err());
/// assert_eq!(error.kind(), ErrorKind::Image);
/// assert_eq!(error.retry_advice(), RetryAdvice::Refused); // this one, but others may pass
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The picture was not sent, because the gateway would refuse it.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The service gave no response. [`transport`](Self::transport) finds our transport's error.
    #[error(transparent)]
    Service(Box<dyn StdError + Send + Sync>),
    /// A page that says that the client certificate is missing or was refused.
    #[error("the gateway did not accept the client certificate, says its page: {excerpt}")]
    #[non_exhaustive]
    Certificate {
        /// The page's first words.
        excerpt: String,
    },
    /// Another page, of the gateway's web server or of a server in between.
    #[error(
        "a page with HTTP status {} came instead of a response{}: {excerpt}",
        status.as_u16(),
        location.iter().map(|to| format!(", a redirect to {to}")).collect::<String>()
    )]
    #[non_exhaustive]
    Page {
        /// The HTTP status.
        status: StatusCode,
        /// The page's first words.
        excerpt: String,
        /// The target of a redirect, which is not followed.
        location: Option<String>,
    },
    /// The response is not the API's flat XML.
    #[error("the response is not the gateway's flat xml, it begins with: {excerpt}")]
    #[non_exhaustive]
    Xml {
        /// The response's first words.
        excerpt: String,
        /// The first fault in it, with its position.
        source: wxpay_xml::Error,
    },
    /// The response is flat XML, but not one of this API.
    #[error("the response has no `{field}` as the API documents it, it begins with: {excerpt}")]
    #[non_exhaustive]
    Undocumented {
        /// The field that is missing or has an unknown value.
        field: &'static str,
        /// The response's first words.
        excerpt: String,
    },
    /// The response reports a success that is not signed by the gateway, and may be forged.
    #[error("the response's signature does not hold, so its success is not believed")]
    Signature(#[source] VerifyError),
    /// A value of a signed success holds `&NAME=`, so other fields would have the same signature.
    #[error(
        "the value of `{field}` reads as another field, so the signature does not tell what the gateway has signed"
    )]
    #[non_exhaustive]
    Ambiguous {
        /// The field with that value.
        field: String,
    },
    /// The gateway refused.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

/// The kind of an error, and advice for people and for a queue.
type Assessment = (ErrorKind, &'static str, RetryAdvice);

const FOREIGN: &str = "check the endpoint: this is not a response of the gateway";
const INTERCEPTED: &str = "check the endpoint, and whether a proxy answers in its place";
const REDIRECTED: &str =
    "check the endpoint: a gateway does not redirect, and no redirect is followed";
const LATER: &str = "try again later";
const WRONG_KEY: &str =
    "check the API v2 key; if it is right, do not trust what answers at this endpoint";
const DISTRUST: &str = "do not trust what answers at this endpoint";

impl Error {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.assess().0
    }

    /// Advice for people, in a few words.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.assess().1
    }

    /// Advice for a queue that repeats on its own, about the picture and about all others.
    #[must_use]
    pub fn retry_advice(&self) -> RetryAdvice {
        self.assess().2
    }

    /// Whether the same call may succeed later. A repeated upload only yields another media id.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let advice = self.retry_advice();
        matches!(advice, RetryAdvice::Retry | RetryAdvice::Throttle)
    }

    /// The gateway's `err_code`, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Gateway(error) => error.code(),
            _ => None,
        }
    }

    /// The kind and the advice of each error.
    fn assess(&self) -> Assessment {
        use ErrorKind::{Gateway, Http, Image, Signature, Tls, Xml};
        use RetryAdvice::{Refused, Retry, Stop, Throttle};
        match self {
            Self::Image(error) => (Image, error.advice(), Refused),
            Self::Service(error) => assess_service(error.as_ref()),
            Self::Certificate { .. } => (Tls, Reason::Certificate.advice(), Stop),
            Self::Page {
                status, location, ..
            } => match status.as_u16() {
                429 => (Http, LATER, Throttle),
                500..600 => (Http, LATER, Retry),
                _ if location.is_some() => (Http, REDIRECTED, Refused),
                _ => (Http, INTERCEPTED, Refused),
            },
            Self::Xml { .. } | Self::Undocumented { .. } => (Xml, FOREIGN, Refused),
            Self::Signature(_) => (Signature, WRONG_KEY, Stop),
            Self::Ambiguous { .. } => (Signature, DISTRUST, Stop),
            Self::Gateway(error) => (Gateway, error.advice(), error.retry_advice()),
        }
    }

    /// The error of our own transport, also within errors of other layers: its
    /// [kind](wxpay_transport::Error::kind), and the number of attempts.
    #[cfg(feature = "transport")]
    #[must_use]
    pub fn transport(&self) -> Option<&wxpay_transport::Error> {
        match self {
            Self::Service(error) => find(error.as_ref()),
            _ => None,
        }
    }
}

/// The first error of this type among the error and its sources: layers wrap the errors of a
/// service.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref())
}

/// Errors of services that are not ours are mostly unknown, and not retried.
fn assess_service(error: &(dyn StdError + 'static)) -> Assessment {
    #[cfg(feature = "transport")]
    if let Some(error) = find(error) {
        return transport::assess(error);
    }
    // The most frequent layer of callers.
    if find::<Elapsed>(error).is_some() {
        let advice = "try again later, or with a longer timeout";
        return (ErrorKind::Timeout, advice, RetryAdvice::Retry);
    }
    if find::<LengthLimitError>(error).is_some() {
        return (ErrorKind::Http, FOREIGN, RetryAdvice::Refused);
    }
    let advice = "look at the error below it";
    (ErrorKind::Other, advice, RetryAdvice::Refused)
}

/// An error for another program, as `wxpay` prints it in JSON; serializable with the feature
/// `serde`.
///
/// ```
/// use wxpay_media::{Error, ErrorReport, Image};
///
/// let error = Error::from(Image::from_bytes("licence.jpg", "").unwrap_err());
/// let report = ErrorReport::from(&error);
/// assert_eq!((&*report.kind, &*report.message), ("image", "the picture is empty"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ErrorReport {
    /// The kind of failure: the word of an [`ErrorKind`], or a program's own.
    pub kind: Cow<'static, str>,
    /// The gateway's `err_code`, if it gave one.
    pub code: Option<String>,
    /// The error with its root cause.
    pub message: String,
    /// Advice for people.
    pub advice: Cow<'static, str>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

impl From<&Error> for ErrorReport {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind().as_str().into(),
            code: error.code().map(str::to_owned),
            message: with_root_cause(error),
            advice: error.advice().into(),
            retryable: error.is_retryable(),
        }
    }
}

/// An error with its root cause, without the errors between, which repeat it.
fn with_root_cause(error: &(dyn StdError + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    let root = causes.last().unwrap_or(error).to_string();
    match error.to_string() {
        top if top.contains(&root) => top,
        top => format!("{top}: {root}"),
    }
}

/// The kinds of failure, as the program `wxpay` prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `image`: the picture was not sent.
    Image,
    /// `connect`: no connection, or it was cut.
    Connect,
    /// `tls`: a certificate of either side is wrong, or the server does not speak TLS.
    Tls,
    /// `timeout`: a deadline has passed.
    Timeout,
    /// `http`: a page in place of a response, a response over the limit, or no HTTP.
    Http,
    /// `xml`: the response is not the gateway's document.
    Xml,
    /// `signature`: a success without a valid signature.
    Signature,
    /// `gateway`: the gateway refused.
    Gateway,
    /// `other`: a failure of the caller's own service.
    Other,
}

impl ErrorKind {
    /// The kind in one lower-case word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Http => "http",
            Self::Xml => "xml",
            Self::Signature => "signature",
            Self::Gateway => "gateway",
            Self::Other => "other",
        }
    }
}
