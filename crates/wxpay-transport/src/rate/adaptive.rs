//! A rate that finds out what the server allows.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::RateLimit;
use crate::Judgement;

/// Additive increase, multiplicative decrease: no limit until a server asks to slow down for the
/// first time, then a little less than it took in the last second, and from there slowly up until it
/// asks again.
///
/// Attempts are spaced evenly. A burst of refusals counts as one, for they all tell of the same
/// haste. The clones of a [`Transport`](crate::Transport) share one; it is their default.
#[derive(Debug, Default)]
pub struct AdaptiveRate(Mutex<State>);

/// What is left of the rate after a refusal.
const DECREASE: f64 = 0.9;
/// What is added in a second without refusals, in attempts a second.
const INCREASE: f64 = 1.0;
/// The least rate: an attempt every two seconds, or nothing would ever be learnt.
const FLOOR: f64 = 0.5;
/// Refusals within this time of the last decision belong to it. It is also the time that most
/// servers count in, and so the time to wait after the first burst.
const WINDOW: Duration = Duration::from_secs(1);
/// The time to wait after later refusals, so that the server has room for those it has refused.
const PAUSE: Duration = Duration::from_millis(250);
/// So many answers of the last second are remembered. Who has more does not need this limit.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
struct State {
    /// In attempts a second; no limit, where there is none.
    rate: Option<f64>,
    /// When the next attempt may begin.
    next: Option<Instant>,
    decided: Option<Instant>,
    decisions: u64,
    /// When answers were taken, as long as there is no rate.
    taken: VecDeque<Instant>,
}

impl AdaptiveRate {
    /// A rate without a limit, as yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The present limit, in attempts a second; `None` until a server has asked to slow down.
    ///
    /// ```
    /// use wxpay_transport::AdaptiveRate;
    ///
    /// assert_eq!(AdaptiveRate::new().per_second(), None);
    /// ```
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        self.state().rate
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RateLimit for AdaptiveRate {
    fn acquire(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            loop {
                let Some((slot, decisions)) = self.state().slot(Instant::now()) else {
                    return;
                };
                sleep_until(slot).await;
                // A slot that was given out at a rate that does not hold any more is given back.
                if self.state().decisions == decisions {
                    return;
                }
            }
        })
    }

    fn report(&self, judgement: Judgement) {
        let now = Instant::now();
        match judgement {
            Judgement::Done => self.state().increase(now),
            Judgement::SlowDown => self.state().decrease(now),
            Judgement::Again => {}
        }
    }
}

impl State {
    /// When the attempt that asks now may begin, and after how many decisions this was said.
    fn slot(&mut self, now: Instant) -> Option<(Instant, u64)> {
        let rate = self.rate?;
        let slot = self.next.map_or(now, |next| next.max(now));
        self.next = Some(slot + Duration::from_secs_f64(1.0 / rate));
        Some((slot, self.decisions))
    }

    fn increase(&mut self, now: Instant) {
        match &mut self.rate {
            // As many times in a second as the rate is.
            Some(rate) => *rate += INCREASE / *rate,
            None => {
                self.forget(now);
                if self.taken.len() < MOST {
                    self.taken.push_back(now);
                }
            }
        }
    }

    fn decrease(&mut self, now: Instant) {
        if self.decided.is_some_and(|decided| now < decided + WINDOW) {
            return;
        }
        self.decided = Some(now);
        self.decisions += 1;
        let (before, pause) = match self.rate {
            Some(rate) => (rate, PAUSE),
            None => {
                self.forget(now);
                (std::mem::take(&mut self.taken).len() as f64, WINDOW)
            }
        };
        self.next = Some(now + pause);
        let rate = (before * DECREASE).max(FLOOR);
        self.rate = Some(rate);
        debug!(rate, "slowing down");
    }

    /// Forgets answers that are older than a second.
    fn forget(&mut self, now: Instant) {
        while self
            .taken
            .front()
            .is_some_and(|&taken| taken + WINDOW < now)
        {
            self.taken.pop_front();
        }
    }
}
