//! Pictures, checked before they are sent.

use std::{
    borrow::Cow,
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use wxpay_picture::{Content, Format};
use wxpay_sign::{ContentHash, ContentMd5};

/// A picture in memory that keeps the gateway's rules.
///
/// Its hash and the body of the request come from the same bytes, read once: a file that changes
/// later cannot make them differ. A clone shares the bytes.
///
/// ```
/// use wxpay_media::{Format, Image, ImageError};
///
/// # let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0".as_slice();
/// let image = Image::from_bytes("营业执照.jpg", png)?; // renamed, not converted
/// assert_eq!(image.format(), Format::Png);
/// assert_eq!(image.name(), "营业执照.png");
/// assert_eq!(image.hash().as_str().len(), 32); // hex digits, as `md5sum` prints them
///
/// let text = Image::from_bytes("licence.jpg", "BMW is a car").unwrap_err();
/// assert!(text.to_string().starts_with("the file is text"));
/// # Ok::<(), ImageError>(())
/// ```
#[derive(Clone)]
pub struct Image {
    checked: Checked,
    hash: ContentHash,
}

/// A picture without its hash.
#[derive(Clone)]
pub(crate) struct Checked {
    name: String,
    is_renamed: bool,
    format: Format,
    bytes: Bytes,
}

impl Image {
    /// A picture must have fewer bytes than this: 2 MiB.
    ///
    /// The API's page says only "less than 2M", which may mean [`WARN_FROM`](Self::WARN_FROM).
    pub const LIMIT: usize = 2 * 1024 * 1024;

    /// From this many bytes on, a picture has a [`Warning::NearLimit`].
    pub const WARN_FROM: usize = 2_000_000;

    /// Reads a regular file on Tokio's blocking threads, as [`read`](Self::read) does.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub async fn from_path(path: impl AsRef<Path>) -> Result<Self, ImageError> {
        let path = path.as_ref().to_owned();
        let task = tokio::task::spawn_blocking(move || Self::read(path));
        task.await.map_err(|error| ImageError::Read(error.into()))?
    }

    /// Reads a regular file, and blocks meanwhile.
    ///
    /// The name that is sent is the path's last part with the format's extension, and `_` in place
    /// of control characters, characters beyond U+FFFF and a final backslash.
    ///
    /// # Errors
    ///
    /// [`ImageError`]. A file that is too large is not read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ImageError> {
        let path = path.as_ref();
        Ok(Checked::new(name_of(path)?, read(path, Vec::new())?.into())?.alone())
    }

    /// Takes a picture in memory, and the name to send.
    ///
    /// An extension that is not the format's is replaced, with a [`Warning::Renamed`]: the gateway
    /// may refuse it, and the name is not signed.
    ///
    /// # Errors
    ///
    /// [`ImageError`] when the gateway would refuse the name or the bytes.
    pub fn from_bytes(
        name: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Result<Self, ImageError> {
        Ok(Checked::new(checked(name.into())?, bytes.into())?.alone())
    }

    /// Reads a picture to its end, up to [`LIMIT`](Self::LIMIT), and takes the name to send.
    ///
    /// # Errors
    ///
    /// As [`from_bytes`](Self::from_bytes), and when reading fails.
    pub async fn from_reader(
        name: impl Into<String>,
        reader: impl AsyncRead + Unpin,
    ) -> Result<Self, ImageError> {
        let name = checked(name.into())?;
        let mut bytes = Vec::new();
        let mut reader = reader.take(Self::LIMIT as u64);
        let read = reader.read_to_end(&mut bytes).await;
        read.map_err(ImageError::Read)?;
        if bytes.len() == Self::LIMIT {
            // There may be more bytes.
            return Err(ImageError::TooLarge(None));
        }
        Ok(Checked::new(name, bytes.into())?.alone())
    }

    /// The file name that is sent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.checked.name
    }

    /// The format of the bytes.
    #[must_use]
    pub fn format(&self) -> Format {
        self.checked.format
    }

    /// The picture.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.checked.bytes
    }

    /// The MD5 of the bytes, as `media_hash` has it.
    #[must_use]
    pub fn hash(&self) -> &ContentHash {
        &self.hash
    }

    /// Possible reasons for a refusal beyond the specification, and changes that avoid one.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        let (format, size) = (self.checked.format, self.checked.bytes.len());
        let is_truncated = !format.is_whole(&self.checked.bytes);
        let name = self.checked.is_renamed.then(|| self.checked.name.clone());
        [
            is_truncated.then_some(Warning::Truncated(format)),
            (size >= Self::WARN_FROM).then_some(Warning::NearLimit(size)),
            name.map(Warning::Renamed),
        ]
        .into_iter()
        .flatten()
    }
}

impl Checked {
    /// Checks the bytes; the name has been checked.
    pub(crate) fn new(name: String, bytes: Bytes) -> Result<Self, ImageError> {
        match bytes.len() {
            0 => return Err(ImageError::Empty),
            size @ Image::LIMIT.. => return Err(ImageError::TooLarge(Some(size))),
            _ => {}
        }
        let format = match Content::of(&bytes) {
            Content::Picture(format) => format,
            other => {
                let (found, advice) = (other.to_string(), other.advice());
                return Err(ImageError::NotAPicture { found, advice });
            }
        };
        let (name, is_renamed) = match format.right_name(&name) {
            Cow::Borrowed(_) => (name, false),
            Cow::Owned(right) => (shortened(right), true),
        };
        Ok(Self {
            name,
            is_renamed,
            format,
            bytes,
        })
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn hashed(self, hash: ContentHash) -> Image {
        Image {
            checked: self,
            hash,
        }
    }

    fn alone(self) -> Image {
        let hash = ContentMd5::of(&self.bytes);
        self.hashed(hash)
    }
}

/// Shows everything but the picture.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("name", &self.checked.name)
            .field("format", &self.checked.format)
            .field("size", &self.checked.bytes.len())
            .field("hash", &self.hash.as_str())
            .finish_non_exhaustive()
    }
}

