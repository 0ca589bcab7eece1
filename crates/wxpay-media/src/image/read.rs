//! Bytes from files and readers, never more than can be sent.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Image, ImageError};

/// One byte more than is allowed is enough to know that it is too much.
const ENOUGH: u64 = Image::LIMIT as u64;

/// Reads a file into an empty buffer, which may have capacity already.
pub(super) fn file(path: &Path, mut bytes: Vec<u8>) -> Result<Vec<u8>, ImageError> {
    // Asked before opening: to open a pipe that nobody writes to blocks for ever.
    let metadata = path.metadata().map_err(ImageError::Read)?;
    if !metadata.is_file() {
        return Err(ImageError::NotAFile);
    }
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if size >= Image::LIMIT {
        return Err(ImageError::TooLarge { size: Some(size) });
    }
    bytes.reserve_exact(size + 1);
    let read = |bytes| File::open(path)?.take(ENOUGH).read_to_end(bytes);
    read(&mut bytes).map_err(ImageError::Read)?;
    Ok(bytes)
}

pub(super) async fn stream(reader: impl AsyncRead + Unpin) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let read: io::Result<_> = reader.take(ENOUGH).read_to_end(&mut bytes).await;
    read.map_err(ImageError::Read)?;
    if bytes.len() >= Image::LIMIT {
        return Err(ImageError::TooLarge { size: None });
    }
    Ok(bytes)
}
