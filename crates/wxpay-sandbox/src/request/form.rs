//! The form in a request's body, read by multer.

use std::{convert::Infallible, future::ready};

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{HeaderValue, header::CONTENT_DISPOSITION};
use multer::Multipart;

use crate::limits::FIELDS;

use super::{
    Body, End,
    part_header::{self, Defect, Disposition},
};

/// Bytes of a part's head that are searched for defects.
const HEAD: usize = 8 * 1024;

/// A form as far as it can be read. Whether the gateway takes it is for the rules to say.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// In the order in which they came; none where it cannot be read to its end.
    pub(crate) parts: Vec<Part>,
    /// Why it cannot be read.
    pub(crate) error: Option<&'static str>,
    pub(crate) defects: Vec<&'static Defect>,
    pub(crate) boundary_is_quoted: bool,
    /// It is longer than what is kept: the parts end with the one in which reading ended.
    pub(crate) too_large: bool,
}

/// One part.
#[derive(Debug)]
pub(crate) struct Part {
    /// Bytes of the names that are not UTF-8 are replaced by `U+FFFD`.
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) disposition: Disposition,
    pub(crate) names_are_utf8: bool,
    /// It has no effect: browsers and servers ignore it.
    pub(crate) transfer_encoding: Option<String>,
    /// None where reading ended in it.
    pub(crate) content: Option<Bytes>,
    /// Where in the body its content begins.
    pub(crate) offset: usize,
}

/// A form that multer cannot read; its message is not for a response.
struct Malformed;

impl From<multer::Error> for Malformed {
    fn from(_: multer::Error) -> Self {
        Self
    }
}

impl Form {
    pub(crate) fn read(content_type: Option<&HeaderValue>, body: &Body) -> Self {
        let mut form = Self {
            // In this media type, quotes can only be around a boundary.
            boundary_is_quoted: content_type.is_some_and(|it| it.as_bytes().contains(&b'"')),
            too_large: body.end == End::TooLarge,
            ..Self::default()
        };
        let boundary = content_type
            .and_then(|it| multer::parse_boundary(it.to_str().ok()?).ok())
            .filter(|boundary| !boundary.is_empty());
        let Some(boundary) = boundary else {
            let lower = content_type.map(|it| it.as_bytes().to_ascii_lowercase());
            let is_there = lower.is_some_and(|it| find(&it, b"boundary").is_some());
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
        // All bytes are here, so that multer never waits.
        let read = form
            .read_parts(Multipart::new(whole, boundary.clone()))
            .now_or_never();
        form.look_at_headers(&boundary, &body.bytes);
        if !matches!(read, Some(Ok(()))) && !form.too_large {
            form.parts.clear();
            let why = form.defects.iter().find_map(|defect| defect.refusal);
            form.error = why.or(Some("the body is not a form that ends with its boundary"));
        }
        form
    }

    async fn read_parts(&mut self, mut multipart: Multipart<'_>) -> Result<(), Malformed> {
        while let Some(field) = multipart.next_field().await? {
            let headers = field.headers();
            let header = headers.get(CONTENT_DISPOSITION).ok_or(Malformed)?;
            let disposition = Disposition::parse(header.as_bytes());
            let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            // Multer has no name where it is not UTF-8.
            let or_lossy = |read: Option<&str>, name: &Option<Vec<u8>>| {
                read.map(str::to_owned)
                    .or_else(|| name.as_deref().map(lossy))
            };
            let encoding = headers.get("content-transfer-encoding");
            let mut part = Part {
                name: or_lossy(field.name(), &disposition.name).ok_or(Malformed)?,
                file_name: or_lossy(field.file_name(), &disposition.file_name),
                content_type: field.content_type().map(ToString::to_string),
                names_are_utf8: str::from_utf8(header.as_bytes()).is_ok(),
                transfer_encoding: encoding.map(|value| lossy(value.as_bytes())),
                disposition,
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

    /// Goes from boundary to boundary, over the contents that multer has found, and collects defects and
    /// offsets.
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
                part_header::look(&behind[..behind.len().min(HEAD)], &mut self.defects);
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

    /// The text fields beside the picture, of as many parts as are recorded.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.parts.iter().take(FIELDS);
        let texts = parts.filter(|part| part.name != "media" && part.file_name.is_none());
        texts.filter_map(|part| Some((&*part.name, part.text()?)))
    }

    /// The value of a field, where it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.part(name)?.text()
    }
}

impl Part {
    /// Its content, where it is text.
    pub(crate) fn text(&self) -> Option<&str> {
        str::from_utf8(self.content.as_deref()?).ok()
    }
}

/// The first place of a needle that is not empty.
pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let candidates = bytes.len().checked_sub(what.len())?;
    (0..=candidates).find(|at| bytes[*at] == what[0] && bytes[*at..].starts_with(what))
}
