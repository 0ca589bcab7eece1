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

/// Room for five of the largest pictures, 10 MiB: four are under way unless more are asked for, and the next one
/// is read meanwhile.
pub(super) fn memory_budget() -> MemoryBudget {
    MemoryBudget::new(5 * Image::LIMIT)
}

/// Reads one picture and prints its warnings.
pub(super) async fn read(file: &Path, budget: &MemoryBudget) -> Result<Image, Failure> {
    let read = if is_stdin(file) {
        Image::from_reader("stdin", stdin()).await
    } else {
        budget.read(file).await
    };
    let name = file.to_string_lossy();
    let image = read.map_err(|error| {
        let is_missing =
            matches!(&error, ImageError::Read(it) if it.kind() == io::ErrorKind::NotFound);
        let named = is_missing.then(|| not_a_file(&name)).flatten();
        named.unwrap_or_else(|| Failure::from(&Error::from(error)))
    })?;
    for warning in image.warnings() {
        // Standard input has no name of its own that could be wrong.
        if !is_stdin(file) || !matches!(warning, Warning::Renamed(_)) {
            terminal::warn(&format!(
                "warning: {}: {warning}",
                terminal::one_line(&name)
            ));
        }
    }
    Ok(image)
}

/// Names the kind of an argument that is no file: a URL, a list, a pattern.
fn not_a_file(argument: &str) -> Option<Failure> {
    if argument.contains("://") || argument.starts_with("file:") {
        let advice = "download the picture, and give the file";
        Some(Failure::image("this is a URL, not a file", advice))
    } else if argument.starts_with('@') {
        let message = "there is no such file, and a list is not read so";
        let list = "give the list by --ledger LEDGER --from LIST, or xargs -d '\\n' wxpay upload -- < LIST";
        Some(Failure::image(message, list))
    } else if argument.contains(['*', '?', '[']) {
        let message = "this is a pattern, and no file here has such a name";
        let advice = "look in which folder the pictures are; without a shell give each file";
        Some(Failure::image(message, advice))
    } else {
        None
    }
}
