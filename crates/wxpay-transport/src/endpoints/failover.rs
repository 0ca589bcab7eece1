//! When an endpoint is taken out of service, and how it comes back.

use std::time::Duration;

/// When an endpoint is taken out of service, and how often it is looked at until it comes back.
///
/// | setting | default |
/// |---|---|
/// | [`open_after`](Self::open_after) | 3 failures in a row |
/// | [`probe_every`](Self::probe_every) | 30 s |
///
/// ```
/// use std::time::Duration;
/// use wxpay_transport::{Failover, Transport};
///
/// let failover = Failover::default().open_after(5).probe_every(Duration::from_secs(60));
/// let builder = Transport::builder().failover(failover);
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failover {
    pub(super) threshold: u32,
    pub(super) interval: Duration,
}

impl Failover {
    /// How many attempts in a row must fail to reach an endpoint before calls pass it by.
    ///
    /// 0 is read as 1.
    ///
    /// ```
    /// use wxpay_transport::Failover;
    ///
    /// let at_once = Failover::default().open_after(1);
    /// assert_eq!(Failover::default().open_after(0), at_once);
    /// ```
    #[must_use]
    pub fn open_after(mut self, failures: u32) -> Self {
        self.threshold = failures.max(1);
        self
    }

    /// How long to wait before an endpoint out of service is probed, and between two probes. A probe
    /// connects, shakes hands and hangs up.
    ///
    /// Less than a second is read as one second: a server that is down is not to be hammered.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_transport::Failover;
    ///
    /// let hasty = Failover::default().probe_every(Duration::from_millis(10));
    /// assert_eq!(hasty, Failover::default().probe_every(Duration::from_secs(1)));
    /// ```
    #[must_use]
    pub fn probe_every(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }
}

impl Default for Failover {
    fn default() -> Self {
        Self {
            threshold: 3,
            interval: Duration::from_secs(30),
        }
    }
}
