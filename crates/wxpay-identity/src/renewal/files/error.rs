//! Why an identity's files cannot be used.

use std::{io, path::PathBuf};

use crate::IdentityError;

/// Why there is no identity in files that were to be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityFilesError {
    /// A file that cannot be read; the source says why.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A directory, a pipe or the like, which cannot be watched.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What is no file.
        path: PathBuf,
    },
    /// Longer than any identity: probably another file.
    #[error("{} is longer than 1 MiB: probably not an identity", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The files are being replaced. Try again in a moment.
    #[error("a file of the identity changed while it was read: try again")]
    Changing,
    /// The files are there, but hold no identity; the source says why.
    #[error("no identity can be made of {}", .paths.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(" and "))]
    Identity {
        /// All files that were read for it.
        paths: Vec<PathBuf>,
        /// What is wrong with them.
        source: IdentityError,
    },
}
