//! A stranger's text in an error: one line of bounded length.

use wxpay_picture::Content;

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

/// The beginning of a body: of a text its words, else what kind of file it is.
pub(crate) fn of_body(body: &[u8]) -> String {
    let is_binary = body.contains(&0) || std::str::from_utf8(body).is_err();
    match Content::of(body) {
        _ if body.is_empty() => "nothing".to_owned(),
        Content::Unknown { .. } | Content::Preceded { .. } => {
            excerpt(&String::from_utf8_lossy(body))
        }
        content if is_binary => content.to_string(),
        _ => excerpt(&String::from_utf8_lossy(body)),
    }
}

/// The same of a page: what is between its tags, where there is anything.
pub(crate) fn of_page(body: &[u8]) -> String {
    let page = String::from_utf8_lossy(body);
    let texts = page
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    match excerpt(&texts.collect::<Vec<_>>().join(" ")) {
        text if text.is_empty() || body.contains(&0) => of_body(body),
        text => text,
    }
}
