//! Pictures from the command line.

use std::{io, path::Path};

use tokio::io::{AsyncReadExt, stdin};
use wxpay_media::{Error, Format, Image, ImageError, Room};

use super::outcome::Failure;
use crate::terminal;

/// `-` stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads one picture, and says what may be wrong with it.
pub(super) async fn read(file: &Path, room: &Room) -> Result<Image, Failure> {
    let read = if is_stdin(file) {
        read_stdin().await
    } else {
        room.read(file).await
    };
    let image = read.map_err(|error| match &error {
        ImageError::Read(cause) if cause.kind() == io::ErrorKind::NotFound => {
            not_a_file(&file.to_string_lossy())
                .unwrap_or_else(|| Failure::from(&Error::from(error)))
        }
        _ => Failure::from(&Error::from(error)),
    })?;
    for warning in image.warnings() {
        let file = terminal::one_line(&file.to_string_lossy());
        terminal::complain(&format!("warning: {file}: {warning}"));
    }
    Ok(image)
}

/// What an argument is that names no file.
fn not_a_file(argument: &str) -> Option<Failure> {
    let (message, advice) = if argument.contains("://") || argument.starts_with("file:") {
        (
            "this is a URL, not a file",
            "download the picture, and give the file",
        )
    } else if argument.starts_with('@') {
        (
            "there is no such file, and lists of files are not read",
            "give the files themselves: xargs -d '\\n' wxpay upload -- < LIST",
        )
    } else if argument.contains(['*', '?', '[']) {
        (
            "this is a pattern, and no file here has such a name",
            "look in which folder the pictures are; without a shell give each file",
        )
    } else {
        return None;
    };
    Some(Failure::image(message, advice))
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
