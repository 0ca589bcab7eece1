//! How much of all bodies together is in memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is reserved at a time.
const BLOCK: usize = 64 * 1024;

/// A number of bytes, shared by all bodies that are being read. Whoever finds none left waits; each
/// body has a deadline, so that this ends.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

/// A part of a budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    budget: Budget,
    permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / BLOCK)))
    }

    pub(super) fn reserve_nothing(&self) -> Reserved {
        Reserved {
            budget: self.clone(),
            permit: None,
        }
    }
}

impl Reserved {
    /// Waits until it covers so many bytes in all.
    pub(super) async fn cover(&mut self, bytes: usize) {
        let has = self
            .permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let lacks = bytes.div_ceil(BLOCK).saturating_sub(has);
        if lacks == 0 {
            return;
        }
        let lacks = u32::try_from(lacks).unwrap_or(u32::MAX);
        // It is never closed.
        if let Ok(more) = Arc::clone(&self.budget.0).acquire_many_owned(lacks).await {
            match &mut self.permit {
                Some(permit) => permit.merge(more),
                None => self.permit = Some(more),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_finds_none_left_waits_for_others() {
        let budget = Budget::new(4 * BLOCK);
        let (mut one, mut other) = (budget.reserve_nothing(), budget.reserve_nothing());
        one.cover(1).await;
        one.cover(BLOCK).await;
        one.cover(2 * BLOCK + 1).await;
        other.cover(BLOCK).await;
        assert!(other.cover(BLOCK + 1).now_or_never().is_none());
        drop(one);
        other.cover(4 * BLOCK).await;
    }
}