/// A picture was not sent, because it cannot be read or the gateway would refuse it without a hint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file or the reader could not be read; the source says why.
    #[error("the picture cannot be read")]
    Read(#[source] io::Error),
    /// A folder, a pipe or a device. [`Image::from_reader`] reads standard input.
    #[error("not a regular file")]
    NotAFile,
    /// No bytes, as of a stream that was already read.
    #[error("the picture is empty")]
    Empty,
    /// Not under 2 MiB, with the number of bytes if it is known. A picture cannot be sent in parts.
    #[error(
        "the picture is too large{}: the gateway takes less than {} bytes",
        .0.map(|it| format!(" ({it} bytes)")).unwrap_or_default(),
        Image::LIMIT
    )]
    TooLarge(Option<usize>),
    /// No JPEG, PNG or BMP by its header.
    #[error("the file is {found}; the gateway takes JPEG, PNG and BMP")]
    #[non_exhaustive]
    NotAPicture {
        /// The kind of file.
        found: String,
        /// Advice for people.
        advice: &'static str,
    },
    /// The file name cannot be sent.
    #[error(transparent)]
    Name(#[from] FileNameError),
}

impl ImageError {
    /// Advice for people.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Read(_) => "check that the file is there and may be read",
            Self::NotAFile => "give the path of a picture, not of a folder, a pipe or a device",
            Self::Empty => "check what wrote the file; a stream that was read before is empty",
            Self::TooLarge(_) => "scale the picture down or compress it more",
            Self::NotAPicture { advice, .. } => advice,
            Self::Name(_) => "send it under another name",
        }
    }
}

/// A possible reason for a refusal beyond the specification, or a change that avoids one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The end of a picture of this format is missing, as after an interrupted copy or download.
    Truncated(Format),
    /// The number of bytes is at least 2,000,000, which the page's "less than 2M" may mean.
    NearLimit(usize),
    /// The name that is sent, with the format's extension: integrators report refusals of others.
    Renamed(String),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = Image::WARN_FROM;
        match self {
            Self::Truncated(it) => {
                f.write_str("the picture is truncated: ")?;
                write!(f, "the end of the {it} is missing")
            }
            Self::NearLimit(size) => {
                write!(f, "the picture has {size} bytes: the gateway ")?;
                write!(f, "may read its limit of 2M as {limit}")
            }
            Self::Renamed(name) => {
                write!(f, "the picture is sent as `{name}`: the gateway ")?;
                f.write_str("may refuse another extension")
            }
        }
    }
}

/// Reads a file into an empty buffer.
pub(crate) fn read(path: &Path, mut bytes: Vec<u8>) -> Result<Vec<u8>, ImageError> {
    // Checked before opening: opening a pipe without a writer blocks for ever.
    let metadata = path.metadata().map_err(ImageError::Read)?;
    if !metadata.is_file() {
        return Err(ImageError::NotAFile);
    }
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if size >= Image::LIMIT {
        return Err(ImageError::TooLarge(Some(size)));
    }
    bytes.reserve_exact(size + 1);
    let read =
        File::open(path).and_then(|file| file.take(Image::LIMIT as u64).read_to_end(&mut bytes));
    read.map_err(ImageError::Read)?;
    Ok(bytes)
}

/// Maximum number of characters in a name: the API's `string[1,256]` for `media` can only mean
/// that.
const LONGEST_NAME: usize = 256;

/// The API's text is UTF-8 of one to three bytes a character.
fn is_refused(character: char) -> bool {
    character.is_control() || character > '\u{ffff}'
}

fn checked(name: String) -> Result<String, FileNameError> {
    if let Some(before) = name.chars().position(is_refused) {
        return Err(FileNameError::Character(before + 1));
    }
    if name.ends_with('\\') {
        return Err(FileNameError::FinalBackslash);
    }
    match name.chars().count() {
        0 => Err(FileNameError::Empty),
        1..=LONGEST_NAME => Ok(name),
        length => Err(FileNameError::TooLong(length)),
    }
}

/// The path's last part, with `_` for characters that the gateway refuses: files have any names.
pub(crate) fn name_of(path: &Path) -> Result<String, FileNameError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut name = name.replace(is_refused, "_");
    if name.ends_with('\\') {
        name.pop();
        name.push('_');
    }
    checked(name)
}

/// Shortens the stem of a name that a new extension has made too long.
fn shortened(name: String) -> String {
    let Some(surplus @ 1..) = name.chars().count().checked_sub(LONGEST_NAME) else {
        return name;
    };
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let kept = stem.chars().count().saturating_sub(surplus);
    let stem: String = stem.chars().take(kept).collect();
    format!("{stem}.{extension}")
}

/// A file name cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileNameError {
    /// No name.
    #[error("the file name is empty")]
    Empty,
    /// More than 256 characters, with their number.
    #[error("the file name has {0} characters: the gateway takes at most 256")]
    TooLong(usize),
    /// A control character or one beyond U+FFFF, such as an emoji: the position of the first, from
    /// 1.
    #[error(
        "the file name's character {0} is a control character or beyond U+FFFF, which the gateway does not take"
    )]
    Character(usize),
    /// A backslash at the end, which form parsers read as an escape of the quote after it.
    #[error("the file name ends with a backslash, which form parsers misread")]
    FinalBackslash,
}
