//! Repetition: classes of responses, advice to queues, and back-off.

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

/// Advice about a failed call, to a queue that repeats calls on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// Put it back: the same call may succeed, after a while.
    Retry,
    /// Take it out: the same call fails again, but others may succeed.
    Refused,
    /// Stop everything: something about this client, its server or the network between them is wrong,
    /// and every other call fails as this one did until a person has mended it.
    Stop,
}

/// Exponential back-off with full jitter: before the first repetition any time up to the base, then
/// up to twice, four times … the base, and never more than the cap.
///
/// Full jitter, because clients that were cut off together would otherwise come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// A back-off from a base and a cap; with a base of zero there is none.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::{Backoff, Transport};
    ///
    /// let backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    /// let builder = Transport::builder().max_retries(4).backoff(backoff);
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The time before the `nth` repetition, counted from 0; `random` is at least 0 and less than 1.
    pub(crate) fn delay(&self, nth: u32, random: f64) -> Duration {
        let factor = 1u32.checked_shl(nth).unwrap_or(u32::MAX);
        let most = self.base.saturating_mul(factor).min(self.cap);
        most.mul_f64(random)
    }
}

/// A base of 100 ms and a cap of 5 s.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }
}

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
    fn the_back_off_doubles_up_to_the_cap_and_without_a_base_there_is_none() {
        let backoff = Backoff::default();
        let most = [0, 1, 2, 5, 6, 31, 32, u32::MAX].map(|nth| backoff.delay(nth, 1.0).as_millis());
        assert_eq!(most, [100, 200, 400, 3200, 5000, 5000, 5000, 5000]);
        assert_eq!(backoff.delay(3, 0.0), Duration::ZERO);
        assert_eq!(backoff.delay(3, 0.5), Duration::from_millis(400));
        let none = Backoff::new(Duration::ZERO, Duration::MAX);
        assert_eq!(none.delay(9, 0.99), Duration::ZERO);
        let huge = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(huge.delay(9, 0.99) > Duration::from_secs(1));
    }

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
