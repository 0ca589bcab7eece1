//! Answers that are not the gateway's XML: pages of web servers and proxies.

use http::StatusCode;

use crate::Error;

/// How many characters of a page an error shows.
const EXCERPT: usize = 120;

pub(super) fn error(status: StatusCode, body: &[u8]) -> Error {
    let text = text(body);
    // "No required SSL certificate was sent", "The SSL certificate error".
    let about_certificate = text.to_ascii_lowercase().contains("ssl certificate");
    let excerpt = excerpt(&text);
    if status == StatusCode::BAD_REQUEST && about_certificate {
        Error::Certificate { excerpt }
    } else {
        Error::Page { status, excerpt }
    }
}

/// Whether it looks like a page, which with status 200 would otherwise be taken for broken XML.
pub(super) fn is_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    ["<!doctype html", "<html"].iter().any(|tag| {
        start
            .get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    })
}

/// The text between the tags, in one line, without control characters.
fn text(body: &[u8]) -> String {
    let mut text = String::new();
    for piece in String::from_utf8_lossy(body).split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        text.push(' ');
    }
    let words: Vec<_> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .collect();
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if text.is_empty() => "an empty page".to_owned(),
        None => text.to_owned(),
    }
}
