//! Classes of responses, and the time that a server asks for.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header::RETRY_AFTER};

/// The meaning of a whole response for its call, as a
/// [`classifier`](crate::TransportBuilder::classifier) says it. One of the caller's own is for APIs that
/// say in the body what others say by the status.
///
/// ```
/// use wxpay_transport::{RetryClass, Transport};
///
/// let builder = Transport::builder().classifier(|response| match response.body().as_ref() {
///     b"busy" => RetryClass::Throttle,
///     _ => RetryClass::of_status(response.status()),
/// });
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryClass {
    /// It is the answer, whatever it says.
    Done,
    /// The server has failed: the same request may succeed when it is sent again.
    Retry,
    /// The server is asked too often: the same request may succeed later, and every other request
    /// should come more slowly, too.
    Throttle,
}

impl RetryClass {
    /// The class where no classifier is set: 429 is [`Throttle`](Self::Throttle), a status from 500 on
    /// is [`Retry`](Self::Retry), all else is [`Done`](Self::Done).
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::Throttle,
            status if status.is_server_error() => Self::Retry,
            _ => Self::Done,
        }
    }
}

/// The function that classifies responses.
pub(crate) type Classifier = Arc<dyn Fn(&Response<Bytes>) -> RetryClass + Send + Sync>;

/// The time from now that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let of = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
        };
        assert_eq!(of("2"), Some(Duration::from_secs(2)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        assert!((90..=100).contains(&of(&soon).unwrap().as_secs()));
        for value in ["", "-1", "soon", "1e9", "99999999999999999999"] {
            assert_eq!(of(value), None, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
