//! The rate limiter: it learns the server's limit as CUBIC does, with a given maximum or none.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};
use tracing::debug;

use crate::config::RetryClass;

/// No limit but the given one until a server asks to slow down for the first time. From then on the rate
/// follows a cubic curve, as in CUBIC (RFC 9438): a refusal lowers it a little; it is soon back near the
/// rate that was refused, stays there for long, and then grows faster and faster until the next refusal.
/// So most of the time is spent close to the server's limit, and few attempts in finding it.
///
/// Attempts begin in the order in which they came, and are spaced evenly. A burst of refusals counts as
/// one, for they all have one cause.
pub(crate) struct RateLimiter {
    state: Mutex<State>,
    /// Only the first in this queue looks at the clock. An attempt that is given up leaves it, and
    /// nothing was set aside for it: the next one is not slower for that.
    queue: tokio::sync::Mutex<()>,
}

/// The responses within this time make the first rate. Most servers count in it, so it is also the time
/// to wait after the first burst.
const WINDOW: Duration = Duration::from_secs(1);
/// Maximum number of samples kept: a caller with more a second does not need this limit.
const MAX_SAMPLES: usize = 10_000;
/// Factor of the rate after a refusal. TCP takes 0.7, for its routers have queues to be drained; a server
/// that counts has none.
const DECREASE: f64 = 0.95;
/// The same where more was refused than taken: the server allows far less than before.
const STEEP_DECREASE: f64 = 0.5;
/// Seconds after which the rate is what was refused; as much later it has passed it by what it was
/// lowered. With less, more is refused (4 s: 3.3 % at ten a second, 8 s: 2 %); with more, a limit that
/// was raised is found later.
const RECOVERY: f64 = 8.0;
/// The least rate: an attempt every two seconds, or nothing would ever be learnt.
const MIN_RATE: f64 = 0.5;
/// The time to wait after a refusal, so that the server has room for those it has refused.
const PAUSE: Duration = Duration::from_millis(100);
/// An attempt that begins so much late, as timers do, does not delay those after it.
const TIMER_SLACK: Duration = Duration::from_millis(5);

/// Added to the second within which so many attempts begin: a server sees the first of them late and the
/// last in time, and refuses one too many within its own second.
const MARGIN: Duration = Duration::from_millis(40);

enum State {
    /// No server has asked to slow down: when responses were taken.
    Unlimited(VecDeque<Instant>),
    Limited(Rate),
}

/// A rate, and when the next attempt may begin.
struct Rate {
    per_second: f64,
    max: f64,
    /// The rate that was refused last; before that the largest.
    refused: f64,
    /// Seconds at this rate, counted by attempts that were taken: an idle caller learns nothing.
    elapsed: f64,
    next: Instant,
    /// When the rate was last lowered.
    decreased: Instant,
    /// When attempts began at this rate. Responses before are to attempts that had begun earlier, and
    /// tell nothing new.
    since: Instant,
    /// The responses since then.
    taken: u64,
    refusals: u64,
}

impl RateLimiter {
    /// With a rate in attempts a second that is never passed, where there is one.
    pub(crate) fn new(max: Option<NonZeroU32>) -> Self {
        let state = match max.map(|max| f64::from(max.get())) {
            None => State::Unlimited(VecDeque::new()),
            Some(max) => State::Limited(Rate::new(max, max, max, Instant::now(), Duration::ZERO)),
        };
        Self {
            state: Mutex::new(state),
            queue: tokio::sync::Mutex::default(),
        }
    }

    /// Waits until an attempt may begin.
    pub(crate) async fn acquire(&self) {
        if let State::Unlimited(_) = *self.state() {
            return;
        }
        let _turn = self.queue.lock().await;
        // The rate may have changed while waiting.
        while let Some(later) = self.begin() {
            sleep_until(later).await;
        }
    }

    /// Begins an attempt, or says when one may begin.
    fn begin(&self) -> Option<Instant> {
        match &mut *self.state() {
            State::Unlimited(_) => None,
            State::Limited(rate) => rate.begin(Instant::now()),
        }
    }

    /// Records a response.
    pub(crate) fn report(&self, class: RetryClass) {
        let now = Instant::now();
        let mut state = self.state();
        if let State::Unlimited(taken) = &mut *state {
            while taken.front().is_some_and(|&taken| taken + WINDOW < now) {
                taken.pop_front();
            }
        }
        match (class, &mut *state) {
            (RetryClass::Retry, _) => {}
            (RetryClass::Done, State::Limited(rate)) => rate.accept(now),
            (RetryClass::Done, State::Unlimited(taken)) => {
                if taken.len() < MAX_SAMPLES {
                    taken.push_back(now);
                }
            }
            (RetryClass::Throttle, State::Limited(rate)) => rate.refuse(now),
            (RetryClass::Throttle, State::Unlimited(taken)) => {
                let taken = taken.len() as f64;
                *state = State::Limited(Rate::below(taken, f64::INFINITY, now, WINDOW));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rate {
    /// The rate after one that was refused.
    fn below(refused: f64, max: f64, now: Instant, pause: Duration) -> Self {
        let refused = refused.max(MIN_RATE);
        Self::new(refused * DECREASE, refused, max, now, pause)
    }

    fn new(per_second: f64, refused: f64, max: f64, now: Instant, pause: Duration) -> Self {
        debug!(per_second, "attempts are limited");
        let since = now + pause;
        Self {
            per_second,
            max,
            refused,
            elapsed: 0.0,
            next: since,
            decreased: now,
            since,
            taken: 0,
            refusals: 0,
        }
    }

    fn begin(&mut self, now: Instant) -> Option<Instant> {
        if now < self.next {
            return Some(self.next);
        }
        let slot = self.next.max(now.checked_sub(TIMER_SLACK).unwrap_or(now));
        self.next = slot + (WINDOW + MARGIN).div_f64(self.per_second);
        None
    }

    fn accept(&mut self, now: Instant) {
        if now < self.since {
            return;
        }
        self.taken += 1;
        self.elapsed += self.per_second.recip();
        let curve = 1.0 + (1.0 - DECREASE) * (self.elapsed / RECOVERY - 1.0).powi(3);
        self.per_second = self.max.min(self.per_second.max(self.refused * curve));
    }

    fn refuse(&mut self, now: Instant) {
        if now < self.since {
            return;
        }
        self.refusals += 1;
        if now >= self.decreased + WINDOW {
            let is_steep = self.refusals > self.taken;
            let factor = if is_steep { STEEP_DECREASE } else { 1.0 };
            *self = Self::below(self.per_second * factor, self.max, now, PAUSE);
        }
    }
}
