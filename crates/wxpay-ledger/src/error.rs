//! The errors of a ledger.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

/// An error, and the ledger that it happened with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger {}: {kind}", path.display())]
pub struct Error {
    path: PathBuf,
    kind: ErrorKind,
}

/// The kind of an error. Its text says what is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is missing.
    #[error("there is no such file or folder")]
    Missing,
    /// The file is not a ledger.
    #[error("this is not a ledger, and is left as it is: give another name")]
    Foreign,
    /// The file has this newer version of the schema.
    #[error("a newer wxpay has written it, with schema {0}: use that one")]
    Newer(i64),
    /// Another process uploads with the ledger.
    #[error("another process uploads with it: wait for its end, or stop it")]
    InUse,
    /// Another process has locked the ledger for a minute.
    #[error("another process keeps it locked: try again later")]
    Busy,
    /// The file cannot be written.
    #[error("it cannot be written: check its permissions and its folder's")]
    ReadOnly,
    /// The disk is full.
    #[error("the disk is full: make room, and run again")]
    Full,
    /// The file was removed or replaced while it was in use.
    #[error("it was removed or replaced while it was in use: run again")]
    Removed,
    /// Another error of SQLite or of the system, with its text.
    #[error("{0}")]
    Other(String),
}

impl Error {
    pub(crate) fn new(path: &Path, cause: impl Into<Cause>) -> Self {
        let (path, Cause(kind)) = (path.to_owned(), cause.into());
        Self { path, kind }
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

/// A kind that is made from other errors, whose types do not show in the API.
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
