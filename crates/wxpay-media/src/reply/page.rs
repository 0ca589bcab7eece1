//! Answers that are not the gateway's XML: pages of web servers and proxies.

use http::{Response, StatusCode, header::LOCATION};

use crate::{Error, excerpt};

pub(super) fn error(reply: &Response<impl AsRef<[u8]>>) -> Error {
    let (status, body) = (reply.status(), reply.body().as_ref());
    // "No required SSL certificate was sent", "The SSL certificate error", and others' words.
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let excerpt = excerpt::of_page(body);
    if status == StatusCode::BAD_REQUEST && text.contains("certificate") {
        return Error::Certificate { excerpt };
    }
    let location = reply
        .headers()
        .get(LOCATION)
        .filter(|_| status.is_redirection());
    let location =
        location.map(|location| excerpt::excerpt(&String::from_utf8_lossy(location.as_bytes())));
    Error::Page {
        status,
        excerpt,
        location,
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
