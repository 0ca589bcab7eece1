//! A form that `wxpay-multipart` writes is read back by multer.
//!
//! The parts of the input are separated by 0x1e, and the fields of a part by 0x1f: name, content
//! and, for a file, its name and type.
#![no_main]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http_body_util::BodyExt;
use libfuzzer_sys::fuzz_target;
use multer::Multipart;
use wxpay_multipart::{Boundary, Form, PartError};

const BOUNDARY: &str = "7MA4YWxkTrZu0gW";

/// Name, file name, content type as it was sent, content.
type Part = (String, Option<String>, Option<String>, Vec<u8>);

fuzz_target!(|input: &[u8]| {
    // Outside tests the boundary is random, so no content holds it.
    let holds_boundary = input
        .windows(BOUNDARY.len())
        .any(|it| it == BOUNDARY.as_bytes());
    let parts: Option<Vec<Part>> = input.split(|byte| *byte == 0x1e).map(part).collect();
    let Some(parts) = parts.filter(|_| !holds_boundary) else {
        return;
    };
    let empty = Form::with_boundary(Boundary::new(BOUNDARY).expect("letters and digits"));
    let Ok(form) = parts.iter().try_fold(empty, add) else {
        return;
    };
    let content_type = form.content_type();
    let length = form.content_length();
    let body = form
        .into_body()
        .collect()
        .now_or_never()
        .expect("all of it is in memory");
    let body = body.expect("memory does not fail").to_bytes();
    assert_eq!(body.len() as u64, length);

    let content_type = content_type.to_str().expect("ASCII");
    let boundary = multer::parse_boundary(content_type).expect("it has a boundary");
    let read = read(body, boundary)
        .now_or_never()
        .expect("all of it is in memory");
    let sent: Vec<_> = parts.into_iter().map(escaped).collect();
    assert_eq!(read.expect("a form"), sent);
});

fn part(input: &[u8]) -> Option<Part> {
    let mut fields = input.splitn(4, |byte| *byte == 0x1f);
    let name = text(fields.next()?)?;
    let content = fields.next()?.to_vec();
    match (fields.next(), fields.next()) {
        (Some(file), Some(kind)) => Some((name, Some(text(file)?), Some(text(kind)?), content)),
        _ => {
            text(&content)?;
            Some((name, None, None, content))
        }
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn add(form: Form, part: &Part) -> Result<Form, PartError> {
    match part {
        (name, Some(file), Some(kind), content) => form.file(name, file, kind, content.clone()),
        (name, .., content) => form.text(name, String::from_utf8_lossy(content)),
    }
}

/// The part as a reader sees it that does not undo the escaping.
fn escaped((name, file, kind, content): Part) -> Part {
    let escape = |text: String| {
        text.replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    (escape(name), file.map(escape), kind, content)
}

async fn read(body: Bytes, boundary: String) -> multer::Result<Vec<Part>> {
    let mut form = Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await? {
        let kind = field
            .headers()
            .get(http::header::CONTENT_TYPE)
            .map(|kind| kind.to_str().expect("the type is ASCII").to_owned());
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        parts.push((name, file, kind, field.bytes().await?.to_vec()));
    }
    Ok(parts)
}
