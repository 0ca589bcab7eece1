//! The next step of a call, decided by a pure function of its state, an outcome and the time.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use crate::{
    config::Rules,
    error::{ErrorKind, TimeoutKind},
};

/// The state of one call.
#[derive(Debug)]
pub(crate) struct Policy {
    rules: Rules,
    pub(crate) deadline: Option<Instant>,
    /// The endpoints that the call may go to; empty if it goes to the server in its URI.
    candidates: BTreeSet<usize>,
    pub(crate) attempts: u32,
    /// The endpoint of the last attempt; `None` if the call goes to the server in its URI.
    pub(crate) endpoint: Option<usize>,
    /// True if the next attempt should go to another endpoint.
    moves: bool,
    tried: BTreeSet<usize>,
    /// The number of endpoints among which the remaining time is divided.
    shares: u32,
    back_offs: u32,
    has_repeated_cut: bool,
}

/// The policy's inputs beside outcomes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) in_service: BTreeSet<usize>,
    /// At least 0 and less than 1.
    pub(crate) random: f64,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The outcome of the call: another attempt would end as this one did.
    Final,
    /// A response that another attempt may improve, after the time in its `Retry-After`.
    Retry(Option<Duration>),
    /// A response of a server that is asked too often.
    Throttle(Option<Duration>),
    /// No connection, or one that was opened for this attempt and closed before the end of the
    /// response.
    Missed,
    /// The server read nothing of the request for too long, or sent no complete response in time.
    Silent,
    /// The server closed a connection that had been used before.
    CutReused,
    /// The proxy gave no tunnel, but may give one later.
    NoTunnel,
}

impl Outcome {
    pub(crate) fn of_failure(kind: ErrorKind, is_reused: bool) -> Self {
        match kind {
            ErrorKind::Timeout(TimeoutKind::Stall | TimeoutKind::Response) => Self::Silent,
            ErrorKind::Closed if is_reused => Self::CutReused,
            ErrorKind::Connect | ErrorKind::Timeout(TimeoutKind::Connect) | ErrorKind::Closed => {
                Self::Missed
            }
            ErrorKind::Proxy(kind) if kind.is_transient() => Self::NoTunnel,
            _ => Self::Final,
        }
    }

    /// Returns true for a failure of the endpoint.
    pub(crate) fn is_miss(self) -> bool {
        matches!(self, Self::Missed | Self::Silent)
    }
}

impl Policy {
    pub(crate) fn new(rules: Rules, candidates: BTreeSet<usize>, now: Instant) -> Self {
        Self {
            rules,
            deadline: rules.timeout.map(|timeout| now + timeout),
            candidates,
            attempts: 0,
            endpoint: None,
            moves: false,
            tried: BTreeSet::new(),
            shares: 1,
            back_offs: 0,
            has_repeated_cut: false,
        }
    }

    /// Begins an attempt: chooses its endpoint.
    pub(crate) fn begin(&mut self, world: &World) {
        let attempts_left = self.rules.max_retries.saturating_sub(self.attempts);
        self.attempts += 1;
        self.endpoint = self.choose(world);
        self.tried.extend(self.endpoint);
        // Endpoints out of service are tried last, and get no share.
        let others = &(&self.candidates & &world.in_service) - &self.tried;
        self.shares = attempts_left.min(others.len() as u32) + 1;
    }

