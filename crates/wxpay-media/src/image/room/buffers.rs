//! Buffers that are used again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Image;

/// Buffers for pictures of any size. An allocator keeps what was freed by one thread from others, so
/// that fresh buffers of as many threads as read would take several times their size.
#[derive(Clone)]
pub(super) struct Buffers {
    idle: Arc<Mutex<Vec<Vec<u8>>>>,
    most: usize,
}

impl Buffers {
    pub(super) fn at_most(most: usize) -> Self {
        Self {
            idle: Arc::default(),
            most,
        }
    }

    /// An empty buffer.
    pub(super) fn take(&self) -> Vec<u8> {
        let idle = self.idle().pop();
        // Pages that are never written to take no memory.
        idle.unwrap_or_else(|| Vec::with_capacity(Image::LIMIT))
    }

    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut idle = self.idle();
        if idle.len() < self.most {
            idle.push(buffer);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
