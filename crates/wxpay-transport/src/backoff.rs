//! How long to wait before a request is sent again.

use std::time::Duration;

/// Exponential back-off with full jitter: before the first repetition any time up to the base, then
/// up to twice, four times … the base, and never more than the cap.
///
/// Full jitter, because clients that were cut off together would otherwise come back together.
///
/// ```
/// use std::time::Duration;
/// use wxpay_transport::{Backoff, Transport};
///
/// let backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
/// let builder = Transport::builder().retries(4).backoff(backoff);
/// # let _ = builder;
/// ```
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
    /// use wxpay_transport::Backoff;
    ///
    /// let same = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    /// assert_eq!(Backoff::default(), same);
    /// ```
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The time before the `nth` repetition, counted from 0; `random` is at least 0 and less than 1.
    pub(crate) fn delay(&self, nth: u32, random: f64) -> Duration {
        let factor = 1u32.checked_shl(nth).unwrap_or(u32::MAX);
        self.base
            .saturating_mul(factor)
            .min(self.cap)
            .mul_f64(random)
    }
}

/// A base of 100 ms and a cap of 5 s.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        let most: Vec<_> = [0, 1, 2, 5, 6, 31, 32, u32::MAX]
            .map(|nth| backoff.delay(nth, 1.0).as_millis())
            .into();
        assert_eq!(most, [100, 200, 400, 3200, 5000, 5000, 5000, 5000]);
        assert_eq!(backoff.delay(3, 0.0), Duration::ZERO);
        assert_eq!(backoff.delay(3, 0.5), Duration::from_millis(400));
    }

    #[test]
    fn without_a_base_there_is_none() {
        let none = Backoff::new(Duration::ZERO, Duration::MAX);
        assert_eq!(none.delay(9, 0.99), Duration::ZERO);
        let huge = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(huge.delay(9, 0.99) > Duration::from_secs(1));
    }
}
