//! The values that a ledger remembers.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::types::Value;

/// A merchant in a region: media ids of one mean nothing to another. Made by
/// [`Ledger::account`](crate::Ledger::account).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Account(pub(crate) i64);

/// Bytes, by their MD5 and their length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Content {
    /// The MD5, 32 hex digits.
    pub md5: String,
    /// How many bytes.
    pub bytes: u64,
}

/// The system's metadata of a file: while it stays the same, so do the bytes.
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
    /// The time of its last change, in milliseconds since 1970; `None` where it cannot tell.
    pub mtime: Option<i64>,
    /// Which file of its file system it is; 0 where that is not known.
    pub inode: u64,
}

/// A file may be written twice within one tick of its file system's clock, which is two seconds on FAT.
const SETTLED: Duration = Duration::from_secs(2);

impl FileState {
    /// The state, to be taken before the file is read: then a change meanwhile is seen the next time.
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
    /// It has a media id.
    Uploaded {
        /// The gateway's id.
        media_id: String,
        /// How many attempts it took.
        attempts: u32,
        /// The endpoint that answered.
        endpoint: String,
    },
    /// It is refused for what it is: it is not sent again while its bytes stay the same.
    Refused(Reason),
    /// Something else went wrong: the next run tries it again.
    Failed(Reason),
}

/// The reason why a picture has no media id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// The kind of failure, in a word.
    pub kind: String,
    /// The gateway's code.
    pub code: Option<String>,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

/// The outcome of a file, or of bytes that are in none, to be written.
#[derive(Debug, Clone)]
pub struct Record {
    /// The file; a relative path is of the current folder.
    pub path: Option<PathBuf>,
    /// The file's state before it was read.
    pub file: FileState,
    /// The bytes; `None` where they could not be read.
    pub content: Option<Content>,
    /// The outcome; `None` where this content is in the ledger already.
    pub outcome: Option<Outcome>,
    /// When.
    pub at: SystemTime,
}

/// The entry of a file or of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The bytes; `None` where they could not be read.
    pub content: Option<Content>,
    /// What became of them.
    pub outcome: Outcome,
    /// Since when, in seconds since 1970.
    pub at: u64,
}

/// A path as the ledger has it: absolute, and text where it can be, so that people can search for it.
pub(crate) fn key(path: &Path) -> Value {
    let absolute = std::path::absolute(path);
    let path = absolute.as_deref().unwrap_or(path);
    match path.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(path.as_os_str().as_encoded_bytes().to_vec()),
    }
}

pub(crate) fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs() as i64
}
