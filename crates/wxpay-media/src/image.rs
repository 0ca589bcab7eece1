//! A picture that is worth sending.

mod error;
mod name;
mod read;
mod room;

use std::{fmt, path::Path};

use bytes::Bytes;
use tokio::io::AsyncRead;
use wxpay_picture::{Content, Format};
use wxpay_sign::{ContentHash, ContentMd5};
use wxpay_transport::Progress;

pub use error::{ImageError, Warning};
pub use name::InvalidName;
pub use room::Room;

use name::FileName;

/// A picture in memory, checked for everything that the gateway would refuse it for.
///
/// Its hash and the body that is sent come from the same bytes, read once: a file that changes
/// afterwards cannot make them differ.
///
/// ```
/// use wxpay_media::{Format, Image, ImageError};
///
/// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
/// let image = Image::from_bytes("licence.png", png)?;
/// assert_eq!(image.format(), Format::Png);
///
/// let text = Image::from_bytes("licence.jpg", "BMW is a car").unwrap_err();
/// assert!(text.to_string().starts_with("the file is text"));
/// # Ok::<(), ImageError>(())
/// ```
#[derive(Clone)]
pub struct Image {
    name: FileName,
    renamed: bool,
    format: Format,
    bytes: Bytes,
    hash: ContentHash,
    progress: Option<Progress>,
}

impl Image {
    /// A picture must have fewer bytes than this: 2 MiB.
    ///
    /// The API's page says "less than 2M" and no more; from [`WARN_FROM`](Self::WARN_FROM) on it
    /// may have meant less.
    pub const LIMIT: usize = 2 * 1024 * 1024;

    /// From this many bytes on, a picture has a [`Warning::NearLimit`].
    pub const WARN_FROM: usize = 2_000_000;

