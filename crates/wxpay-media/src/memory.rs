//! A bound on the memory of pictures.

use std::{
    fmt, io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::{spawn_blocking, yield_now},
};
use wxpay_sign::ContentMd5;

use crate::image::{self, Checked, Image, ImageError};

/// Maximum number of pictures that are read and hashed together: more are hardly hashed faster,
/// and the first would wait longer.
const MAX_GROUP: usize = 16;

/// Time that a picture waits for others while half of the budget is being sent. With 8 MiB to send,
/// only a line of 22 Gbit/s would be idle by then.
const GROUP_DELAY: Duration = Duration::from_millis(3);

/// A budget of memory for pictures that are read from files: of any number of uploads at once, only
/// as many pictures are in memory as fit; the others wait unread.
///
/// Pictures that are read at the same time are hashed side by side, in half of the time. One alone
/// does not wait for others; while half of the budget is used, a picture waits for 3 ms.
///
/// A picture has its share until its [`Image`] and the requests made of it are dropped. Clones
/// share the budget. [`Image::from_path`] has no budget: a thousand pictures at once take two
/// gigabytes.
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
    /// Buffers for pictures of any size, used again: an allocator keeps memory freed by one thread
    /// from the others, so fresh buffers would take several times their size.
    buffers: Mutex<Vec<Vec<u8>>>,
    max_bytes: usize,
    /// The queue of the next [`Reader`]; the first entry starts it.
    waiting: Mutex<Vec<Waiting>>,
}

impl Shared {
    fn read(
        self: &Arc<Self>,
        path: &Path,
        mut share: OwnedSemaphorePermit,
    ) -> Result<Checked, ImageError> {
        let idle = lock(&self.buffers).pop();
        // Pages without a write take no memory.
        let buffer = idle.unwrap_or_else(|| Vec::with_capacity(Image::LIMIT));
        let bytes = image::read(path, buffer)?;
        drop(share.split(share.num_permits().saturating_sub(bytes.len())));
        let held = Held {
            bytes,
            shared: Arc::clone(self),
            _share: share,
        };
        Checked::new(image::name_of(path)?, Bytes::from_owner(held))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryBudget {
    /// A budget of this many bytes, or enough for the largest picture.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let bytes = bytes.clamp(Image::LIMIT, Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(bytes));
        Self(Arc::new(Shared {
            free,
            buffers: Mutex::default(),
            max_bytes: bytes,
            waiting: Mutex::default(),
        }))
    }

    /// Waits until the largest picture fits, then reads one as [`Image::from_path`] does.
    ///
    /// A caller that keeps as many images as fit waits for ever: upload and drop them.
    ///
    /// # Errors
    ///
    /// As [`Image::read`].
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn read(&self, path: impl AsRef<Path>) -> Result<Image, ImageError> {
        let path = path.as_ref().to_owned();
        let share = Arc::clone(&self.0.free).acquire_many_owned(Image::LIMIT as u32);
        let share = share.await.expect("the semaphore is never closed");
        // Other tasks that are ready run first, so that they are in the same group.
        yield_now().await;
        let (answer, image) = oneshot::channel();
        let is_first = {
            let mut waiting = lock(&self.0.waiting);
            waiting.push(Waiting {
                path,
                share,
                answer,
            });
            waiting.len() == 1
        };
        if is_first {
            let reader = Reader(Arc::clone(&self.0));
            spawn_blocking(move || drop(reader));
        }
        let stopped = |_| io::Error::other("the thread that read it has panicked");
        image.await.map_err(stopped).map_err(ImageError::Read)?
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

/// A picture that is to be read, and its share of the budget.
struct Waiting {
    path: PathBuf,
    share: OwnedSemaphorePermit,
    answer: oneshot::Sender<Result<Image, ImageError>>,
}

/// Reads and hashes the waiting pictures on drop, so that a runtime that shuts down does it, too:
/// they may be of another runtime with the same budget.
struct Reader(Arc<Shared>);

impl Drop for Reader {
    fn drop(&mut self) {
        let reserved = lock(&self.0.waiting).len() * Image::LIMIT;
        let used = self.0.max_bytes - self.0.free.available_permits();
        if used.saturating_sub(reserved) >= self.0.max_bytes / 2 {
            thread::sleep(GROUP_DELAY);
        }
        let mut waiting = mem::take(&mut *lock(&self.0.waiting));
        // Their callers may be gone.
        waiting.retain(|waiting| !waiting.answer.is_closed());
        while !waiting.is_empty() {
            let group = waiting.drain(..waiting.len().min(MAX_GROUP));
            let mut pictures = Vec::with_capacity(group.len());
            for one in group {
                match self.0.read(&one.path, one.share) {
                    Ok(picture) => pictures.push((picture, one.answer)),
                    Err(error) => drop(one.answer.send(Err(error))),
                }
            }
            let contents: Vec<_> = pictures
                .iter()
                .map(|(picture, _)| picture.bytes())
                .collect();
            let hashes = ContentMd5::of_many(&contents);
            for ((picture, answer), hash) in pictures.into_iter().zip(hashes) {
                drop(answer.send(Ok(picture.hashed(hash))));
            }
        }
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
        // Before the share is free: a reader that waits for it then finds a buffer.
        let mut bytes = mem::take(&mut self.bytes);
        bytes.clear();
        let mut buffers = lock(&self.shared.buffers);
        if buffers.len() < self.shared.max_bytes / Image::LIMIT {
            buffers.push(bytes);
        }
    }
}
