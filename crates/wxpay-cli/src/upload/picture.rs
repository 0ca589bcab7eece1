//! Pictures from the command line.

use std::{
    io::ErrorKind::{InvalidFilename, NotFound},
    path::Path,
};

use tokio::io::stdin;
use wxpay_media::{Error, Image, ImageError, MemoryBudget, Warning};

use super::outcome::Failure;
use crate::terminal;

/// `-` stands for standard input.
pub(super) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// Memory for five of the largest pictures, 10 MiB: four uploads by default, and the next picture,
/// which is read meanwhile.
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
        let kinds = [NotFound, InvalidFilename];
        let is_missing = matches!(&error, ImageError::Read(it) if kinds.contains(&it.kind()));
        match not_a_file(&name).filter(|_| is_missing) {
            Some((message, advice)) => Failure::new("image", message.to_owned(), advice),
            None => Failure::from(&Error::from(error)),
        }
    })?;
    for warning in image.warnings() {
        // The name of stdin is ours.
        if !is_stdin(file) || !matches!(warning, Warning::Renamed(_)) {
            let name = terminal::one_line(&name);
            terminal::warn(&format!("warning: {name}: {warning}"));
        }
    }
    Ok(image)
}

/// The kind of a missing file, a URL, a list or a pattern, and advice.
fn not_a_file(argument: &str) -> Option<(&'static str, &'static str)> {
    let scheme = argument.get(..5).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("data:") {
        let advice = "decode it, and give the file";
        Some(("this is a data URL, not a file", advice))
    } else if argument.contains("://") || argument.starts_with("file:") {
        let advice = "download the picture, and give the file";
        Some(("this is a URL, not a file", advice))
    } else if argument.starts_with('@') {
        let list = "give the list by --ledger LEDGER --from LIST, or xargs -d '\\n' wxpay upload -- < LIST";
        Some(("there is no such file, and a list is not read so", list))
    } else if argument.contains(['*', '?', '[']) {
        let advice = "look in which folder the pictures are; without a shell give each file";
        Some((
            "this is a pattern, and no file here has such a name",
            advice,
        ))
    } else {
        None
    }
}
