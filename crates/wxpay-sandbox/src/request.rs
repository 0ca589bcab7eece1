//! A request as it came, and the form in its body, read by multer.

use std::{
    cell::OnceCell,
    convert::Infallible,
    future::ready,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{HeaderName, HeaderValue, header::CONTENT_DISPOSITION, request::Parts};
use multer::Multipart;
use tokio::sync::OwnedSemaphorePermit;
use wxpay_sign::{ContentHash, ContentMd5};

use crate::{limits::FIELDS, tls::SentCertificate};

/// A call, for the rules, the findings and the record.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) client: Arc<Client>,
    pub(crate) time: SystemTime,
    pub(crate) head: Parts,
    pub(crate) body: Body,
    /// Time from the end of the head to the end of the body.
    pub(crate) received_in: Duration,
}

/// A client, by its TLS handshake.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) address: String,
    pub(crate) tls_version: String,
    pub(crate) certificate: Option<SentCertificate>,
}

/// The body of a request, as far as it is kept.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) end: End,
    /// The reservation of its memory, released on drop.
    pub(crate) _memory: Option<OwnedSemaphorePermit>,
}

/// The end of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// Complete by the framing of HTTP.
    Whole,
    /// Longer than the bytes that are kept.
    TooLarge,
    /// The client stopped sending, or took too long.
    #[default]
    Cut,
}

/// Bytes of a part's head that are searched for defects.
const HEAD: usize = 8 * 1024;

/// A form as far as it can be read. The rules decide whether the gateway takes it.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// In the order of the body; empty where the form cannot be read to its end.
    pub(crate) parts: Vec<Part>,
    /// The reason why it cannot be read.
    pub(crate) error: Option<&'static str>,
    pub(crate) defects: Vec<&'static Defect>,
    pub(crate) boundary_is_quoted: bool,
    /// The body is too large: the last part is the one in which reading ended.
    pub(crate) too_large: bool,
    media_md5: OnceCell<ContentHash>,
}

/// A part of a form.
#[derive(Debug)]
pub(crate) struct Part {
    /// As in the file name, bytes that are not UTF-8 are replaced by `U+FFFD`.
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) disposition: Disposition,
    pub(crate) names_are_utf8: bool,
    /// Browsers and servers ignore it.
    pub(crate) transfer_encoding: Option<String>,
    /// None where reading ended in it.
    pub(crate) content: Option<Bytes>,
    /// Position of the content in the body.
    pub(crate) offset: usize,
}

/// The name and the value of the parameter `boundary` of a `Content-Type`, with the spaces around
/// them.
pub(crate) fn boundary_parameter(content_type: &str) -> Option<(&str, &str)> {
    let parameters = content_type.split(';').skip(1);
    let mut pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
}

impl Form {
    pub(crate) fn read(content_type: Option<&HeaderValue>, body: &Body) -> Self {
        let mut form = Self {
            boundary_is_quoted: content_type.is_some_and(|it| {
                let text = String::from_utf8_lossy(it.as_bytes());
                boundary_parameter(&text).is_some_and(|(_, value)| value.contains('"'))
            }),
            too_large: body.end == End::TooLarge,
            ..Self::default()
        };
        form.error = form.fill(content_type, body).err();
        form
    }

