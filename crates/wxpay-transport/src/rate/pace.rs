//! How fast attempts follow one another at present.

use std::time::Duration;

use tokio::time::Instant;

/// What is left of the rate after a refusal.
const DECREASE: f64 = 0.9;
/// The same where more was refused than taken: the server allows far less than it did.
const PLUNGE: f64 = 0.5;
/// What is added in a second without refusals, in attempts a second.
const INCREASE: f64 = 1.0;
/// The least rate: an attempt every two seconds, or nothing would ever be learnt.
const FLOOR: f64 = 0.5;
/// Refusals within this time of the last decision belong to it.
const WINDOW: Duration = Duration::from_secs(1);
/// The time to wait after a refusal, so that the server has room for those it has refused.
const PAUSE: Duration = Duration::from_millis(250);
/// An attempt that begins so much late, as timers do, does not delay those after it.
const LAG: Duration = Duration::from_millis(5);

/// A rate, and where it stands.
#[derive(Debug)]
pub(super) struct Pace {
    /// In attempts a second.
    rate: f64,
    /// The rate is never higher.
    max: f64,
    /// When the next attempt may begin.
    next: Instant,
    /// When the rate was last lowered.
    decided: Instant,
    /// When attempts began to go at that rate. What is heard before is of attempts that had begun
    /// earlier, and tells nothing new.
    since: Instant,
    /// What has come since then.
    taken: u64,
    refused: u64,
}

impl Pace {
    /// A little less than this rate, after a pause.
    pub(super) fn below(rate: f64, now: Instant, pause: Duration) -> Self {
        Self::new(rate * DECREASE, f64::INFINITY, now, pause)
    }

    /// This rate, and never a higher one.
    pub(super) fn at_most(rate: f64, now: Instant) -> Self {
        Self::new(rate, rate, now, Duration::ZERO)
    }

    fn new(rate: f64, max: f64, now: Instant, pause: Duration) -> Self {
        let since = now + pause;
        Self {
            rate: rate.max(FLOOR),
            max,
            next: since,
            decided: now,
            since,
            taken: 0,
            refused: 0,
        }
    }

    pub(super) fn per_second(&self) -> f64 {
        self.rate
    }

    /// Begins an attempt, or says when the next one may begin.
    pub(super) fn begin(&mut self, now: Instant) -> Option<Instant> {
        if now < self.next {
            return Some(self.next);
        }
        let slot = self.next.max(now.checked_sub(LAG).unwrap_or(now));
        self.next = slot + Duration::from_secs_f64(1.0 / self.rate);
        None
    }

    pub(super) fn take(&mut self, now: Instant) {
        if now >= self.since {
            self.taken += 1;
            // As many times in a second as the rate is.
            self.rate = self.max.min(self.rate + INCREASE / self.rate);
        }
    }

    /// Says whether that has lowered the rate.
    pub(super) fn refuse(&mut self, now: Instant) -> bool {
        if now < self.since {
            return false;
        }
        self.refused += 1;
        if now < self.decided + WINDOW {
            return false;
        }
        let left = if self.refused > self.taken {
            PLUNGE
        } else {
            DECREASE
        };
        *self = Self::new(self.rate * left, self.max, now, PAUSE);
        true
    }
}
