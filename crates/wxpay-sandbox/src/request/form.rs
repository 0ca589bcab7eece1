//! The form in a request's body, read by multer.

use std::{convert::Infallible, future::ready};

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{HeaderValue, header::CONTENT_DISPOSITION};
use multer::Multipart;

use crate::limits::FIELDS;

use super::{
    Body, End,
    part_header::{Defect, Disposition, defects},
};

/// As much of a part's head is looked at.
const HEAD: usize = 8 * 1024;

/// A form as far as it can be read. Whether the gateway takes it is for the rules to say.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// In the order in which they came; none where it cannot be read to its end.
    pub(crate) parts: Vec<Part>,
    /// Why it cannot be read.
    pub(crate) error: Option<&'static str>,
    pub(crate) defects: Vec<Defect>,
    pub(crate) boundary_is_quoted: bool,
    /// It is longer than what is kept: what came first is here, up to the part in which reading ended.
    pub(crate) too_large: bool,
}

/// One part.
#[derive(Debug)]
pub(crate) struct Part {
    /// What is not UTF-8 in the names is replaced by `U+FFFD`.
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) disposition: Disposition,
    pub(crate) names_are_utf8: bool,
    /// Of no effect, as in all forms of today.
    pub(crate) transfer_encoding: Option<String>,
    /// None where reading ended in it.
    pub(crate) content: Option<Bytes>,
    /// Where in the body its content begins.
    pub(crate) offset: usize,
}

/// What is wrong with a form; what multer says is not for a response.
struct Malformed;

impl From<multer::Error> for Malformed {
    fn from(_: multer::Error) -> Self {
        Self
    }
}

impl Form {
    pub(crate) fn read(content_type: Option<&HeaderValue>, body: &Body) -> Self {
        let mut form = Self {
            parts: Vec::new(),
            error: None,
            defects: Vec::new(),
            // Quotes can be around a boundary only, in a media type that names one.
            boundary_is_quoted: content_type.is_some_and(|it| it.as_bytes().contains(&b'"')),
            too_large: body.end == End::TooLarge,
        };
        let boundary = content_type
            .and_then(|it| multer::parse_boundary(it.to_str().ok()?).ok())
            .filter(|boundary| !boundary.is_empty());
        let Some(boundary) = boundary else {
            let is_there = content_type.is_some_and(|it| {
                it.as_bytes()
                    .to_ascii_lowercase()
                    .windows(8)
                    .any(|it| it == b"boundary")
            });
            form.error = Some(match is_there {
                true => "the boundary in the Content-Type cannot be read",
                false => "the Content-Type is not multipart/form-data with a boundary",
            });
            return form;
        };
        if body.end == End::Cut {
            form.error = Some("the body was not sent to its end");
            return form;
        }
        let whole = stream::once(ready(Ok::<_, Infallible>(body.bytes.clone())));
        // All bytes are there, so that nothing has to be waited for.
        let read = form
            .read_parts(Multipart::new(whole, boundary.clone()))
            .now_or_never();
        form.look_at_headers(&boundary, &body.bytes);
        if !matches!(read, Some(Ok(()))) && !form.too_large {
            form.parts.clear();
            let why = form.defects.iter().find_map(|defect| defect.refusal());
            form.error = why.or(Some("the body is not a form that ends with its boundary"));
        }
        form
    }

    async fn read_parts(&mut self, mut multipart: Multipart<'_>) -> Result<(), Malformed> {
        while let Some(field) = multipart.next_field().await? {
            let headers = field.headers();
            let header = headers.get(CONTENT_DISPOSITION).ok_or(Malformed)?;
            let disposition = Disposition::parse(header.as_bytes());
            // Multer has no name where it is not UTF-8.
            let lossy = |name: &Vec<u8>| String::from_utf8_lossy(name).into_owned();
            let name = field.name().map(str::to_owned);
            let file_name = field.file_name().map(str::to_owned);
            let encoding = headers.get("content-transfer-encoding");
            let mut part = Part {
                name: name
                    .or_else(|| disposition.name.as_ref().map(lossy))
                    .ok_or(Malformed)?,
                file_name: file_name.or_else(|| disposition.file_name.as_ref().map(lossy)),
                content_type: field.content_type().map(ToString::to_string),
                disposition,
                names_are_utf8: str::from_utf8(header.as_bytes()).is_ok(),
                transfer_encoding: encoding
                    .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
                content: None,
                offset: 0,
            };
            let content = field.bytes().await;
            let result = content.map(|content| part.content = Some(content));
            self.parts.push(part);
            result?;
        }
        Ok(())
    }

    /// Goes from boundary to boundary, over the contents that multer has found, and looks at what is
    /// written between them.
    fn look_at_headers(&mut self, boundary: &str, body: &[u8]) {
        let delimiter = format!("--{boundary}");
        let mut at = find(body, delimiter.as_bytes()).unwrap_or(body.len());
        let mut parts = self.parts.iter_mut();
        let mut looked = 0;
        loop {
            let start = at + delimiter.len();
            let behind = body.get(start..).unwrap_or_default();
            if behind.is_empty() || behind.starts_with(b"--") {
                return;
            }
            if looked < FIELDS {
                looked += 1;
                let found = defects(&behind[..behind.len().min(HEAD)]);
                let is_new = |defect: &Defect| !self.defects.contains(defect);
                let new: Vec<_> = found.into_iter().filter(is_new).collect();
                self.defects.extend(new);
            }
            at = match parts.next() {
                Some(Part {
                    content: Some(content),
                    offset,
                    ..
                }) => {
                    *offset = start + find(behind, b"\r\n\r\n").map_or(0, |end| end + 4);
                    *offset + content.len() + 2
                }
                // Multer has given up here.
                _ if looked == FIELDS => return,
                _ => match find(behind, format!("\n{delimiter}").as_bytes()) {
                    Some(next) => start + next + 1,
                    None => return,
                },
            };
        }
    }

    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The value of a field, where it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.part(name)?.content.as_deref()?).ok()
    }
}

/// The first place of what is not empty.
pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let candidates = bytes.len().checked_sub(what.len())?;
    (0..=candidates).find(|at| bytes[*at] == what[0] && bytes[*at..].starts_with(what))
}
