//! Pictures from the command line.

use std::{io, path::Path};

use tokio::io::stdin;
use wxpay_media::{Error, Image, ImageError, MemoryBudget, Warning};

use super::outcome::Failure;
use crate::terminal;

/// `-` stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Reads one picture and prints its warnings.
pub(super) async fn read(file: &Path, budget: &MemoryBudget) -> Result<Image, Failure> {
    let read = if is_stdin(file) {
        Image::from_reader("stdin", stdin()).await
    } else {
        budget.read(file).await
    };
    let image = read.map_err(|error| match &error {
        ImageError::Read(cause) if cause.kind() == io::ErrorKind::NotFound => {
            not_a_file(&file.to_string_lossy())
                .unwrap_or_else(|| Failure::from(&Error::from(error)))
        }
        _ => Failure::from(&Error::from(error)),
    })?;
    // Standard input has no name of its own that could be wrong.
    let is_news =
        |warning: &Warning| !is_stdin(file) || !matches!(warning, Warning::Renamed { .. });
    for warning in image.warnings().filter(is_news) {
        let file = terminal::one_line(&file.to_string_lossy());
        terminal::warn(&format!("warning: {file}: {warning}"));
    }
    Ok(image)
}

/// Names the kind of an argument that is no file: a URL, a list, a pattern.
fn not_a_file(argument: &str) -> Option<Failure> {
    let (message, advice) = if argument.contains("://") || argument.starts_with("file:") {
        (
            "this is a URL, not a file",
            "download the picture, and give the file",
        )
    } else if argument.starts_with('@') {
        (
            "there is no such file, and a list is not read so",
            "give the list by --ledger LEDGER --from LIST, or xargs -d '\\n' wxpay upload -- < LIST",
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