    /// Reads the parts; fails with the reason why they cannot be read.
    fn fill(&mut self, header: Option<&HeaderValue>, body: &Body) -> Result<(), &'static str> {
        let boundary = header
            .and_then(|it| multer::parse_boundary(it.to_str().ok()?).ok())
            .filter(|boundary| !boundary.is_empty());
        let Some(boundary) = boundary else {
            let lower = header.map(|it| it.as_bytes().to_ascii_lowercase());
            let has_boundary = lower.is_some_and(|it| find(&it, b"boundary").is_some());
            return Err(match has_boundary {
                true => "the boundary in the Content-Type cannot be read",
                false => "the Content-Type is not multipart/form-data with a boundary",
            });
        };
        if body.end == End::Cut {
            return Err("the body was not sent to its end");
        }
        let whole = stream::once(ready(Ok::<_, Infallible>(body.bytes.clone())));
        let multipart = Multipart::new(whole, boundary.clone());
        // All bytes are here, so multer never waits.
        let is_read = self.read_parts(multipart).now_or_never().flatten();
        self.examine_heads(&boundary, &body.bytes);
        if is_read.is_none() && !self.too_large {
            self.parts.clear();
            let refusal = self.defects.iter().find_map(|defect| defect.refusal);
            return Err(refusal.unwrap_or("the body is not a form that ends with its boundary"));
        }
        Ok(())
    }

    /// Reads all parts; none where multer fails, whose message is not for a response.
    async fn read_parts(&mut self, mut multipart: Multipart<'_>) -> Option<()> {
        while let Some(field) = multipart.next_field().await.ok()? {
            let headers = field.headers();
            let header = headers.get(CONTENT_DISPOSITION)?;
            let disposition = Disposition::parse(header.as_bytes());
            let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            // Multer has no name where it is not UTF-8.
            let name = field.name().map(str::to_owned);
            let file_name = field.file_name().map(str::to_owned);
            let encoding = headers.get("content-transfer-encoding");
            let mut part = Part {
                name: name.or_else(|| disposition.name.as_deref().map(lossy))?,
                file_name: file_name.or_else(|| disposition.file_name.as_deref().map(lossy)),
                content_type: field.content_type().map(ToString::to_string),
                names_are_utf8: str::from_utf8(header.as_bytes()).is_ok(),
                transfer_encoding: encoding.map(|value| lossy(value.as_bytes())),
                disposition,
                content: None,
                offset: 0,
            };
            part.content = field.bytes().await.ok();
            let is_read = part.content.is_some();
            self.parts.push(part);
            is_read.then_some(())?;
        }
        Some(())
    }

    /// Goes from boundary to boundary, past the contents that multer has read, for defects and
    /// offsets.
    fn examine_heads(&mut self, boundary: &str, body: &[u8]) {
        let delimiter = format!("--{boundary}");
        let mut at = find(body, delimiter.as_bytes()).unwrap_or(body.len());
        let mut parts = self.parts.iter_mut();
        let mut examined = 0;
        loop {
            let start = at + delimiter.len();
            let behind = body.get(start..).unwrap_or_default();
            if behind.is_empty() || behind.starts_with(b"--") {
                return;
            }
            if examined < FIELDS {
                examined += 1;
                add_defects(&behind[..behind.len().min(HEAD)], &mut self.defects);
            }
            let part = parts.next();
            let content = part.and_then(|part| Some((part.content.as_ref()?, &mut part.offset)));
            at = match content {
                Some((content, offset)) => {
                    *offset = start + find(behind, b"\r\n\r\n").map_or(0, |end| end + 4);
                    *offset + content.len() + 2
                }
                // Multer has stopped here.
                None if examined == FIELDS => return,
                None => {
                    let Some(next) = find(behind, format!("\n{delimiter}").as_bytes()) else {
                        return;
                    };
                    // The end of the line before the boundary.
                    add_defects(&behind[next.saturating_sub(1)..=next], &mut self.defects);
                    start + next + 1
                }
            };
        }
    }

    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The file name of `media`.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.part("media")?.file_name.as_deref()
    }

    /// The MD5 of the content of `media`, made once.
    pub(crate) fn media_md5(&self) -> &ContentHash {
        let content = self.part("media").and_then(|it| it.content.as_deref());
        let make = || ContentMd5::of(content.unwrap_or_default());
        self.media_md5.get_or_init(make)
    }

    /// The text fields beside the picture, of the parts that are recorded.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.parts.iter().take(FIELDS);
        let texts = parts.filter(|part| part.name != "media" && part.file_name.is_none());
        texts.filter_map(|part| Some((&*part.name, part.text()?)))
    }

    /// The value of a field that is text.
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

