//! Excerpts of received text for errors: one line of bounded length.

use wxpay_picture::Content;

/// The beginning of a text in one line. White space, control characters, and characters without a
/// width, which change how a text reads, are one space between words.
pub(crate) fn excerpt(text: &str) -> String {
    let is_between = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let words = text.split(is_between);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The beginning of a response's text in one line, or the kind of another file, for messages.
#[must_use]
pub fn of_body(body: &[u8]) -> String {
    let is_binary = body.contains(&0) || std::str::from_utf8(body).is_err();
    match Content::of(body) {
        Content::Unknown { first: [] } => "nothing".to_owned(),
        content @ (Content::Other(_) | Content::Picture(_)) if is_binary => content.to_string(),
        _ => excerpt(&String::from_utf8_lossy(body)),
    }
}

/// The beginning of a page's texts between its tags, if there are any.
pub(crate) fn of_page(body: &[u8]) -> String {
    let page = String::from_utf8_lossy(body);
    let after_tag = |piece| str::split_once(piece, '>').unwrap_or(("", piece)).1;
    let texts: Vec<_> = page.split('<').map(after_tag).collect();
    match excerpt(&texts.join(" ")) {
        text if text.is_empty() || body.contains(&0) => of_body(body),
        text => text,
    }
}

/// Returns true for a page, which is not reported as broken XML. A declaration, comments and a byte
/// order mark may precede it, as in XML.
pub(crate) fn is_page(body: &[u8]) -> bool {
    const TAGS: &str = "<!doctype html|<html|<head|<title|<body|<center|<h1|<p>";

    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    for (start, end) in [("<?", "?>"), ("<!--", "-->")] {
        while let Some((_, after)) = rest.strip_prefix(start).and_then(|it| it.split_once(end)) {
            rest = after.trim_start();
        }
    }
    !rest.starts_with('<') || TAGS.split('|').any(|tag| rest.starts_with(tag))
}
