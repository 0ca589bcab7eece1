//! A stranger's text in an error: one line of bounded length.

/// How many characters an error shows.
const LONGEST: usize = 120;

/// The beginning of a text, in one line.
pub(crate) fn excerpt(text: &str) -> String {
    let line = line(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The text with one space for all that is between words: no line break, and no control character
/// that a terminal would act on.
pub(crate) fn line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
