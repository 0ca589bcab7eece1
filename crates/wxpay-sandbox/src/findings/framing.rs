//! The framing of the form: headers of the request, and boundaries in the body.

use http::{HeaderMap, Method, header};

use super::Findings;
use crate::request::{Call, End, Form, boundary_parameter, find};

pub(super) fn look(call: &Call, form: &Form, findings: &mut Findings<'_>) {
    let (headers, body) = (&call.head.headers, &call.body.bytes);
    let length = headers.get(header::CONTENT_LENGTH);
    if length.is_none() && headers.contains_key(header::TRANSFER_ENCODING) {
        findings.add("chunked", &[]);
    }
    match call.body.end {
        End::Cut => {
            let stated = length.map_or("–".to_owned(), |it| findings.redactor.quoted(it));
            findings.add("body-cut", &[&body.len().to_string(), &stated]);
        }
        End::TooLarge => findings.add("body-too-large", &[]),
        End::Whole if body.is_empty() => {
            if call.head.method == Method::POST {
                findings.add("body-empty", &[]);
            }
            return;
        }
        End::Whole => {}
    }
    if let Some(boundary) = content_type(headers, form, findings) {
        boundaries(&boundary, body, form, findings);
    }
}

/// The boundary, where there is one.
fn content_type(headers: &HeaderMap, form: &Form, findings: &mut Findings<'_>) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(value) = values.next() else {
        findings.add("content-type-missing", &[]);
        return None;
    };
    if values.next().is_some() {
        findings.add("content-type-repeated", &[]);
    }
    let is_read = multer::parse_boundary(value.to_str().unwrap_or_default()).is_ok();
    let value = String::from_utf8_lossy(value.as_bytes());
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("multipart/form-data") {
        findings.add("not-multipart", &[&media_type]);
        return None;
    }
    let (name, value) = boundary_parameter(&value).unwrap_or_default();
    let unquoted = value.trim().trim_matches('"');
    if unquoted.is_empty() {
        findings.add("boundary-missing", &[]);
        return None;
    }
    let is_padded = [value, unquoted].iter().any(|it| it.trim() != *it);
    let is_padded = is_padded || name.ends_with([' ', '\t']);
    if is_padded {
        findings.add("boundary-spaces", &[]);
    }
    if form.boundary_is_quoted {
        findings.add("boundary-quoted", &[]);
    } else if !is_padded && !is_read {
        findings.add("boundary-malformed", &[]);
        return None;
    }
    Some(unquoted.to_owned())
}

fn boundaries(boundary: &str, body: &[u8], form: &Form, findings: &mut Findings<'_>) {
    for defect in &form.defects {
        findings.add(defect.finding, &[]);
    }
    let delimiter = format!("--{boundary}");
    let first = find(body, delimiter.as_bytes());
    let start = body.trim_ascii_start();
    match first {
        Some(0) => {}
        // RFC 2046 allows text before the first boundary; curl and browsers send none.
        Some(before) => findings.add("preamble", &[&before.to_string()]),
        None if start.starts_with(b"--") => {
            let line = start.split(|byte| *byte == b'\n').next();
            let found = line.unwrap_or_default().trim_ascii();
            findings.add("boundary-mismatch", &[&boundary, &found]);
        }
        None => findings.add("not-a-form", &[]),
    }
    let closing = format!("{delimiter}--");
    let tail = &body[body.len().saturating_sub(closing.len() + 64)..];
    let is_open = find(tail, closing.as_bytes()).is_none();
    let is_refused = form.defects.iter().any(|defect| defect.refusal.is_some());
    if first.is_some() && is_open && !form.too_large && !is_refused {
        findings.add("form-not-closed", &[]);
    }
}
