//! Why a ledger cannot be used.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

/// What went wrong with which ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger {}: {kind}", path.display())]
pub struct Error {
    path: PathBuf,
    kind: ErrorKind,
}

/// What went wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file.
    Missing,
    /// The file is not a ledger.
    Foreign,
    /// A newer version of this crate has written it, with this version of the schema.
    Newer(i64),
    /// Another process uploads by it.
    InUse,
    /// Another process has kept it locked for minutes.
    Busy,
    /// It cannot be written.
    ReadOnly,
    /// The disk is full.
    Full,
    /// It was removed or replaced while it was in use.
    Removed,
    /// Anything else, in SQLite's or the system's words.
    Other(String),
}

impl Error {
    pub(crate) fn new(path: &Path, kind: ErrorKind) -> Self {
        let path = path.to_owned();
        Self { path, kind }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is no such file or folder",
            Self::Foreign => "this is not a ledger, and is left as it is: give another name",
            Self::Newer(version) => {
                return write!(
                    f,
                    "a newer wxpay has written it, with schema {version}: use that one"
                );
            }
            Self::InUse => "another process uploads by it: wait for its end, or stop it",
            Self::Busy => "another process keeps it locked: try again later",
            Self::ReadOnly => "it cannot be written: check its permissions and its folder's",
            Self::Full => "the disk is full: make room, and run again",
            Self::Removed => "it was removed or replaced while it was in use: run again",
            Self::Other(message) => message,
        })
    }
}

impl From<io::Error> for ErrorKind {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::StorageFull => Self::Full,
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for ErrorKind {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Other(error.to_string()),
        }
    }
}
