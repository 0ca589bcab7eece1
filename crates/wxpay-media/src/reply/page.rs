//! Answers that are not the gateway's XML: pages of web servers and proxies.

use http::StatusCode;

use crate::{Error, excerpt};

pub(super) fn error(status: StatusCode, body: &[u8]) -> Error {
    let text = text(body);
    // "No required SSL certificate was sent", "The SSL certificate error", and others' words.
    let about_certificate = text.to_ascii_lowercase().contains("certificate");
    let excerpt = match excerpt::excerpt(&text) {
        excerpt if excerpt.is_empty() => "an empty page".to_owned(),
        excerpt => excerpt,
    };
    if status == StatusCode::BAD_REQUEST && about_certificate {
        Error::Certificate { excerpt }
    } else {
        Error::Page { status, excerpt }
    }
}

/// Whether it is no XML of anybody's, but a page: what cannot be read would else be called broken
/// XML. A declaration, comments and a byte order mark may stand before a page, too.
pub(super) fn is_page(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    for (start, end) in [("<?", "?>"), ("<!--", "-->")] {
        while let Some((_, after)) = rest.strip_prefix(start).and_then(|it| it.split_once(end)) {
            rest = after.trim_start();
        }
    }
    let tags = [
        "<!doctype html",
        "<html",
        "<head",
        "<title",
        "<body",
        "<center",
        "<h1",
        "<p>",
    ];
    !rest.starts_with('<') || tags.iter().any(|tag| rest.starts_with(tag))
}

/// The text between the tags, in one line.
fn text(body: &[u8]) -> String {
    let mut text = String::new();
    for piece in String::from_utf8_lossy(body).split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
        text.push(' ');
    }
    excerpt::line(&text)
}
