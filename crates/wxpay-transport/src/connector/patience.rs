//! How long a connection waits for the other side to take something.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

/// A timer that runs while a write is pending.
pub(super) struct Patience {
    duration: Duration,
    /// Boxed, as it is rarely needed.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) fn new(duration: Duration) -> Self {
        Self {
            duration,
            timer: None,
        }
    }

    /// Something was taken.
    pub(super) fn renew(&mut self) {
        self.timer = None;
    }

    /// Nothing was taken, again: ready when that has lasted too long.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep(self.duration)));
        timer.as_mut().poll(cx)
    }
}
