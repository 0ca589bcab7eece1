//! The values that a ledger stores.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::types::Value;

/// A merchant in a region, from [`Ledger::account`](crate::Ledger::account). A media id is valid
/// for one account only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Account(pub(crate) i64);

/// Bytes, by their MD5 and their length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Content {
    /// The MD5, 32 hex digits.
    pub md5: String,
    /// The length.
    pub bytes: u64,
}

/// The metadata of a file; as long as it is the same, the bytes are assumed to be.
///
/// ```
/// use wxpay_ledger::FileState;
///
/// let state = FileState::of(&std::fs::metadata("Cargo.toml")?);
/// assert!(state.bytes > 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileState {
    /// The size.
    pub bytes: u64,
    /// The time of the last change, in milliseconds since 1970; `None` where it does not show each
    /// change.
    pub mtime: Option<i64>,
    /// The inode; 0 where it is unknown.
    pub inode: u64,
}

/// Minimum age of a file whose `mtime` shows each change: the clock of FAT has ticks of two
/// seconds.
const SETTLED: Duration = Duration::from_secs(2);

impl FileState {
    /// The state of a file. Taken before the file is read, it shows a change meanwhile the next
    /// time.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let settled = |mtime: &SystemTime| mtime.elapsed().is_ok_and(|age| age >= SETTLED);
        let mtime = metadata.modified().ok().filter(settled);
        let mtime = mtime.and_then(|it| it.duration_since(UNIX_EPOCH).ok());
        Self {
            bytes: metadata.len(),
            mtime: mtime.and_then(|it| it.as_millis().try_into().ok()),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(metadata),
            #[cfg(not(unix))]
            inode: 0,
        }
    }
}

/// The outcome of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The picture has a media id.
    Uploaded {
        /// The gateway's id.
        media_id: String,
        /// The number of attempts.
        attempts: u32,
        /// The endpoint that answered.
        endpoint: String,
    },
    /// The picture itself is refused: the same bytes are not sent again.
    Refused(Reason),
    /// Another failure: the next run tries again.
    Failed(Reason),
}

/// The reason why a picture has no media id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// The kind of failure, in a word.
    pub kind: String,
    /// The gateway's code.
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// The advice.
    pub advice: String,
}

/// An outcome to be written, of a file or of bytes without a file.
#[derive(Debug, Clone)]
pub struct Record {
    /// The file; a relative path starts at the current folder.
    pub path: Option<PathBuf>,
    /// The file's state before it was read.
    pub file: FileState,
    /// The bytes; `None` where they could not be read.
    pub content: Option<Content>,
    /// The outcome; `None` if the ledger has this content already.
    pub outcome: Option<Outcome>,
    /// The time of the outcome.
    pub at: SystemTime,
}

/// The entry of a file or of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The bytes; `None` where they could not be read.
    pub content: Option<Content>,
    /// The outcome.
    pub outcome: Outcome,
    /// The time of the outcome, in seconds since 1970.
    pub at: u64,
}

/// The path as a key: absolute, and a text if it is UTF-8, so that people can search for it.
pub(crate) fn key(path: &Path) -> Value {
    let absolute = std::path::absolute(path);
    let path = absolute.as_deref().unwrap_or(path);
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(path.as_os_str().as_encoded_bytes().to_vec()),
    }
}

pub(crate) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() as i64
}
