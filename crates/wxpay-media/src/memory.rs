//! A bound on the memory that pictures take.

use std::{
    fmt, mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::image::{self, Image, ImageError};

/// A budget of memory for pictures that are read from files: however many uploads are started at
/// once, only as many pictures are in memory as fit; the others wait unread.
///
/// A picture has its share until nobody has its bytes any more: neither the [`Image`] nor the request
/// that is made of it. Clones share the budget. [`Image::from_path`] has no budget: a thousand
/// pictures at once take two gigabytes.
///
/// ```no_run
/// # async fn example(client: wxpay_media::Client) {
/// use wxpay_media::MemoryBudget;
///
/// let budget = MemoryBudget::default();
/// for index in 0..1000 {
///     let (client, budget) = (client.clone(), budget.clone());
///     tokio::spawn(async move {
///         let image = budget.read(format!("{index}.jpg")).await?;
///         client.upload(&image).await
///     });
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryBudget(Arc<Shared>);

struct Shared {
    free: Arc<Semaphore>,
    /// Buffers for pictures of any size, used again. An allocator keeps what was freed by one thread
    /// from others, so that fresh buffers would take several times their size.
    buffers: Mutex<Vec<Vec<u8>>>,
    max_buffers: usize,
}

impl Shared {
    fn buffers(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        // Valid after any statement, so a poisoned lock is safe to reuse.
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryBudget {
    /// So many bytes, and at least enough for one picture of any size.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let bytes = bytes.clamp(Image::LIMIT, Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(bytes));
        let max_buffers = bytes / Image::LIMIT;
        Self(Arc::new(Shared {
            free,
            buffers: Mutex::default(),
            max_buffers,
        }))
    }

    /// Waits until the largest picture fits, then reads one as [`Image::from_path`] does.
    ///
    /// A caller that keeps as many images as fit waits here for ever: upload and drop them.
    ///
    /// # Errors
    ///
    /// [`ImageError`] when the file cannot be read, is not a regular file, or is no picture to send.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn read(&self, path: impl AsRef<Path>) -> Result<Image, ImageError> {
        let path = path.as_ref().to_owned();
        let shared = Arc::clone(&self.0);
        let share = Arc::clone(&shared.free)
            .acquire_many_owned(Image::LIMIT as u32)
            .await;
        let mut share = share.expect("the semaphore is never closed");
        let task = tokio::task::spawn_blocking(move || {
            let idle = shared.buffers().pop();
            // Pages that are never written to take no memory.
            let buffer = idle.unwrap_or_else(|| Vec::with_capacity(Image::LIMIT));
            let bytes = image::read(&path, buffer)?;
            drop(share.split(share.num_permits().saturating_sub(bytes.len())));
            let held = Held {
                bytes,
                shared,
                _share: share,
            };
            Image::new(image::name_of(&path)?, Bytes::from_owner(held))
        });
        task.await.map_err(|error| ImageError::Read(error.into()))?
    }
}

/// Enough for eight of the largest pictures: 16 MiB.
impl Default for MemoryBudget {
    fn default() -> Self {
        Self::new(8 * Image::LIMIT)
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget")
            .field("free", &self.0.free.available_permits())
            .finish_non_exhaustive()
    }
}

/// A picture's bytes with their share of the budget.
struct Held {
    bytes: Vec<u8>,
    shared: Arc<Shared>,
    _share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Before the share is free, so that a reader that waits for it finds a buffer.
        let mut bytes = mem::take(&mut self.bytes);
        bytes.clear();
        let mut buffers = self.shared.buffers();
        if buffers.len() < self.shared.max_buffers {
            buffers.push(bytes);
        }
    }
}