    /// Reads a regular file on Tokio's blocking threads.
    ///
    /// The name that is sent is the path's last part with the format's extension; what the gateway
    /// does not take in a name (control characters, characters beyond U+FFFF, a final backslash)
    /// becomes `_`.
    ///
    /// # Errors
    ///
    /// [`ImageError`] when it cannot be read, is not a regular file, or is no picture to send. A
    /// file that is too large is not read.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), wxpay_media::ImageError> {
    /// let image = wxpay_media::Image::from_path("licence.jpg").await?;
    /// println!("{} bytes, MD5 {}", image.bytes().len(), image.hash());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn from_path(path: impl AsRef<Path>) -> Result<Self, ImageError> {
        let path = path.as_ref().to_owned();
        let task = tokio::task::spawn_blocking(move || {
            let bytes = read::file(&path, Vec::new())?;
            Self::new(FileName::of_path(&path)?, bytes.into())
        });
        task.await.map_err(|error| ImageError::Read(error.into()))?
    }

    /// Takes a picture that is in memory already, under the name that is to be sent.
    ///
    /// An extension that is not the format's is replaced: the gateway may refuse it, and the name is
    /// not signed. A [`Warning::Renamed`] says so.
    ///
    /// # Errors
    ///
    /// [`ImageError`] when the name cannot be sent or the bytes are no picture to send.
    ///
    /// ```
    /// use wxpay_media::{Image, ImageError};
    ///
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// let image = Image::from_bytes("营业执照.png", png)?;
    /// assert_eq!(image.name(), "营业执照.png");
    /// assert!(matches!(Image::from_bytes("a.png", ""), Err(ImageError::Empty)));
    /// # Ok::<(), ImageError>(())
    /// ```
    pub fn from_bytes(
        name: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Result<Self, ImageError> {
        Self::new(FileName::new(name.into())?, bytes.into())
    }

    /// Reads a picture to its end, under the name that is to be sent.
    ///
    /// It stops at [`LIMIT`](Self::LIMIT), so an endless reader is refused, not swallowed.
    ///
    /// # Errors
    ///
    /// [`ImageError`] when reading fails, the name cannot be sent or the bytes are no picture to
    /// send.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let endless = tokio::io::repeat(b'x');
    /// let error = wxpay_media::Image::from_reader("a.jpg", endless).await.unwrap_err();
    /// assert!(matches!(error, wxpay_media::ImageError::TooLarge { .. }));
    /// # }
    /// ```
    pub async fn from_reader(
        name: impl Into<String>,
        reader: impl AsyncRead + Unpin,
    ) -> Result<Self, ImageError> {
        let name = FileName::new(name.into())?;
        Self::new(name, read::stream(reader).await?.into())
    }

    fn new(name: FileName, bytes: Bytes) -> Result<Self, ImageError> {
        match bytes.len() {
            0 => return Err(ImageError::Empty),
            size @ Self::LIMIT.. => return Err(ImageError::TooLarge { size: Some(size) }),
            _ => {}
        }
        let format = match Content::of(&bytes) {
            Content::Picture(format) => format,
            other => {
                let (found, advice) = (other.to_string(), other.advice());
                return Err(ImageError::NotAPicture { found, advice });
            }
        };
        let hash = ContentMd5::of(&bytes);
        let (name, renamed) = name.with_extension_of(format);
        Ok(Self {
            name,
            renamed,
            format,
            bytes,
            hash,
            progress: None,
        })
    }

    /// Has a callback told how much of the upload has been sent: of the whole form, which is a little
    /// longer than the picture. See [`Progress`] for when, and for what a retry does.
    ///
    /// ```
    /// use wxpay_media::{Image, Progress};
    ///
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// let image = Image::from_bytes("licence.png", png)?
    ///     .with_progress(Progress::new(|sent| eprintln!("{sent} bytes")));
    /// # Ok::<(), wxpay_media::ImageError>(())
    /// ```
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    pub(crate) fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    /// The file name that is sent.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), wxpay_media::ImageError> {
    /// let image = wxpay_media::Image::from_path("/home/shop/licence.jpg").await?;
    /// assert_eq!(image.name(), "licence.jpg");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// What the bytes are, whatever the name says.
    ///
    /// ```
    /// use wxpay_media::{Format, Image};
    ///
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// let image = Image::from_bytes("licence.jpg", png)?; // renamed, not converted
    /// assert_eq!(image.format(), Format::Png);
    /// # Ok::<(), wxpay_media::ImageError>(())
    /// ```
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The picture.
    ///
    /// ```
    /// use wxpay_media::Image;
    ///
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// let image = Image::from_bytes("licence.png", png)?;
    /// assert_eq!(image.bytes(), png);
    /// # Ok::<(), wxpay_media::ImageError>(())
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The MD5 of the bytes, as `media_hash` has it.
    ///
    /// ```
    /// use wxpay_media::Image;
    ///
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// let image = Image::from_bytes("licence.png", png)?;
    /// assert_eq!(image.hash().as_str().len(), 32); // hex digits, as `md5sum` prints them
    /// # Ok::<(), wxpay_media::ImageError>(())
    /// ```
    #[must_use]
    pub fn hash(&self) -> &ContentHash {
        &self.hash
    }

    /// What may make the gateway refuse the picture, though the specification does not say so, and
    /// what was changed so that it does not.
    ///
    /// ```
    /// use wxpay_media::{Format, Image, Warning};
    ///
    /// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
    /// let image = Image::from_bytes("licence.jpg", png)?; // only the header of a PNG
    /// let name = "licence.png".to_owned();
    /// let warnings: Vec<_> = image.warnings().collect();
    /// assert_eq!(warnings, [Warning::Truncated { format: Format::Png }, Warning::Renamed { name }]);
    /// # Ok::<(), wxpay_media::ImageError>(())
    /// ```
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        let (format, size) = (self.format, self.bytes.len());
        let truncated = !format.is_whole(&self.bytes);
        [
            truncated.then_some(Warning::Truncated { format }),
            (size >= Self::WARN_FROM).then_some(Warning::NearLimit { size }),
            self.renamed.then(|| Warning::Renamed {
                name: self.name().to_owned(),
            }),
        ]
        .into_iter()
        .flatten()
    }
}

/// Shows everything but the picture itself.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("name", &self.name.as_str())
            .field("format", &self.format)
            .field("size", &self.bytes.len())
            .field("hash", &self.hash.as_str())
            .finish()
    }
}