/// The position of the first `needle`, which is not empty.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(needle.len())?;
    (0..=last).find(|at| bytes[*at] == needle[0] && bytes[*at..].starts_with(needle))
}

/// A defect of a form that WeChat's parsers, or multer, may not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Defect {
    /// The row of its finding.
    pub(crate) finding: &'static str,
    /// The reason to refuse the form; none where it is accepted.
    pub(crate) refusal: Option<&'static str>,
}

#[rustfmt::skip] // a row a line
const DEFECTS: [Defect; 10] = [
    Defect { finding: "boundary-spaces/line", refusal: None },
    Defect { finding: "line-ends", refusal: Some("a line of the form ends with LF alone") },
    Defect { finding: "line-ends/cr", refusal: Some("a line of the form has a CR that no LF follows") },
    Defect { finding: "header-malformed", refusal: Some("a line behind a boundary is no header, or has a control character") },
    Defect { finding: "header-malformed/long", refusal: Some("a part has more than 32 headers") },
    Defect { finding: "header-malformed/long", refusal: None },
    Defect { finding: "header-malformed/disposition", refusal: None },
    Defect { finding: "header-folded", refusal: Some("a header of a part is folded over two lines") },
    Defect { finding: "disposition-missing", refusal: Some("a part has no Content-Disposition") },
    Defect { finding: "field-unnamed", refusal: Some("the Content-Disposition of a part has no name") },
];

/// Adds the defects of a part that begins with these bytes, behind the boundary itself.
fn add_defects(part: &[u8], defects: &mut Vec<&'static Defect>) {
    let is_bare_lf = |line: &[u8]| line.ends_with(b"\n") && !line.ends_with(b"\r\n");
    let has_cr = |line: &[u8]| line.strip_suffix(b"\r\n").unwrap_or(line).contains(&b'\r');
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    let mut lines = part.split_inclusive(|byte| *byte == b'\n');
    let boundary_line = lines.next().unwrap_or_default();
    let is_blank = boundary_line.trim_ascii().is_empty();
    let is_padded = is_blank && matches!(boundary_line, [b' ' | b'\t', ..]);
    let (mut has_bare_lf, mut has_bare_cr) = (is_bare_lf(boundary_line), has_cr(boundary_line));
    let mut is_malformed = !is_blank && !has_bare_cr && boundary_line.len() < part.len();
    let (mut has_end, mut is_folded, mut disposition, mut count) = (false, false, None, 0);
    let mut lines = lines.take_while(|line| line.ends_with(b"\n"));
    // A line that is no header may be content, and so may be all lines behind it.
    while !(has_bare_cr || is_malformed || has_end)
        && let Some(line) = lines.next()
    {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let is_continued = matches!(line, [b' ' | b'\t', ..]);
        has_end = matches!(line, b"\n" | b"\r\n");
        has_bare_cr = has_cr(line);
        is_malformed = !has_bare_cr && value.trim_ascii_end().iter().any(is_control)
            || !has_end && !is_continued && HeaderName::from_bytes(name).is_err();
        has_bare_lf |= !is_malformed && is_bare_lf(line);
        is_folded |= is_continued;
        count += usize::from(!has_end);
        if name.eq_ignore_ascii_case(b"content-disposition") {
            disposition = Some(Disposition::parse(value.get(1..).unwrap_or_default()));
        }
    }
    let is_long = part.len() == HEAD && !(has_bare_cr || is_malformed || has_end);
    let is_odd = disposition.as_ref().is_some_and(|it| it.is_malformed);
    // The name may be on a folded line.
    let is_unnamed = disposition.as_ref().is_some_and(|it| it.name.is_none()) && !is_folded;
    #[rustfmt::skip] // as in the table
    let found = [
        is_padded, has_bare_lf, has_bare_cr, is_malformed, count > 32, is_long, is_odd, is_folded,
        disposition.is_none() && has_end, is_unnamed,
    ];
    let found = DEFECTS.iter().zip(found).filter(|it| it.1);
    for (defect, _) in found {
        if !defects.contains(&defect) {
            defects.push(defect);
        }
    }
}

