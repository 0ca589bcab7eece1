//! Standard output and standard error.

use std::{
    error,
    fmt::{self, Write as _},
    io::{self, Write as _},
};

use serde::Serialize;

/// Prints a line of the result.
///
/// Not `println!`, which panics when the reader has gone.
pub(crate) fn print(line: &str) -> Result<(), OutputLost> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(OutputLost)
}

/// Prints a result as one line of JSON.
pub(crate) fn print_json(result: &impl Serialize) -> Result<(), OutputLost> {
    let json = serde_json::to_string(result).map_err(|error| OutputLost(error.into()))?;
    print(&json)
}

/// A result could not be printed: the work may be done, but nobody knows of it.
#[derive(Debug)]
pub(crate) struct OutputLost(io::Error);

impl OutputLost {
    /// Whether the reader has gone, and so has seen enough.
    pub(crate) fn reader_has_gone(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl fmt::Display for OutputLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot write to standard output")
    }
}

impl error::Error for OutputLost {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Prints a line for people beside the result. Where even that fails nobody is left to tell.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The same text in one line: a file name may hold line breaks, and escape sequences that would
/// reach the terminal.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        // Beside the control characters, Unicode's own line and paragraph separators.
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            let _ = write!(line, "{}", character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// An error and what it ends in: the layers between say the same in their own words.
pub(crate) fn in_words(error: &(dyn error::Error + 'static)) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    let (top, root) = (error.to_string(), root.to_string());
    if top.contains(&root) {
        top
    } else {
        format!("{top}: {root}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_on_its_line_and_off_the_terminal() {
        assert_eq!(
            one_line("a\nb\u{1b}[2J\u{2028}图.png"),
            "a\\nb\\u{1b}[2J\\u{2028}图.png"
        );
    }
}
