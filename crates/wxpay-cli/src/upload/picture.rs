//! Pictures from the command line.

use std::path::Path;

use tokio::io::stdin;
use wxpay_media::{Image, ImageError, Room, Warning};

use crate::terminal;

/// `-` stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads one picture, and says what may be wrong with it.
pub(super) async fn read(file: &Path, room: &Room) -> Result<Image, ImageError> {
    let image = if is_stdin(file) {
        Image::from_reader("stdin", stdin()).await?
    } else {
        room.read(file).await?
    };
    // Standard input has no name of its own that could be wrong.
    let is_news =
        |warning: &Warning| !is_stdin(file) || !matches!(warning, Warning::Renamed { .. });
    for warning in image.warnings().filter(is_news) {
        let file = terminal::one_line(&file.to_string_lossy());
        terminal::complain(&format!("warning: {file}: {warning}"));
    }
    Ok(image)
}