/// The parameters of a Content-Disposition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Disposition {
    /// In any character set.
    name: Option<Vec<u8>>,
    file_name: Option<Vec<u8>>,
    /// `filename` comes before `name`.
    pub(crate) file_name_first: bool,
    /// `filename*`, of RFC 2231 and 5987.
    pub(crate) extended_file_name: bool,
    /// It is not `form-data`, a quote is open, or a name comes twice.
    is_malformed: bool,
}

impl Disposition {
    fn parse(value: &[u8]) -> Self {
        let mut found = Self::default();
        let mut parameters = parameters(value.trim_ascii());
        let kind = parameters.next().unwrap_or_default().trim_ascii();
        found.is_malformed = !kind.eq_ignore_ascii_case(b"form-data");
        for parameter in parameters {
            let Some(end) = parameter.iter().position(|byte| *byte == b'=') else {
                continue;
            };
            let value = parameter[end + 1..].trim_ascii();
            found.is_malformed |= value.first() == Some(&b'"') && !matches!(value, [_, .., b'"']);
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = Some(value.strip_suffix(b"\"").unwrap_or(value).to_vec());
            let name = parameter[..end].trim_ascii().to_ascii_lowercase();
            match name.as_slice() {
                b"name" if found.name.is_none() => found.name = value,
                b"filename" if found.file_name.is_none() => {
                    found.file_name_first |= found.name.is_none();
                    found.file_name = value;
                }
                b"name" | b"filename" => found.is_malformed = true,
                b"filename*" => found.extended_file_name = true,
                _ => {}
            }
        }
        // A part without a name has another defect.
        found.file_name_first &= found.name.is_some();
        found
    }
}

/// The texts between semicolons that are not in quotes.
fn parameters(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut read, mut in_quotes, mut is_escaped) = (0, false, false);
    value.split(move |byte| {
        read += 1;
        let is_end = *byte == b';' && !in_quotes;
        // The second byte of a GBK character may be a backslash: before the last quote it is no
        // escape.
        let is_last = || matches!(value[read..].trim_ascii_start(), [] | [b';', ..]);
        in_quotes ^= *byte == b'"' && (!is_escaped || is_last());
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_the_kind_of_names_are_found() {
        #[rustfmt::skip] // a row a line
        let rows: [(&[u8], &[u8], bool, bool); 9] = [
            (br#"form-data; name="media"; filename="shop.jpg""#, b"shop.jpg", false, false),
            (br#"form-data; filename="shop.jpg"; name="media""#, b"shop.jpg", true, false),
            (br#"form-data; FILENAME=shop.jpg;name=media"#, b"shop.jpg", true, false),
            (br#"form-data; name="media"; filename*=UTF-8''%E5%BA%97.jpg"#, b"", false, true),
            (br#"form-data; name="a; filename="; filename="x\"y; filename*=""#, br#"x\"y; filename*="#, false, false),
            (br#"form-data; filename="shop.jpg""#, b"shop.jpg", false, false),
            // GBK, one of whose bytes is a backslash.
            (b"form-data; name=\"media\"; filename=\"\xb5\xea\x8c\x5c\"", b"\xb5\xea\x8c\x5c", false, false),
            (b"", b"", false, false),
            (b";;=;\"", b"", false, false),
        ];
        for (value, file_name, first, extended) in rows {
            let it = Disposition::parse(value);
            let found = it.file_name.as_deref().unwrap_or_default();
            let found = (found, it.file_name_first, it.extended_file_name);
            assert_eq!(found, (file_name, first, extended), "{it:?}");
        }
    }

    #[test]
    fn a_hostile_header_is_parsed_in_linear_time() {
        for piece in [" ", "\\\"", "; ", "\\\" ", "name="] {
            Disposition::parse(piece.repeat(1 << 18).as_bytes());
        }
    }
}
