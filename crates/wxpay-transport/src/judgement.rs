//! What a reply means for the call.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{Response, StatusCode};

/// What a whole reply means for its call: the verdict of a classifier.
///
/// [`Builder::classifier`](crate::Builder::classifier) takes one of the caller's, for APIs that say
/// in the body what others say by the status.
///
/// ```
/// use bytes::Bytes;
/// use http::Response;
/// use wxpay_transport::{Judgement, Transport};
///
/// let builder = Transport::builder().classifier(|reply: &Response<Bytes>| {
///     match reply.body().as_ref() {
///         b"busy" => Judgement::SlowDown,
///         _ => Judgement::of_status(reply.status()),
///     }
/// });
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Judgement {
    /// It is the answer, whatever it says.
    Done,
    /// The server has failed: the same request may succeed when it is sent again.
    Again,
    /// The server is asked too often: the same request may succeed later, and every other request
    /// should come more slowly, too.
    SlowDown,
}

impl Judgement {
    /// The judgement where no classifier is set: 429 is [`SlowDown`](Self::SlowDown), a status from
    /// 500 on is [`Again`](Self::Again), all else is [`Done`](Self::Done).
    ///
    /// ```
    /// use http::StatusCode;
    /// use wxpay_transport::Judgement;
    ///
    /// assert_eq!(Judgement::of_status(StatusCode::BAD_GATEWAY), Judgement::Again);
    /// assert_eq!(Judgement::of_status(StatusCode::NOT_FOUND), Judgement::Done);
    /// ```
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::SlowDown,
            status if status.is_server_error() => Self::Again,
            _ => Self::Done,
        }
    }
}

/// The function that judges.
#[derive(Clone)]
pub(crate) struct Classifier(Arc<Function>);

type Function = dyn Fn(&Response<Bytes>) -> Judgement + Send + Sync;

impl Classifier {
    pub(crate) fn new(
        function: impl Fn(&Response<Bytes>) -> Judgement + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(function))
    }

    /// Puts the judgement into the reply's extensions, where the layers further out read it.
    pub(crate) fn mark(&self, mut reply: Response<Bytes>) -> Response<Bytes> {
        let judgement = (self.0)(&reply);
        reply.extensions_mut().insert(judgement);
        reply
    }
}

impl Default for Classifier {
    fn default() -> Self {
        Self::new(|reply| Judgement::of_status(reply.status()))
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Classifier")
    }
}
