//! The time and the steps of one attempt's connecting.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{task_local, time::Instant};

use crate::error::Step;

task_local! {
    /// The connecting of the attempt that is being polled: hyper's client hands its connector no more
    /// than a URI.
    static CONNECTING: Arc<Connecting>;
}

/// How long an attempt may connect, and how far it has come.
#[derive(Debug)]
pub(crate) struct Connecting {
    pub(super) begun: Instant,
    /// None where the call's own deadline comes first.
    pub(super) end: Option<Instant>,
    step: Mutex<Step>,
}

impl Connecting {
    pub(crate) fn new(begun: Instant, end: Option<Instant>) -> Arc<Self> {
        Arc::new(Self {
            begun,
            end,
            step: Mutex::new(Step::Resolve),
        })
    }

    /// Polls a request of the attempt.
    pub(crate) async fn scope<F: Future>(self: Arc<Self>, request: F) -> F::Output {
        CONNECTING.scope(self, request).await
    }

    /// The one of the attempt that is being polled; a probe has no attempt.
    pub(super) fn current() -> Option<Arc<Self>> {
        CONNECTING.try_with(Arc::clone).ok()
    }

    pub(crate) fn step(&self) -> Step {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reach(&self, step: Step) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }
}
