//! Why a ledger cannot be used.

use std::{
    io,
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is missing.
    #[error("there is no such file or folder")]
    Missing,
    /// The file is not a ledger.
    #[error("this is not a ledger, and is left as it is: give another name")]
    Foreign,
    /// A newer version of this crate has written it, with this version of the schema.
    #[error("a newer wxpay has written it, with schema {0}: use that one")]
    Newer(i64),
    /// Another process uploads by it.
    #[error("another process uploads by it: wait for its end, or stop it")]
    InUse,
    /// Another process has kept it locked for a minute.
    #[error("another process keeps it locked: try again later")]
    Busy,
    /// It cannot be written.
    #[error("it cannot be written: check its permissions and its folder's")]
    ReadOnly,
    /// The disk is full.
    #[error("the disk is full: make room, and run again")]
    Full,
    /// It was removed or replaced while it was in use.
    #[error("it was removed or replaced while it was in use: run again")]
    Removed,
    /// Anything else, in SQLite's or the system's words.
    #[error("{0}")]
    Other(String),
}

impl Error {
    pub(crate) fn new(path: &Path, cause: impl Into<Cause>) -> Self {
        let (path, Cause(kind)) = (path.to_owned(), cause.into());
        Self { path, kind }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

/// A kind, made of errors whose types are not to be public.
pub(crate) struct Cause(ErrorKind);

impl From<ErrorKind> for Cause {
    fn from(kind: ErrorKind) -> Self {
        Self(kind)
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull};
        Self(match error.kind() {
            NotFound => ErrorKind::Missing,
            PermissionDenied | ReadOnlyFilesystem => ErrorKind::ReadOnly,
            StorageFull => ErrorKind::Full,
            _ => ErrorKind::Other(error.to_string()),
        })
    }
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        Self(match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => ErrorKind::Foreign,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ErrorKind::Busy,
            Some(ErrorCode::ReadOnly) => ErrorKind::ReadOnly,
            Some(ErrorCode::DiskFull) => ErrorKind::Full,
            _ => ErrorKind::Other(error.to_string()),
        })
    }
}
