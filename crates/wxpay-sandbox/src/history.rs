//! The last calls of a sandbox.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, broadcast};

use crate::{
    limits::{BODIES, CALLS},
    record::RecordedRequest,
    rules::PICTURE_LIMIT,
};

/// Maximum number of calls that wait for a watcher; a slower one misses the oldest.
const WATCHED: usize = 256;

/// The last calls of a sandbox; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct History {
    shared: Arc<Shared>,
    news: broadcast::Sender<Arc<RecordedRequest>>,
}

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    /// Signalled when an announced call is recorded.
    recorded: Condvar,
    recorded_async: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    last_number: u64,
    /// Calls that are announced and not yet recorded, in their order.
    announced: VecDeque<u64>,
    calls: VecDeque<Entry>,
}

/// A call, and if it is remembered, its body with the range of the picture.
type Entry = (Arc<RecordedRequest>, Option<Body>);
type Body = (Bytes, Range<usize>);

impl Default for History {
    fn default() -> Self {
        Self {
            shared: Arc::default(),
            news: broadcast::Sender::new(WATCHED),
        }
    }
}

impl History {
    /// A number for a call that will be recorded.
    pub(crate) fn announce(&self) -> u64 {
        let mut kept = self.shared.lock();
        kept.last_number += 1;
        let number = kept.last_number;
        kept.announced.push_back(number);
        number
    }

    /// Records an announced call, and sends it to all watchers.
    pub(crate) fn add(&self, request: RecordedRequest, body: Option<Body>) {
        let mut kept = self.shared.lock();
        let number = request.number;
        kept.announced.retain(|announced| *announced != number);
        let request = Arc::new(request);
        let body = body.filter(|(_, picture)| picture.len() < PICTURE_LIMIT);
        // In a flood, calls without findings come before earlier ones that wait for theirs.
        let at = kept.calls.partition_point(|(call, _)| call.number < number);
        kept.calls.insert(at, (Arc::clone(&request), body));
        if kept.calls.len() > CALLS {
            kept.calls.pop_front();
        }
        let mut left = BODIES;
        for (_, kept_body) in kept.calls.iter_mut().rev() {
            let length = kept_body.as_ref().map_or(0, |(body, _)| body.len());
            if length > left {
                *kept_body = None;
            }
            left = left.saturating_sub(length);
        }
        // Under the lock, so that calls are sent in order; without watchers this is an error.
        let _watchers = self.news.send(request);
        drop(kept);
        self.shared.recorded.notify_all();
        self.shared.recorded_async.notify_waiters();
    }

    /// Blocks the thread until all calls announced so far are recorded, for some milliseconds.
    pub(crate) fn settle_blocking(&self) {
        let kept = self.shared.lock();
        let last = kept.last_number;
        let wait = |kept: &mut Kept| kept.is_waiting(last);
        drop(self.shared.recorded.wait_while(kept, wait));
    }

    /// The same without blocking.
    pub(crate) async fn settle(&self) {
        let last = self.shared.lock().last_number;
        loop {
            let recorded = self.shared.recorded_async.notified();
            if !self.shared.lock().is_waiting(last) {
                return;
            }
            recorded.await;
        }
    }

    /// The oldest first.
    pub(crate) fn calls(&self) -> Vec<Arc<RecordedRequest>> {
        let kept = self.shared.lock();
        kept.calls
            .iter()
            .map(|(call, _)| Arc::clone(call))
            .collect()
    }

    pub(crate) fn call(&self, number: u64) -> Option<Arc<RecordedRequest>> {
        Some(self.shared.entry(number)?.0)
    }

    pub(crate) fn picture(&self, number: u64) -> Option<Bytes> {
        self.shared.picture(number)
    }

    /// The whole body, if it is remembered.
    pub(crate) fn body(&self, number: u64) -> Option<Bytes> {
        Some(self.shared.entry(number)?.1?.0)
    }

    /// Forgets all calls; their numbers are not used again.
    pub(crate) fn clear(&self) {
        self.shared.lock().calls.clear();
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch {
            news: self.news.subscribe(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // The data is valid after any statement, so a poisoned lock is safe to reuse.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, number: u64) -> Option<Entry> {
        let kept = self.lock();
        let mut calls = kept.calls.iter();
        calls.find(|(call, _)| call.number == number).cloned()
    }

    fn picture(&self, number: u64) -> Option<Bytes> {
        let (body, picture) = self.entry(number)?.1?;
        Some(body.slice(picture))
    }
}

impl Kept {
    fn is_waiting(&self, last: u64) -> bool {
        self.announced.front().is_some_and(|first| *first <= last)
    }
}

/// A stream of the calls of a [`Sandbox`](crate::Sandbox), each once it is recorded.
#[derive(Debug)]
pub struct Watch {
    news: broadcast::Receiver<Arc<RecordedRequest>>,
    /// Without the sender of `news`, which would keep the stream open when the sandbox has ended.
    shared: Arc<Shared>,
}

impl Watch {
    /// The next call; none when the sandbox is gone. Dropping this future loses no call.
    ///
    /// A watcher that is more than 256 calls behind misses the oldest, and sees a gap in the
    /// numbers.
    pub async fn next(&mut self) -> Option<Arc<RecordedRequest>> {
        loop {
            match self.news.recv().await {
                Ok(request) => return Some(request),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// As [`Sandbox::media`](crate::Sandbox::media), also when the sandbox is gone.
    #[must_use]
    pub fn media(&self, number: u64) -> Option<Bytes> {
        self.shared.picture(number)
    }
}
