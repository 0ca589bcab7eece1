//! The rate limiter, which learns the server's limit on a cubic curve.

use std::{collections::VecDeque, num::NonZeroU32, sync::Mutex, time::Duration};

use tokio::time::{Instant, sleep_until};
use tracing::debug;

use crate::{config::RetryClass, error::lock};

/// Without a maximum there is no limit until a server asks to slow down. From then on the rate
/// follows a cubic curve, as in CUBIC (RFC 9438): a refusal lowers it a little; it is soon back
/// near the rate that was refused, stays there for long, and then grows faster and faster until the
/// next refusal.
///
/// Attempts begin in the order in which they came, evenly spaced. A burst of refusals counts as
/// one, because all have one cause.
pub(crate) struct RateLimiter {
    state: Mutex<State>,
    /// The first attempt in this queue waits for its time. An attempt that is given up leaves the
    /// queue without delaying the next one.
    queue: tokio::sync::Mutex<()>,
}

/// The time whose responses give the first rate. Most servers count in seconds, so it is also the
/// pause after the first refusal.
const WINDOW: Duration = Duration::from_secs(1);
/// Maximum number of samples kept: a caller with more a second does not need this limit.
const MAX_SAMPLES: usize = 10_000;
/// Factor of the rate after a refusal. TCP takes 0.7 to let the queues of routers drain; a server
/// that counts has no queue.
const DECREASE: f64 = 0.95;
/// Factor of the rate when more was refused than accepted: the server allows far less than before.
const STEEP_DECREASE: f64 = 0.5;
/// Seconds after which the rate is again the one that was refused. With less, more is refused (4 s:
/// 3.3 % at ten a second, 8 s: 2 %); with more, a limit that was raised is found later.
const RECOVERY: f64 = 8.0;
/// The lowest rate, an attempt every two seconds: without attempts nothing is learnt.
const MIN_RATE: f64 = 0.5;
/// The pause after each later refusal, in which the server's count falls.
const PAUSE: Duration = Duration::from_millis(100);
/// How late an attempt may begin, as timers are late, without delaying those after it.
const TIMER_SLACK: Duration = Duration::from_millis(5);
/// Added to each second: a server that sees the first attempt of a second late and the last one in
/// time counts one too many.
const MARGIN: Duration = Duration::from_millis(40);

enum State {
    /// No server has asked to slow down; the times of the responses in the window.
    Unlimited(VecDeque<Instant>),
    Limited(Rate),
}

/// A rate, and when the next attempt may begin.
struct Rate {
    per_second: f64,
    max: f64,
    /// The rate that was refused last, or else the maximum.
    refused: f64,
    /// Seconds at this rate, counted by accepted attempts: an idle caller learns nothing.
    elapsed: f64,
    next: Instant,
    /// When the rate was last lowered.
    decreased: Instant,
    /// When attempts began at this rate. Earlier responses are to attempts at the rate before.
    since: Instant,
    /// Accepted attempts since then.
    accepted: u64,
    refusals: u64,
}

impl RateLimiter {
    /// A limiter with the greatest rate in attempts a second, if there is one.
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
        let _turn = self.queue.lock().await;
        // The rate may change meanwhile.
        while let Some(later) = self.begin() {
            sleep_until(later).await;
        }
    }

    /// Begins an attempt, or returns when one may begin.
    fn begin(&self) -> Option<Instant> {
        match &mut *lock(&self.state) {
            State::Unlimited(_) => None,
            State::Limited(rate) => rate.begin(Instant::now()),
        }
    }

    /// Records a response.
    pub(crate) fn report(&self, class: RetryClass) {
        let now = Instant::now();
        let mut state = lock(&self.state);
        if let State::Unlimited(accepted) = &mut *state {
            let is_old = |time: &Instant| *time + WINDOW < now;
            accepted.drain(..accepted.partition_point(is_old));
        }
        match (class, &mut *state) {
            (RetryClass::Retry, _) => {}
            (RetryClass::Done, State::Limited(rate)) => rate.accept(now),
            (RetryClass::Done, State::Unlimited(accepted)) => {
                if accepted.len() < MAX_SAMPLES {
                    accepted.push_back(now);
                }
            }
            (RetryClass::Throttle, State::Limited(rate)) => rate.refuse(now),
            (RetryClass::Throttle, State::Unlimited(accepted)) => {
                let accepted = accepted.len() as f64;
                *state = State::Limited(Rate::below(accepted, f64::INFINITY, now, WINDOW));
            }
        }
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
            accepted: 0,
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
        self.accepted += 1;
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
            let is_steep = self.refusals > self.accepted;
            let factor = if is_steep { STEEP_DECREASE } else { 1.0 };
            *self = Self::below(self.per_second * factor, self.max, now, PAUSE);
        }
    }
}
