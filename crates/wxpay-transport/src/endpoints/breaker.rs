//! A circuit breaker: what is known of one endpoint.

use super::BreakerState;

/// Closed until so many failures in a row; then open, half-open during each probe, and closed again
/// by the first success. It knows no time: who holds it probes.
#[derive(Debug)]
pub(super) struct Breaker {
    state: BreakerState,
    failures: u32,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self {
            state: BreakerState::Closed,
            failures: 0,
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// The endpoint could not be reached. Says whether that has opened the breaker.
    pub(super) fn fail(&mut self, threshold: u32) -> bool {
        self.failures = self.failures.saturating_add(1);
        match self.state {
            BreakerState::Closed if self.failures >= threshold => {
                self.state = BreakerState::Open;
                true
            }
            _ => false,
        }
    }

    /// The endpoint was reached. Says whether that has closed the breaker.
    pub(super) fn succeed(&mut self) -> bool {
        let was_out = self.state != BreakerState::Closed;
        *self = Self::new();
        was_out
    }

    /// A probe begins.
    pub(super) fn probe(&mut self) {
        if self.state == BreakerState::Open {
            self.state = BreakerState::HalfOpen;
        }
    }

    /// The probe has failed.
    pub(super) fn fail_probe(&mut self) {
        self.failures = self.failures.saturating_add(1);
        if self.state == BreakerState::HalfOpen {
            self.state = BreakerState::Open;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_says_so_once() {
        let mut breaker = Breaker::new();
        assert!(!breaker.fail(3));
        assert!(!breaker.fail(3));
        assert!(!breaker.succeed());
        assert_eq!(
            [1, 2, 3, 4].map(|_| breaker.fail(3)),
            [false, false, true, false]
        );
        assert_eq!(breaker.state(), BreakerState::Open);
    }

    #[test]
    fn a_probe_closes_it_or_leaves_it_open() {
        let mut breaker = Breaker::new();
        assert!(breaker.fail(1));
        breaker.probe();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.fail_probe();
        assert_eq!(
            (breaker.state(), breaker.failures()),
            (BreakerState::Open, 2)
        );
        breaker.probe();
        assert!(breaker.succeed());
        assert_eq!(
            (breaker.state(), breaker.failures()),
            (BreakerState::Closed, 0)
        );
    }

    #[test]
    fn a_closed_one_is_not_probed() {
        let mut breaker = Breaker::new();
        breaker.probe();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
