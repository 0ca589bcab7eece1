//! Which attempts are repeated, and when.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::sleep;
use tower::{
    retry::{
        Policy,
        budget::{Budget, TpsBudget},
    },
    util::rng::{HasherRng, Rng},
};
use tracing::debug;

use super::{call::Call, retry_after::retry_after};
use crate::{Backoff, Deadline, Error, ErrorKind, Judgement, endpoints::Board, error::may_pass};

/// The policy of the one loop that repeats attempts.
#[derive(Clone)]
pub(super) struct RetryPolicy {
    board: Arc<Board>,
    backoff: Backoff,
    shared: Arc<Shared>,
    /// How many times this call has waited; the policy is cloned for each call.
    waited: u32,
}

struct Shared {
    /// Over all calls: when much fails, little is repeated.
    budget: TpsBudget,
    random: Mutex<HasherRng>,
}

/// Repetitions that are always allowed, each second.
const RESERVE: u32 = 10;
/// What is allowed beyond, as a share of the calls that went well in the last [`MEMORY`].
const SHARE: f32 = 0.2;
const MEMORY: Duration = Duration::from_secs(10);

/// What is to be done with an attempt's result.
enum Repeat {
    No,
    /// At once, at another endpoint.
    Elsewhere,
    After(Duration),
}

impl RetryPolicy {
    pub(super) fn new(board: Arc<Board>, backoff: Backoff) -> Self {
        Self {
            board,
            backoff,
            shared: Arc::new(Shared {
                budget: TpsBudget::new(MEMORY, RESERVE, SHARE),
                random: Mutex::new(HasherRng::new()),
            }),
            waited: 0,
        }
    }

    fn judge(&mut self, call: &Call, result: &Result<Response<Bytes>, Error>) -> Repeat {
        let asked = match result {
            Ok(reply) => match reply.extensions().get() {
                None | Some(Judgement::Done) => {
                    self.shared.budget.deposit();
                    return Repeat::No;
                }
                Some(judgement) => {
                    // To be refused for one's own haste says nothing of the server's health.
                    let is_free = *judgement == Judgement::SlowDown;
                    if !call.may_repeat() || !(is_free || self.shared.budget.withdraw()) {
                        return Repeat::No;
                    }
                    retry_after(reply.headers())
                }
            },
            Err(error) => {
                let moves = call.can_move(&self.board);
                if !is_repeated(error.kind(), moves)
                    || !call.may_repeat()
                    || !self.shared.budget.withdraw()
                {
                    return Repeat::No;
                }
                if moves {
                    return Repeat::Elsewhere;
                }
                None
            }
        };
        let backoff = self.backoff.delay(self.waited, self.random());
        self.waited += 1;
        Repeat::After(backoff.max(asked.unwrap_or_default()))
    }

    fn random(&self) -> f64 {
        let mut random = self
            .shared
            .random
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        random.next_f64()
    }
}

impl<B: Clone> Policy<Request<B>, Response<Bytes>, Error> for RetryPolicy {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(
        &mut self,
        request: &mut Request<B>,
        result: &mut Result<Response<Bytes>, Error>,
    ) -> Option<Self::Future> {
        let call = Call::of(request.extensions());
        let wait = match self.judge(&call, result) {
            Repeat::No => return None,
            Repeat::Elsewhere => Duration::ZERO,
            Repeat::After(wait) => wait,
        };
        // A wait that outlasts the call would only make its error later, and vaguer.
        if wait >= call.time_left() {
            return None;
        }
        debug!(
            attempts = call.attempts(),
            milliseconds = wait.as_millis(),
            "repeating"
        );
        if result.is_err()
            && let Err(failure) = mem::replace(result, Err(ErrorKind::Closed.into()))
        {
            call.keep(failure);
        }
        Some(Box::pin(sleep(wait)))
    }

    fn clone_request(&mut self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }
}

fn is_repeated(kind: ErrorKind, moves: bool) -> bool {
    match kind {
        ErrorKind::Connect | ErrorKind::Closed | ErrorKind::Timeout(Deadline::Connect) => true,
        ErrorKind::Timeout(Deadline::Attempt) => moves,
        ErrorKind::Proxy(fault) => may_pass(fault),
        _ => false,
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}
