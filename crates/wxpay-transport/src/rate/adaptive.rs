//! A rate that finds out what the server allows.

use std::{
    collections::VecDeque,
    future::Future,
    mem,
    num::NonZeroU32,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::{RateLimit, pace::Pace};
use crate::Judgement;

/// Additive increase, multiplicative decrease: no limit until a server asks to slow down for the
/// first time, then a little less than it took in the last second, and from there slowly up until it
/// asks again.
///
/// Attempts begin in the order in which they came, and are spaced evenly. A burst of refusals counts
/// as one, for they all tell of the same haste. The clones of a [`Transport`](crate::Transport) share
/// one; it is their default.
#[derive(Debug, Default)]
pub struct AdaptiveRate {
    state: Mutex<State>,
    /// Only the first in this queue looks at the clock. One that is given up leaves it, and nothing
    /// was set aside for it: the next one is not slower for that.
    queue: tokio::sync::Mutex<()>,
}

/// What was taken within this time makes the first rate. It is the time that most servers count in,
/// and so also the time to wait after the first burst.
const WINDOW: Duration = Duration::from_secs(1);
/// So many answers of the last second are remembered. Who has more does not need this limit.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
struct State {
    /// Once a server has asked to slow down.
    pace: Option<Pace>,
    /// When answers were taken, as long as there is no pace.
    taken: VecDeque<Instant>,
}

impl AdaptiveRate {
    /// A rate without a limit, as yet.
    ///
    /// ```
    /// use wxpay_transport::{AdaptiveRate, Judgement, RateLimit};
    ///
    /// let rate = AdaptiveRate::new();
    /// for _ in 0..20 {
    ///     rate.report(Judgement::Done);
    /// }
    /// rate.report(Judgement::SlowDown);
    /// assert_eq!(rate.per_second(), Some(18.0)); // a tenth less than it took
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A rate that is never higher than this, in attempts a second, and lower for a while after a server
    /// has asked to slow down.
    #[must_use]
    pub fn at_most(per_second: NonZeroU32) -> Self {
        let pace = Pace::at_most(f64::from(per_second.get()), Instant::now());
        Self {
            state: Mutex::new(State {
                pace: Some(pace),
                taken: VecDeque::new(),
            }),
            queue: tokio::sync::Mutex::default(),
        }
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
        self.state().pace.as_ref().map(Pace::per_second)
    }

    /// Begins an attempt, or says when one may begin.
    fn begin(&self) -> Option<Instant> {
        self.state().pace.as_mut()?.begin(Instant::now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RateLimit for AdaptiveRate {
    fn acquire(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            if self.state().pace.is_none() {
                return;
            }
            let _turn = self.queue.lock().await;
            // The rate may have changed while waiting.
            while let Some(later) = self.begin() {
                sleep_until(later).await;
            }
        })
    }

    fn report(&self, judgement: Judgement) {
        let now = Instant::now();
        match judgement {
            Judgement::Done => self.state().take(now),
            Judgement::SlowDown => self.state().refuse(now),
            Judgement::Again => {}
        }
    }
}

impl State {
    fn take(&mut self, now: Instant) {
        if let Some(pace) = &mut self.pace {
            return pace.take(now);
        }
        self.forget(now);
        if self.taken.len() < MOST {
            self.taken.push_back(now);
        }
    }

    fn refuse(&mut self, now: Instant) {
        let changed = match &mut self.pace {
            Some(pace) => pace.refuse(now),
            None => {
                self.forget(now);
                let taken = mem::take(&mut self.taken).len();
                self.pace = Some(Pace::below(taken as f64, now, WINDOW));
                true
            }
        };
        if changed {
            let rate = self.pace.as_ref().map(Pace::per_second);
            debug!(rate, "slowing down");
        }
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

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::time::{sleep, timeout};

    use super::*;

    /// A server took twenty in a second, and refused the next.
    fn slowed_down() -> AdaptiveRate {
        let rate = AdaptiveRate::new();
        for _ in 0..20 {
            rate.report(Judgement::Done);
        }
        rate.report(Judgement::SlowDown);
        rate
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_up_delays_nobody() {
        let rate = slowed_down();
        let impatient = (0..1000).map(|_| timeout(Duration::from_millis(1), rate.acquire()));
        let given_up = join_all(impatient).await;
        assert!(given_up.iter().all(Result::is_err));
        sleep(WINDOW).await;
        let start = Instant::now();
        rate.acquire().await;
        assert!(start.elapsed() < Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_are_spaced_evenly_in_their_order() {
        let rate = slowed_down();
        let start = Instant::now();
        let begun = Mutex::new(Vec::new());
        let attempts = (0..18).map(async |number| {
            rate.acquire().await;
            begun.lock().unwrap().push(number);
        });
        join_all(attempts).await;
        assert_eq!(begun.into_inner().unwrap(), (0..18).collect::<Vec<_>>());
        // A second's pause, then eighteen a second.
        let took = start.elapsed().as_secs_f64();
        assert!((1.9..2.1).contains(&took), "{took}");
    }

    /// In milliseconds, when the attempts began that all came at once.
    async fn begun(rate: &AdaptiveRate, attempts: usize) -> Vec<u128> {
        let start = Instant::now();
        join_all((0..attempts).map(async |_| {
            rate.acquire().await;
            rate.report(Judgement::Done);
            start.elapsed().as_millis()
        }))
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_given_rate_is_kept_from_the_first_attempt_on() {
        for per_second in [1, 10, 100] {
            let rate = AdaptiveRate::at_most(NonZeroU32::new(per_second).unwrap());
            let begun = begun(&rate, 31).await;
            assert_eq!(begun[0], 0);
            let least = 30_000 / u128::from(per_second);
            let took = begun[30];
            assert!((least..least + 200).contains(&took), "{per_second}: {took}");
            assert_eq!(rate.per_second(), Some(f64::from(per_second)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_a_given_rate_is_met_again_and_not_passed() {
        let rate = AdaptiveRate::at_most(NonZeroU32::new(10).unwrap());
        begun(&rate, 20).await;
        sleep(WINDOW).await;
        rate.report(Judgement::SlowDown);
        assert_eq!(rate.per_second(), Some(9.0));
        begun(&rate, 100).await;
        assert_eq!(rate.per_second(), Some(10.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_hardly_any_is_met_within_seconds() {
        let rate = slowed_down();
        for _ in 0..5 {
            rate.acquire().await;
            sleep(WINDOW).await;
            rate.report(Judgement::SlowDown);
        }
        assert!(rate.per_second().unwrap() < 1.0);
    }
}
