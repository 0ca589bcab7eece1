//! Files as they are at one moment.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use zeroize::Zeroizing;

use super::{IdentityFilesError, Load};
use crate::Identity;

/// The longest file that is read, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// By what a file's change is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    /// Tells a file that was moved into place from the one before, where clocks are coarse.
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            inode,
        }
    }
}

pub(super) fn stamps(paths: &[PathBuf]) -> io::Result<Vec<Stamp>> {
    let stamp = |path| fs::metadata(path).map(|metadata| Stamp::of(&metadata));
    paths.iter().map(stamp).collect()
}

/// The contents of the files, and what they looked like before they were read.
pub(super) struct Snapshot {
    contents: Vec<Zeroizing<Vec<u8>>>,
    stamps: Vec<Stamp>,
}

impl Snapshot {
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, IdentityFilesError> {
        let (mut contents, mut stamps) = (Vec::new(), Vec::new());
        for path in paths {
            let (content, stamp) = read(path)?;
            contents.push(content);
            stamps.push(stamp);
        }
        Ok(Self { contents, stamps })
    }

    /// The identity in them, unless a file has changed since.
    pub(super) fn load(
        &self,
        paths: &[PathBuf],
        load: &Load,
    ) -> Result<(Identity, Vec<Stamp>), IdentityFilesError> {
        let loaded = load(&self.contents);
        if !stamps(paths).is_ok_and(|stamps| stamps == self.stamps) {
            return Err(IdentityFilesError::Changing);
        }
        match loaded {
            Ok(identity) => Ok((identity, self.stamps.clone())),
            Err(source) => Err(IdentityFilesError::Identity {
                paths: paths.to_vec(),
                source,
            }),
        }
    }
}

fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Stamp), IdentityFilesError> {
    let failed = |source| IdentityFilesError::Read {
        path: path.to_owned(),
        source,
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    // To open a pipe could wait forever.
    if !metadata.is_file() {
        let path = path.to_owned();
        return Err(IdentityFilesError::NotAFile { path });
    }
    if metadata.len() > LIMIT {
        let path = path.to_owned();
        return Err(IdentityFilesError::TooLarge { path });
    }
    // With its final capacity: what a vector grows out of is not zeroized.
    let mut content = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 1));
    let mut file = File::open(path).map_err(failed)?.take(LIMIT + 1);
    file.read_to_end(&mut content).map_err(failed)?;
    Ok((content, Stamp::of(&metadata)))
}
