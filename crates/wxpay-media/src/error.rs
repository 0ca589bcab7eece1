//! Why an upload failed.

mod service;

use std::{error::Error as StdError, fmt};

use http::StatusCode;
use wxpay_sign::VerifyError;
use wxpay_transport::{CallInfo, RetryAdvice, RetryClass};

use crate::{ErrorCode, GatewayError, ImageError};

/// Why a picture has no media id: before it was sent, on the way, or in the reply.
///
/// Every variant has a [`kind`](Self::kind) for programs, an [`advice`](Self::advice) for people,
/// and says whether the same call [may succeed later](Self::is_retryable). None ever holds the
/// API key, the picture, or the signature that would have been right.
///
/// ```
/// use wxpay_media::{Error, ErrorKind, Image};
///
/// let error = Error::from(Image::from_bytes("licence.jpg", "not a picture").unwrap_err());
/// assert_eq!(error.kind(), ErrorKind::Image);
/// assert!(!error.is_retryable());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The picture was not sent, because the gateway would refuse it.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The service below has no reply: for a [`Transport`](crate::Transport) its own error, to be
    /// had by downcasting.
    #[error(transparent)]
    Service(Box<dyn StdError + Send + Sync>),
    /// A page that says that the client certificate is missing or was refused.
    #[error("the gateway did not accept the client certificate, says its page: {excerpt}")]
    #[non_exhaustive]
    Certificate {
        /// The page's first words.
        excerpt: String,
    },
    /// Another page: of the gateway's web server, or of something in between.
    #[error("a page with HTTP status {} came instead of a reply{}: {excerpt}", status.as_u16(), Redirect(location))]
    #[non_exhaustive]
    Page {
        /// The HTTP status.
        status: StatusCode,
        /// The page's first words.
        excerpt: String,
        /// Where a redirect leads to. It is not followed.
        location: Option<String>,
    },
    /// The reply is not the API's flat XML.
    #[error("the reply is not the gateway's flat xml, it begins with: {excerpt}")]
    #[non_exhaustive]
    Xml {
        /// The reply's first words.
        excerpt: String,
        /// What is wrong with it, and where.
        source: wxpay_xml::Error,
    },
    /// The reply is flat XML, but not a reply of this API.
    #[error("the reply has no `{field}` as the API documents it, it begins with: {excerpt}")]
    #[non_exhaustive]
    Undocumented {
        /// The field that is missing or has an unknown value.
        field: &'static str,
        /// The reply's first words.
        excerpt: String,
    },
    /// The reply reports a success that the gateway has not signed. It may be forged.
    #[error("the reply's signature does not hold, so its success is not believed")]
    Signature(#[source] VerifyError),
    /// A value of a signed success holds `&NAME=`, so that other fields have the same signature.
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

impl Error {
    /// What kind of failure it is.
    ///
    /// ```
    /// use wxpay_media::{Error, ErrorKind, Image};
    ///
    /// let error = Error::from(Image::from_bytes("licence.jpg", "").unwrap_err());
    /// assert_eq!(error.kind(), ErrorKind::Image);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Image(_) => ErrorKind::Image,
            Self::Service(error) => service::kind(error.as_ref()),
            Self::Certificate { .. } => ErrorKind::Tls,
            Self::Page { .. } => ErrorKind::Http,
            Self::Xml { .. } | Self::Undocumented { .. } => ErrorKind::Xml,
            Self::Signature(_) | Self::Ambiguous { .. } => ErrorKind::Signature,
            Self::Gateway(_) => ErrorKind::Gateway,
        }
    }

    /// The gateway's `err_code`, where it gave one.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, ErrorCode, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let xml = b"<xml><return_code>FAIL</return_code><err_code>SIGNERROR</err_code></xml>";
    /// let error = reply::media_id(&merchant, &Response::new(xml)).unwrap_err();
    /// assert_eq!(error.code(), Some(&ErrorCode::SignError));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Gateway(error) => error.code(),
            _ => None,
        }
    }

    /// What to do about it, in a few words.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let page = b"<html><title>502 Bad Gateway</title></html>";
    /// let error = reply::media_id(&merchant, &Response::builder().status(502).body(page)?).unwrap_err();
    /// assert_eq!(error.advice(), "try again later");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Image(error) => error.advice(),
            Self::Service(error) => service::advice(error.as_ref()),
            Self::Certificate { .. } => {
                "send the merchant's own API certificate, and check that it has not expired"
            }
            Self::Page { .. } if self.is_retryable() => "try again later",
            Self::Page {
                location: Some(_), ..
            } => "check the endpoint: a gateway does not redirect, and no redirect is followed",
            Self::Page { .. } => "check the endpoint, and whether a proxy answers in its place",
            Self::Xml { .. } | Self::Undocumented { .. } => {
                "check the endpoint: this is not a reply of the gateway"
            }
            Self::Signature(_) => {
                "check the API v2 key; if it is right, do not trust what answers at this endpoint"
            }
            Self::Ambiguous { .. } => "do not trust what answers at this endpoint",
            Self::Gateway(error) => error.advice(),
        }
    }

    /// Whether the same call may succeed later, with nothing mended on this side.
    ///
    /// To repeat an upload is harmless: it only yields another media id.
    ///
    /// ```
    /// use http::Response;
    /// use wxpay_media::{ApiKey, Merchant, MerchantId, reply};
    ///
    /// # let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d")?;
    /// # let merchant = Merchant::new(MerchantId::new("1900000109")?, key);
    /// let page = b"<html><title>moved</title></html>";
    /// for (status, later) in [(302, false), (502, true)] {
    ///     let response = Response::builder().status(status).body(page)?;
    ///     let error = reply::media_id(&merchant, &response).unwrap_err();
    ///     assert_eq!(error.is_retryable(), later);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.disposition(),
            RetryAdvice::Retry | RetryAdvice::Throttle
        )
    }

    /// What a queue that repeats on its own may do with the picture, and with all others.
    ///
    /// Such a queue switches the transport's loop off, by [`Builder::retries`] of 0.
    ///
    /// ```
    /// use wxpay_media::{RetryAdvice, Error, Image};
    ///
    /// let error = Error::from(Image::from_bytes("licence.jpg", "not a picture").unwrap_err());
    /// assert_eq!(error.disposition(), RetryAdvice::Refused); // this one, but others may pass
    /// ```
    ///
    /// [`Builder::retries`]: crate::Builder::retries
    #[must_use]
    pub fn disposition(&self) -> RetryAdvice {
        match self {
            Self::Service(error) => service::disposition(error.as_ref()),
            Self::Page { status, .. } => match RetryClass::of_status(*status) {
                RetryClass::Retry => RetryAdvice::Retry,
                RetryClass::Throttle => RetryAdvice::Throttle,
                _ => RetryAdvice::Refused,
            },
            Self::Gateway(error) => error.disposition(),
            Self::Certificate { .. } | Self::Signature(_) | Self::Ambiguous { .. } => {
                RetryAdvice::Stop
            }
            Self::Image(_) | Self::Xml { .. } | Self::Undocumented { .. } => RetryAdvice::Refused,
        }
    }

    /// The way of the call, as far as the error itself knows it.
    pub(crate) fn trip(&self) -> Option<&CallInfo> {
        match self {
            Self::Service(error) => service::trip(error.as_ref()),
            _ => None,
        }
    }
}

/// Where a redirect leads to, for a message.
struct Redirect<'a>(&'a Option<String>);

impl fmt::Display for Redirect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|location| write!(f, ", a redirect to {location}"))
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
    /// `tls`: a certificate of either side is wrong, or there is no TLS.
    Tls,
    /// `timeout`: a deadline has passed.
    Timeout,
    /// `http`: a page in place of a reply, a reply over the limit, or no HTTP at all.
    Http,
    /// `xml`: the reply is not the gateway's document.
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
    ///
    /// ```
    /// use wxpay_media::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::Gateway.as_str(), "gateway");
    /// ```
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
