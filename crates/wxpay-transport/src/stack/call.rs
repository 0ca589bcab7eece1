//! What the layers know of one call.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Extensions, uri::Authority};
use tokio::time::Instant;

use crate::{Deadline, Error, ErrorKind, Trip, endpoints::Board};

/// One call, known to its layers by the extensions of its request: by when it has to be done, what
/// has been tried, how it went.
#[derive(Debug, Clone)]
pub(super) struct Call(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    deadline: Instant,
    /// Further attempts after the first.
    retries: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    attempts: u32,
    /// Where the last attempt went, or the first will go.
    authority: Authority,
    tried: Vec<usize>,
    /// The endpoint of the last attempt, where it was one.
    current: Option<usize>,
    /// Whether the last attempt has not reached its endpoint.
    missed: bool,
    /// Why the last attempt is being repeated.
    failure: Option<Error>,
}

/// Where an attempt goes, and how long it may take.
#[derive(Debug)]
pub(super) struct Aim {
    /// Counted from 1.
    pub(super) number: u32,
    pub(super) endpoint: Option<usize>,
    pub(super) authority: Authority,
    pub(super) limit: Duration,
    /// Which deadline has passed when the limit has.
    pub(super) deadline: Deadline,
}

impl Call {
    pub(super) fn new(authority: Authority, deadline: Instant, retries: u32) -> Self {
        Self(Arc::new(Shared {
            deadline,
            retries,
            state: Mutex::new(State {
                attempts: 0,
                authority,
                tried: Vec::new(),
                current: None,
                missed: false,
                failure: None,
            }),
        }))
    }

    /// The call that a request belongs to.
    pub(super) fn of(extensions: &Extensions) -> Self {
        let call = extensions.get::<Self>().cloned();
        call.expect("the outermost layer marks every request")
    }

    pub(super) fn time_left(&self) -> Duration {
        self.0.deadline.saturating_duration_since(Instant::now())
    }

    pub(super) fn attempts(&self) -> u32 {
        self.state().attempts
    }

    /// Whether the number of attempts allows another one.
    pub(super) fn may_repeat(&self) -> bool {
        self.state().attempts <= self.0.retries
    }

    /// Begins an attempt.
    ///
    /// It goes where the last one went, and to the next endpoint when that one was not reached. It
    /// has an equal share of the time that is left with each endpoint that it could still move to;
    /// the last has all of it.
    pub(super) fn aim(&self, board: &Arc<Board>, cap: Option<Duration>) -> Aim {
        let mut state = self.state();
        let attempts_left = self.0.retries.saturating_sub(state.attempts);
        state.attempts += 1;
        let mut others = 0;
        if board.lists(&state.authority) {
            let in_service = board.in_service();
            let endpoint = state.next(&in_service);
            if !state.tried.contains(&endpoint) {
                state.tried.push(endpoint);
            }
            state.current = Some(endpoint);
            state.authority = board.authority(endpoint).clone();
            others = state.untried(&in_service).count();
        }
        state.missed = false;
        let shares = others.min(attempts_left as usize) as u32 + 1;
        let left = self.time_left();
        let share = left / shares;
        let limit = cap.map_or(share, |cap| cap.min(share));
        Aim {
            number: state.attempts,
            endpoint: state.current,
            authority: state.authority.clone(),
            limit,
            deadline: if limit == left {
                Deadline::Call
            } else {
                Deadline::Attempt
            },
        }
    }

    /// The attempt has not reached its endpoint: the next one goes elsewhere.
    pub(super) fn missed(&self) {
        self.state().missed = true;
    }

    /// Whether another endpoint can take over from one that was not reached.
    pub(super) fn can_move(&self, board: &Arc<Board>) -> bool {
        let state = self.state();
        state.missed
            && state.current.is_some()
            && state.untried(&board.in_service()).next().is_some()
    }

    /// Keeps why an attempt is repeated, for the case that time runs out meanwhile.
    pub(super) fn keep(&self, failure: Error) {
        self.state().failure = Some(failure);
    }

    /// The deadline has passed; the last failure says more than that.
    pub(super) fn timed_out(&self) -> Error {
        let failure = mem::take(&mut self.state().failure);
        Error::from(ErrorKind::Timeout(Deadline::Call)).caused_by(failure)
    }

    pub(super) fn trip(&self) -> Trip {
        let state = self.state();
        Trip {
            attempts: state.attempts,
            endpoint: state.authority.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The endpoint for the next attempt.
    fn next(&self, in_service: &[usize]) -> usize {
        let Some(current) = self.current else {
            return in_service[0];
        };
        if !self.missed && in_service.contains(&current) {
            return current;
        }
        if let Some(untried) = self.untried(in_service).next() {
            return untried;
        }
        // All have been tried: round again.
        let after = in_service.iter().find(|&&endpoint| endpoint > current);
        *after.unwrap_or(&in_service[0])
    }

    fn untried(&self, in_service: &[usize]) -> impl Iterator<Item = usize> {
        in_service
            .iter()
            .copied()
            .filter(|endpoint| !self.tried.contains(endpoint))
    }
}
