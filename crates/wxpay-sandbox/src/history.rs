//! The last calls.

mod pictures;
mod watch;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::record::RecordedRequest;

pub use pictures::Pictures;
pub use watch::Watch;

const CALLS: usize = 200;
/// Of all pictures together; the oldest go first.
const PICTURES: usize = 32 * 1024 * 1024;
/// A watcher that is slower than that misses calls.
const WATCHED: usize = 256;

/// The last calls of a sandbox; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct History {
    kept: Arc<Mutex<Kept>>,
    news: broadcast::Sender<Arc<RecordedRequest>>,
}

#[derive(Debug, Default)]
struct Kept {
    last_number: u64,
    calls: VecDeque<Arc<RecordedRequest>>,
    pictures: VecDeque<(u64, Bytes)>,
    /// Of the pictures.
    bytes: usize,
}

impl Default for History {
    fn default() -> Self {
        Self {
            kept: Arc::default(),
            news: broadcast::Sender::new(WATCHED),
        }
    }
}

impl History {
    /// Adds a call, gives it its number, and tells whoever watches.
    pub(crate) fn add(&self, mut request: RecordedRequest, picture: Option<Bytes>) {
        let mut kept = self.kept();
        kept.last_number += 1;
        request.number = kept.last_number;
        if let Some(picture) = picture {
            kept.keep_picture(request.number, &picture);
        }
        let request = Arc::new(request);
        kept.calls.push_back(Arc::clone(&request));
        if kept.calls.len() > CALLS {
            kept.calls.pop_front();
        }
        // Told under the lock, so that it is in order. Whether anybody listens does not matter.
        let _listeners = self.news.send(request);
    }

    /// The oldest first.
    pub(crate) fn calls(&self) -> Vec<Arc<RecordedRequest>> {
        self.kept().calls.iter().cloned().collect()
    }

    pub(crate) fn call(&self, number: u64) -> Option<Arc<RecordedRequest>> {
        let kept = self.kept();
        kept.calls
            .iter()
            .find(|call| call.number == number)
            .cloned()
    }

    pub(crate) fn picture(&self, number: u64) -> Option<Bytes> {
        self.kept().picture(number)
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch::new(self.news.subscribe())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn picture(&self, number: u64) -> Option<Bytes> {
        let mut pictures = self.pictures.iter();
        let found = pictures.find(|picture| picture.0 == number);
        found.map(|picture| picture.1.clone())
    }

    fn keep_picture(&mut self, number: u64, picture: &[u8]) {
        // A copy, for the bytes may be a part of the whole body.
        self.pictures
            .push_back((number, Bytes::copy_from_slice(picture)));
        self.bytes += picture.len();
        let oldest = number.saturating_sub(CALLS as u64);
        while let Some((number, picture)) = self.pictures.front()
            && (self.bytes > PICTURES || *number <= oldest)
        {
            self.bytes -= picture.len();
            self.pictures.pop_front();
        }
    }
}
