//! The form of an upload, built and drained.

use std::hint::black_box;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use http_body_util::BodyExt;
use reqwest::multipart;
use wxpay_multipart::Form;

use crate::Subject;

/// A form of four fields and a file, from the parts to the frames that are sent. The file is a few
/// bytes that are not copied.
pub const SUBJECTS: &[Subject] = &[
    Subject::new("form built: ours", || {
        Box::new(move || {
            black_box(ours());
        })
    }),
    Subject::new("form built: reqwest's", || {
        Box::new(move || {
            black_box(reqwests());
        })
    }),
];

const FIELDS: [(&str, &str); 4] = [
    ("mch_id", "1900000109"),
    ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
    ("sign_type", "HMAC-SHA256"),
    (
        "sign",
        "EF01EF4D7F95EBAA05112833E6B783D5DEEB0EC124096474986AC8EED47C63AC",
    ),
];
const PICTURE: Bytes = Bytes::from_static(b"\x89PNG\r\n\x1a\n");

/// Returns the length of the body, as a proof that it was drained.
fn ours() -> usize {
    let mut form = Form::new();
    for (name, value) in black_box(FIELDS) {
        form = form.text(name, value).expect("a plain name");
    }
    let form = form.file("media", "licence.png", "image/png", PICTURE);
    let mut body = form.expect("a plain file name").into_body();
    let mut length = 0;
    while let Some(Some(frame)) = body.frame().now_or_never() {
        let data = frame.expect("all of it is in memory").into_data();
        length += data.expect("a form has no trailers").len();
    }
    length
}

fn reqwests() -> usize {
    let mut form = multipart::Form::new();
    for (name, value) in black_box(FIELDS) {
        form = form.text(name, value);
    }
    let file = multipart::Part::stream(PICTURE)
        .file_name("licence.png")
        .mime_str("image/png")
        .expect("a media type");
    let mut body = form.part("media", file).into_stream();
    let mut length = 0;
    while let Some(Some(piece)) = body.next().now_or_never() {
        length += piece.expect("all of it is in memory").len();
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_drained() {
        let least = FIELDS.iter().map(|(_, value)| value.len()).sum();
        assert!(ours() > least);
        assert!(reqwests() > least);
    }
}
