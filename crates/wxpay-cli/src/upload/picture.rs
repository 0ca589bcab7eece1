//! Pictures from the command line.

use std::path::Path;

use tokio::io::{AsyncReadExt, stdin};
use wxpay_media::{Format, Image, ImageError, Room};

use crate::terminal;

/// `-` stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads one picture, and says what may be wrong with it.
pub(super) async fn read(file: &Path, room: &Room) -> Result<Image, ImageError> {
    let image = if is_stdin(file) {
        read_stdin().await?
    } else {
        room.read(file).await?
    };
    for warning in image.warnings() {
        let file = terminal::one_line(&file.to_string_lossy());
        terminal::complain(&format!("warning: {file}: {warning}"));
    }
    Ok(image)
}

/// Standard input has no name, and the gateway looks at the extension: it gets the right one.
async fn read_stdin() -> Result<Image, ImageError> {
    let mut bytes = Vec::new();
    let read = stdin()
        .take(Image::LIMIT as u64)
        .read_to_end(&mut bytes)
        .await;
    read.map_err(ImageError::Read)?;
    if bytes.len() >= Image::LIMIT {
        // There may be more: how much is not known.
        return Err(ImageError::TooLarge { size: None });
    }
    let extension = Format::detect(&bytes).map_or("bin", Format::extension);
    Image::from_bytes(format!("stdin.{extension}"), bytes)
}
