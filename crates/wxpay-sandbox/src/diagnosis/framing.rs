//! The request around the form: its headers, and how the form is cut into parts.

use http::{HeaderMap, header};

use super::finding::{Finding, shown};
use crate::gateway::{Call, End};

pub(super) fn look(call: &Call<'_>, findings: &mut Vec<Finding>) {
    let (headers, body) = (call.headers, call.body);
    if headers.contains_key(header::TRANSFER_ENCODING)
        && !headers.contains_key(header::CONTENT_LENGTH)
    {
        findings.push(Finding::new(
            "chunked",
            "the body came chunked, without a Content-Length: WeChat's gateway is not known to take \
             that. Send it with its exact length (build the form in memory; it is under 3 MB)",
        ));
    }
    match body.end {
        End::Cut => {
            let stated = headers.get(header::CONTENT_LENGTH);
            let stated = stated.and_then(|length| length.to_str().ok());
            findings.push(Finding::new(
                "body-cut",
                format!(
                    "the body ended after {} bytes, and its Content-Length is {}: was it computed \
                     for other bytes, or did the client give up?",
                    body.bytes.len(),
                    stated.map_or_else(|| "not stated".to_owned(), shown)
                ),
            ));
        }
        End::TooLarge => findings.push(Finding::new(
            "body-too-large",
            "the body is over 4 MiB: a picture must be under 2 MiB (2,097,152 bytes); make it smaller",
        )),
        End::Whole if body.bytes.is_empty() => {
            if call.method == http::Method::POST {
                findings.push(Finding::new(
                    "body-empty",
                    "the request has no body: was the stream read once before, to hash it?",
                ));
            }
            return;
        }
        End::Whole => {}
    }
    content_type(headers, &body.bytes, findings);
}

fn content_type(headers: &HeaderMap, body: &[u8], findings: &mut Vec<Finding>) {
    let values: Vec<_> = headers.get_all(header::CONTENT_TYPE).iter().collect();
    if values.len() > 1 {
        findings.push(Finding::new(
            "content-type-repeated",
            "there are several Content-Type headers, of which the first counts: set none by hand, \
             the HTTP library makes the right one",
        ));
    }
    let Some(value) = values
        .first()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
    else {
        return findings.push(Finding::new(
            "content-type-missing",
            "there is no Content-Type: it must be multipart/form-data with the form's boundary",
        ));
    };
    let mut parameters = value.split(';').map(str::trim);
    let media_type = parameters.next().unwrap_or_default();
    if !media_type.eq_ignore_ascii_case("multipart/form-data") {
        return findings.push(Finding::new(
            "not-multipart",
            format!(
                "the Content-Type is {}: this API takes a form, multipart/form-data, with the \
                 picture's bytes in a file field (no JSON, no XML, no URL encoding)",
                shown(media_type)
            ),
        ));
    }
    let boundary = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then_some(value.trim())
    });
    match boundary {
        None => findings.push(Finding::new(
            "boundary-missing",
            "the Content-Type multipart/form-data has no boundary: do not set this header by hand, \
             the HTTP library sets it with the boundary of the form that it makes",
        )),
        Some(boundary) => {
            let unquoted = boundary.trim_matches('"');
            if unquoted != boundary {
                findings.push(Finding::new(
                    "boundary-quoted",
                    "the boundary in the Content-Type is in quotes, which WeChat's parsers do not \
                     read: write boundary=… without quotes, of letters and digits (.NET: set the \
                     header again, by TryAddWithoutValidation)",
                ));
            }
            form(unquoted, body, findings);
        }
    }
}

/// How the body is cut into parts by its boundary.
fn form(boundary: &str, body: &[u8], findings: &mut Vec<Finding>) {
    let first_line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_delimiter = first_line
        .strip_prefix(b"--")
        .and_then(|line| line.strip_prefix(boundary.as_bytes()));
    match is_delimiter {
        Some(b"") => findings.push(Finding::new(
            "line-ends",
            "the form's lines end with LF alone: they must end with CR LF (\\r\\n), the boundary \
             lines and the headers of each part alike",
        )),
        Some(_) => {
            let closing = format!("--{boundary}--");
            let tail = &body[body.len().saturating_sub(closing.len() + 64)..];
            if !tail.windows(closing.len()).any(|window| window == closing.as_bytes()) {
                findings.push(Finding::new(
                    "form-not-closed",
                    "the form does not end with its boundary and two dashes (--boundary--): is the \
                     body cut, or its Content-Length too small?",
                ));
            }
        }
        None if first_line.starts_with(b"--") => findings.push(Finding::new(
            "boundary-mismatch",
            format!(
                "the Content-Type says the boundary {}, and the body begins with {}: both must come \
                 from the same form",
                shown(boundary),
                shown(String::from_utf8_lossy(first_line).trim_end())
            ),
        )),
        None => findings.push(Finding::new(
            "not-a-form",
            "the body does not begin with the boundary: it is no form",
        )),
    }
}
