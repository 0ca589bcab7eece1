//! Rule 4: the form, read by multer.

use std::{convert::Infallible, future::ready};

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{HeaderValue, header::CONTENT_DISPOSITION};
use multer::Multipart;

use super::{
    body::{Body, End},
    refusal::{Refusal, Rule},
};
use crate::{diagnosis::Disposition, record::RecordedField};

/// The parts of a form, as they came.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) parts: Vec<Part>,
    boundary_is_quoted: bool,
    /// It was larger than what is read. What came first is here, up to and with the part in which
    /// reading ended.
    pub(super) too_large: bool,
}

/// One part, whose value is not looked at yet.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    /// How the header with both names is written.
    pub(crate) disposition: Disposition,
    /// Whether that header is UTF-8; where it is not, names may be missing.
    pub(crate) names_are_utf8: bool,
    /// Of no effect, as in all forms of today.
    pub(crate) transfer_encoding: Option<String>,
    /// None where reading ended in it.
    pub(crate) content: Option<Bytes>,
}

/// What is wrong with a form; what multer says is not for a reply.
struct Malformed;

impl From<multer::Error> for Malformed {
    fn from(_: multer::Error) -> Self {
        Self
    }
}

impl Form {
    /// Reads it, as far as it can be read. Whether the gateway would, [`check`](Self::check) tells.
    pub(super) fn read(content_type: Option<&HeaderValue>, body: &Body) -> Result<Self, Refusal> {
        let boundary = boundary(content_type).ok_or_else(|| {
            Rule::Form.because("the Content-Type is not multipart/form-data with a boundary")
        })?;
        if body.end == End::Cut {
            return Err(Rule::Form.because("the body was not sent to its end"));
        }
        let mut form = Self {
            parts: Vec::new(),
            boundary_is_quoted: content_type.is_some_and(has_quotes),
            too_large: body.end == End::TooLarge,
        };
        let whole = stream::once(ready(Ok::<_, Infallible>(body.bytes.clone())));
        // All bytes are there, so that nothing has to be waited for.
        let read = form
            .read_parts(Multipart::new(whole, boundary))
            .now_or_never();
        match read {
            Some(Ok(())) => Ok(form),
            Some(Err(Malformed)) | None if form.too_large => Ok(form),
            Some(Err(Malformed)) | None => {
                Err(Rule::Form.because("the body is not a form that ends with its boundary"))
            }
        }
    }

    /// Refuses the forms of a form that WeChat's parsers are known not to read.
    pub(super) fn check(self) -> Result<Self, Refusal> {
        let any =
            |what: fn(&Disposition) -> bool| self.parts.iter().any(|part| what(&part.disposition));
        let message = if self.boundary_is_quoted {
            "the boundary is in quotes"
        } else if any(|disposition| disposition.file_name_first) {
            "filename comes before name"
        } else if any(|disposition| disposition.extended_file_name) {
            "a file name is given as filename*"
        } else {
            return Ok(self);
        };
        Err(Rule::Form.because(message))
    }

    async fn read_parts(&mut self, mut multipart: Multipart<'_>) -> Result<(), Malformed> {
        while let Some(field) = multipart.next_field().await? {
            let names = field.headers().get(CONTENT_DISPOSITION).ok_or(Malformed)?;
            let mut part = Part {
                name: field.name().ok_or(Malformed)?.to_owned(),
                file_name: field.file_name().map(str::to_owned),
                content_type: field.content_type().map(ToString::to_string),
                disposition: Disposition::parse(names.as_bytes()),
                names_are_utf8: std::str::from_utf8(names.as_bytes()).is_ok(),
                transfer_encoding: field
                    .headers()
                    .get("content-transfer-encoding")
                    .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
                content: None,
            };
            let content = field.bytes().await;
            let result = content.map(|content| part.content = Some(content));
            self.parts.push(part);
            result?;
        }
        Ok(())
    }
}

impl Part {
    pub(super) fn recorded(&self) -> RecordedField {
        RecordedField::new(
            &self.name,
            self.file_name.as_deref(),
            self.content_type.as_deref(),
            self.content.as_deref(),
        )
    }
}

fn boundary(content_type: Option<&HeaderValue>) -> Option<String> {
    let content_type = content_type?.to_str().ok()?;
    multer::parse_boundary(content_type)
        .ok()
        .filter(|boundary| !boundary.is_empty())
}

/// Quotes can be around a boundary only, in a media type that names one.
fn has_quotes(content_type: &HeaderValue) -> bool {
    content_type.as_bytes().contains(&b'"')
}