    /// Decides if another attempt follows, after which wait, and whether it consumes the retry
    /// budget.
    pub(crate) fn next(&mut self, outcome: Outcome, world: &World) -> Option<(Duration, bool)> {
        let repeats_cut = outcome == Outcome::CutReused && !self.has_repeated_cut;
        self.has_repeated_cut |= repeats_cut;
        self.moves = outcome.is_miss() || outcome == Outcome::CutReused && !repeats_cut;
        let can_move = self.moves && self.untried(world).is_some();
        let asked_for = match outcome {
            Outcome::Final => return None,
            // The budget protects a server that fails; the next endpoint has not failed.
            _ if can_move || repeats_cut => return self.repeat(Duration::ZERO, false, world),
            // A second request does not help a server that is too slow.
            Outcome::Silent => return None,
            Outcome::Retry(after) | Outcome::Throttle(after) => after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let after = self.back_off(world).max(asked_for);
        // Throttling does not consume the retry budget: it is no sign of an outage.
        let on_budget = !matches!(outcome, Outcome::Throttle(_));
        self.repeat(after, on_budget, world)
    }

    /// The end of a silence that began at `since`, unless the call's deadline comes first. The
    /// remaining time is divided among the endpoints to which the call can still move.
    pub(crate) fn end_of(&self, silence: TimeoutKind, since: Instant) -> Option<Instant> {
        let limit = match silence {
            TimeoutKind::Connect => self.rules.connect_timeout,
            TimeoutKind::Stall => self.rules.stall_timeout,
            TimeoutKind::Response => self.rules.response_timeout,
            TimeoutKind::Total => return None,
        };
        let Some(deadline) = self.deadline else {
            return Some(since + limit);
        };
        let share = deadline.saturating_duration_since(since) / self.shares;
        let end = since + limit.min(share);
        (end < deadline).then_some(end)
    }

    /// The endpoint of the next attempt: the same, or the next one if the call moves.
    fn choose(&self, world: &World) -> Option<usize> {
        let mut in_service = &self.candidates & &world.in_service;
        if in_service.is_empty() {
            in_service.clone_from(&self.candidates);
        }
        let first = in_service.first().copied();
        match self.endpoint {
            None => first,
            Some(last) if !self.moves && in_service.contains(&last) => Some(last),
            Some(last) => {
                let after = in_service.range(last + 1..).next().copied();
                // When all have been tried, they are tried again in their order.
                self.untried(world).or(after).or(first)
            }
        }
    }

    /// The first endpoint that has not been tried, preferably one in service.
    fn untried(&self, world: &World) -> Option<usize> {
        let untried = &self.candidates - &self.tried;
        let in_service = &untried & &world.in_service;
        in_service.first().or(untried.first()).copied()
    }

    /// Exponential, with full jitter: without it clients that were cut off together come back
    /// together.
    fn back_off(&mut self, world: &World) -> Duration {
        let (base, cap) = self.rules.backoff;
        let factor = 1u32.checked_shl(self.back_offs).unwrap_or(u32::MAX);
        self.back_offs += 1;
        base.saturating_mul(factor).min(cap).mul_f64(world.random)
    }

    fn repeat(&self, after: Duration, on_budget: bool, world: &World) -> Option<(Duration, bool)> {
        let time_left = |end: Instant| end.saturating_duration_since(world.now);
        // A wait beyond the deadline would only end in a less precise error.
        let fits = self.deadline.is_none_or(|end| after < time_left(end));
        let is_allowed = self.attempts <= self.rules.max_retries && fits;
        is_allowed.then_some((after, on_budget))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::{
        TimeoutKind::{Connect, Response, Stall},
        *,
    };
    use crate::config::Config;

    const SECOND: Duration = Duration::from_secs(1);

    /// The outcome of an attempt, and its duration in seconds.
    fn behaviour() -> impl Strategy<Value = (Outcome, u64)> {
        use Outcome::{CutReused, Final, Missed, NoTunnel, Retry, Silent, Throttle};

        let after = option::of((0u64..20).prop_map(Duration::from_secs));
        let outcome = after.prop_flat_map(|it| {
            let failures = [Final, Missed, Silent, CutReused, NoTunnel];
            proptest::sample::select([&failures[..], &[Retry(it), Throttle(it)]].concat())
        });
        (outcome, 0u64..40)
    }

    fn rules(max_retries: u32, timeout: Option<u64>) -> Rules {
        Rules {
            max_retries,
            timeout: timeout.map(Duration::from_secs),
            ..Config::default().rules
        }
    }

    fn world(in_service: impl Iterator<Item = usize>, random: f64) -> World {
        World {
            now: Instant::now(),
            in_service: in_service.collect(),
            random,
        }
    }

    /// Makes a call whose attempts at endpoint `n` take the behaviours of list `n`, and then
    /// succeed.
    fn check(mut behaviours: Vec<Vec<(Outcome, u64)>>, in_service: u8, rules: Rules, random: f64) {
        let places = behaviours.len();
        let mut world = world((0..places).filter(|at| in_service & (1 << at) != 0), random);
        let mut policy = Policy::new(rules, (0..places).collect(), world.now);
        let mut visited = BTreeSet::new();
        for attempt in 1..=rules.max_retries + 1 {
            policy.begin(&world);
            let endpoint = policy.endpoint;
            visited.extend(endpoint);
            assert_eq!((policy.attempts, endpoint.is_some()), (attempt, places > 0));
            for silence in [Connect, Stall, Response] {
                // A silence is bounded by itself or by the call; a later silence ends no earlier.
                match [0, 3].map(|later| policy.end_of(silence, world.now + later * SECOND)) {
                    [Some(one), Some(other)] => assert!(one <= other && one > world.now),
                    [None, Some(_)] => panic!("only a later {silence:?} ends before the call"),
                    _ => assert!(policy.deadline.is_some()),
                }
            }
            let (outcome, seconds) = match endpoint.map(|place| &mut behaviours[place]) {
                Some(list) if !list.is_empty() => list.remove(0),
                _ => (Outcome::Final, 0),
            };
            world.now += Duration::from_secs(seconds);
            let left = |end: Instant| end.saturating_duration_since(world.now);
            let left = policy.deadline.map_or(Duration::MAX, left);
            if left.is_zero() {
                return;
            }
            let Some((after, _)) = policy.next(outcome, &world) else {
                if outcome.is_miss() && attempt <= rules.max_retries && left > 5 * SECOND {
                    // The call fails only after every endpoint was tried.
                    assert_eq!((visited.len(), outcome), (places, Outcome::Silent));
                }
                return;
            };
            // A wait ends before the call's deadline.
            assert!(outcome != Outcome::Final && after < left);
            if let Outcome::Retry(asked_for) | Outcome::Throttle(asked_for) = outcome {
                assert!(after >= asked_for.unwrap_or_default());
            }
            world.now += after;
        }
        panic!("an attempt beyond the maximum follows");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_laws_hold_whatever_happens(
            behaviours in vec(vec(behaviour(), 0..5), 0..4),
            in_service: u8,
            rules in (0u32..7, option::of(1u64..200)).prop_map(|(retries, time)| rules(retries, time)),
            random in 0.0..1.0f64,
        ) {
            check(behaviours, in_service, rules, random);
        }
    }

    #[test]
    fn a_cut_on_a_reused_connection_is_repeated_once_at_the_same_endpoint() {
        let world = world(0..2, 0.5);
        let mut policy = Policy::new(rules(9, None), (0..2).collect(), world.now);
        let endpoints = [0, 1, 2].map(|_| {
            policy.begin(&world);
            assert!(policy.next(Outcome::CutReused, &world).is_some());
            policy.endpoint
        });
        assert_eq!(endpoints, [Some(0), Some(0), Some(1)]);
    }

    #[test]
    fn the_back_off_doubles_up_to_the_cap_and_without_a_base_there_is_none() {
        let delays = |backoff, random| {
            let (world, mut rules) = (world(0..0, random), rules(0, None));
            rules.backoff = backoff;
            let mut policy = Policy::new(rules, BTreeSet::new(), world.now);
            [0, 1, 2, 5, 6, 31, 32].map(|nth| {
                policy.back_offs = nth;
                policy.back_off(&world).as_millis()
            })
        };
        let default = Config::default().rules.backoff;
        assert_eq!(
            delays(default, 1.0),
            [100, 200, 400, 3200, 5000, 5000, 5000]
        );
        assert_eq!(delays(default, 0.5)[..3], [50, 100, 200]);
        assert_eq!(delays(default, 0.0), [0; 7]);
        assert_eq!(delays((Duration::ZERO, Duration::MAX), 0.99), [0; 7]);
        assert!(delays((Duration::MAX, Duration::MAX), 0.99)[6] > 1000);
    }
}
