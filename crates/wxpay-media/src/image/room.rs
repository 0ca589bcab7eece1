//! A bound on the memory that pictures take.

mod buffers;

use std::{fmt, mem, path::Path, sync::Arc};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Image, ImageError, name::FileName, read};
use buffers::Buffers;

/// What a picture takes before its size is known.
const LARGEST: u32 = Image::LIMIT as u32;

/// Room in memory for pictures that are read from files: with it, however many uploads are started
/// at once, only as many pictures are in memory as fit; the others wait unread.
///
/// A picture has its place until nobody has its bytes any more: neither the [`Image`] nor the request
/// that is made of it. Clones share the room. Why not [`Image::from_path`]: it reads at once, and a
/// thousand pictures at once take two gigabytes.
///
/// ```no_run
/// # async fn example(client: wxpay_media::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use wxpay_media::Room;
///
/// let room = Room::default();
/// let mut uploads = tokio::task::JoinSet::new();
/// for index in 0..1000 {
///     let (client, room) = (client.clone(), room.clone());
///     uploads.spawn(async move {
///         let image = room.read(format!("{index}.jpg")).await?;
///         Ok::<_, wxpay_media::Error>(client.upload(image).await?)
///     });
/// }
/// while let Some(done) = uploads.join_next().await {
///     println!("{}", done??);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Room {
    free: Arc<Semaphore>,
    buffers: Buffers,
}

impl Room {
    /// Room for so many bytes, and at least for one picture of any size.
    ///
    /// ```
    /// let eight_of_the_largest = wxpay_media::Room::new(8 * wxpay_media::Image::LIMIT);
    /// # let _ = eight_of_the_largest;
    /// ```
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let bytes = bytes.clamp(Image::LIMIT, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(bytes)),
            buffers: Buffers::at_most(bytes / Image::LIMIT),
        }
    }

    /// Waits until there is room, then reads a picture as [`Image::from_path`] does.
    ///
    /// Whoever keeps as many images as there is room for waits here for ever: upload and drop them.
    ///
    /// # Errors
    ///
    /// [`ImageError`] when the file cannot be read, is not a regular file, or is no picture to send.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    ///
    /// ```
    /// # async fn example(client: wxpay_media::Client) -> Result<(), wxpay_media::Error> {
    /// let room = wxpay_media::Room::default();
    /// let image = room.read("licence.jpg").await?;
    /// let id = client.upload(image).await?; // the room is free again
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read(&self, path: impl AsRef<Path>) -> Result<Image, ImageError> {
        let path = path.as_ref().to_owned();
        let place = Arc::clone(&self.free).acquire_many_owned(LARGEST).await;
        let place = place.expect("the semaphore is never closed");
        let buffers = self.buffers.clone();
        let task = tokio::task::spawn_blocking(move || {
            let bytes = read::file(&path, buffers.take())?;
            let held = Held::new(bytes, buffers, place);
            Image::new(FileName::of_path(&path)?, Bytes::from_owner(held))
        });
        task.await.map_err(|error| ImageError::Read(error.into()))?
    }
}

/// Room for eight of the largest pictures: 16 MiB.
impl Default for Room {
    fn default() -> Self {
        Self::new(8 * Image::LIMIT)
    }
}

/// How many bytes are free now.
impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room")
            .field("free", &self.free.available_permits())
            .finish_non_exhaustive()
    }
}

/// A picture's bytes in their place.
struct Held {
    bytes: Vec<u8>,
    buffers: Buffers,
    _place: OwnedSemaphorePermit,
}

impl Held {
    fn new(bytes: Vec<u8>, buffers: Buffers, mut place: OwnedSemaphorePermit) -> Self {
        // What the picture does not need is free again.
        drop(place.split(place.num_permits().saturating_sub(bytes.len())));
        Self {
            bytes,
            buffers,
            _place: place,
        }
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Before the place is free, so that whoever waits for it finds a buffer.
        self.buffers.give_back(mem::take(&mut self.bytes));
    }
}
