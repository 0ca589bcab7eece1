//! The headers of a form's part as they were written: multer tells the values and hides the form.

use std::iter;

/// A departure from the form that WeChat's parsers, or multer, want.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Defect {
    /// The row of its finding.
    pub(crate) finding: &'static str,
    /// The reason to refuse a form that has it; none where the form is read nevertheless.
    pub(crate) refusal: Option<&'static str>,
}

#[rustfmt::skip] // a row a line
const DEFECTS: [Defect; 5] = [
    Defect { finding: "boundary-spaces/line", refusal: None },
    Defect { finding: "line-ends", refusal: Some("a line of the form ends with LF alone") },
    Defect { finding: "header-folded", refusal: Some("a header of a part is folded over two lines") },
    Defect { finding: "disposition-missing", refusal: Some("a part has no Content-Disposition") },
    Defect { finding: "field-unnamed", refusal: Some("the Content-Disposition of a part has no name") },
];

/// Adds the defects of a part that begins with these bytes, behind the boundary itself.
pub(crate) fn look(part: &[u8], defects: &mut Vec<&'static Defect>) {
    let is_bare_lf = |line: &[u8]| line.ends_with(b"\n") && !line.ends_with(b"\r\n");
    let mut lines = part.split_inclusive(|byte| *byte == b'\n');
    let boundary_line = lines.next().unwrap_or_default();
    let is_blank = boundary_line.trim_ascii().is_empty();
    let is_padded = is_blank && matches!(boundary_line, [b' ' | b'\t', ..]);
    let mut has_bare_lf = is_bare_lf(boundary_line);
    let (mut disposition, mut is_folded, mut has_end) = (None, false, false);
    for line in lines {
        has_bare_lf |= is_bare_lf(line);
        if line.trim_ascii().is_empty() {
            has_end = true;
            break;
        }
        is_folded |= line.starts_with(b" ") || line.starts_with(b"\t");
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-disposition") {
            disposition = Some(Disposition::parse(value.get(1..).unwrap_or_default()));
        }
    }
    let is_missing = disposition.is_none() && has_end;
    // The name may be in the line that is folded.
    let is_unnamed = disposition.is_some_and(|it| it.name.is_none()) && !is_folded;
    let found = [is_padded, has_bare_lf, is_folded, is_missing, is_unnamed];
    for (defect, is_found) in DEFECTS.iter().zip(found) {
        if is_found && !defects.contains(&defect) {
            defects.push(defect);
        }
    }
}

/// A Content-Disposition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Disposition {
    /// In any character set.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) file_name: Option<Vec<u8>>,
    /// `filename` comes before `name`.
    pub(crate) file_name_first: bool,
    /// `filename*`, of RFC 2231 and 5987.
    pub(crate) extended_file_name: bool,
}

impl Disposition {
    pub(crate) fn parse(value: &[u8]) -> Self {
        let mut found = Self::default();
        for parameter in parameters(value.trim_ascii()).skip(1) {
            let Some(end) = parameter.iter().position(|byte| *byte == b'=') else {
                continue;
            };
            let value = || Some(unquoted(parameter[end + 1..].trim_ascii()).to_vec());
            let name = parameter[..end].trim_ascii().to_ascii_lowercase();
            match name.as_slice() {
                b"name" => found.name = found.name.take().or_else(value),
                b"filename" => {
                    found.file_name_first |= found.name.is_none();
                    found.file_name = found.file_name.take().or_else(value);
                }
                b"filename*" => found.extended_file_name = true,
                _ => {}
            }
        }
        // A file name and no name at all is another matter.
        found.file_name_first &= found.name.is_some();
        found
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    let inner = value.strip_prefix(b"\"").unwrap_or(value);
    inner.strip_suffix(b"\"").unwrap_or(inner)
}

/// The texts between semicolons that are not in quotes.
fn parameters(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (mut in_quotes, mut is_escaped) = (false, false);
        let end = rest.iter().enumerate().position(|(at, byte)| {
            let ends = *byte == b';' && !in_quotes;
            // The second byte of a GBK character may be a backslash: at the end of a value it is no escape.
            let is_last = || matches!(rest[at + 1..].trim_ascii_start(), [] | [b';', ..]);
            in_quotes ^= *byte == b'"' && (!is_escaped || is_last());
            is_escaped = *byte == b'\\' && !is_escaped;
            ends
        });
        let (parameter, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind.get(1..).unwrap_or_default();
        Some(parameter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_the_form_of_names_are_seen() {
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
    fn a_hostile_header_takes_no_time() {
        for piece in [" ", "\\\"", "; ", "\\\" ", "name="] {
            Disposition::parse(piece.repeat(1 << 18).as_bytes());
        }
    }
}
