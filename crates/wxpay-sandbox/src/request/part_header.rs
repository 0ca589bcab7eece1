//! The headers of a form's part as they were written: multer tells the values and hides the form.

/// What WeChat's parsers, or multer, trip over in the boundary lines and headers of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A header goes on in a second line.
    Folded,
    /// A line ends in LF alone.
    BareLf,
    /// A part has no Content-Disposition.
    NoDisposition,
    /// A Content-Disposition has no `name`.
    NoName,
    /// White space behind a boundary line.
    Padding,
}

impl Defect {
    /// Why a form that has it is refused; none where the form is read nevertheless.
    pub(crate) fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Folded => Some("a header of a part is folded over two lines"),
            Self::BareLf => Some("a line of the form ends with LF alone"),
            Self::NoDisposition => Some("a part has no Content-Disposition"),
            Self::NoName => Some("the Content-Disposition of a part has no name"),
            Self::Padding => None,
        }
    }
}

/// The defects of a part that begins with these bytes, behind the boundary itself.
pub(crate) fn defects(part: &[u8]) -> Vec<Defect> {
    let mut found = Vec::new();
    let mut lines = part.split_inclusive(|byte| *byte == b'\n');
    let boundary_line = lines.next().unwrap_or_default();
    if boundary_line.trim_ascii().is_empty() && matches!(boundary_line, [b' ' | b'\t', ..]) {
        found.push(Defect::Padding);
    }
    let mut has_bare_lf = !boundary_line.ends_with(b"\r\n") && boundary_line.ends_with(b"\n");
    let (mut disposition, mut is_folded, mut has_end) = (None, false, false);
    for line in lines {
        has_bare_lf |= line.ends_with(b"\n") && !line.ends_with(b"\r\n");
        if line.trim_ascii().is_empty() {
            has_end = true;
            break;
        }
        is_folded |= line.starts_with(b" ") || line.starts_with(b"\t");
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && line[..colon]
                .trim_ascii()
                .eq_ignore_ascii_case(b"content-disposition")
        {
            disposition = Some(Disposition::parse(&line[colon + 1..]));
        }
    }
    if has_bare_lf {
        found.push(Defect::BareLf);
    }
    if is_folded {
        found.push(Defect::Folded);
    }
    match disposition {
        None if has_end => found.push(Defect::NoDisposition),
        None => {}
        // The name may be in the line that is folded.
        Some(disposition) if disposition.name.is_none() && !is_folded => {
            found.push(Defect::NoName);
        }
        Some(_) => {}
    }
    found
}

/// A Content-Disposition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Disposition {
    /// In whatever character set.
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
        for parameter in Parameters(value.trim_ascii()).skip(1) {
            let Some(end) = parameter.iter().position(|byte| *byte == b'=') else {
                continue;
            };
            let value = || Some(unquoted(parameter[end + 1..].trim_ascii()).to_vec());
            match parameter[..end]
                .trim_ascii()
                .to_ascii_lowercase()
                .as_slice()
            {
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

/// What is between semicolons that are not in quotes.
struct Parameters<'a>(&'a [u8]);

impl<'a> Iterator for Parameters<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let (mut in_quotes, mut is_escaped) = (false, false);
        let end = self.0.iter().enumerate().position(|(at, byte)| {
            let ends = *byte == b';' && !in_quotes;
            // The second byte of a GBK character may be a backslash: what ends the value is no escape.
            let is_last = || matches!(self.0[at + 1..].trim_ascii_start(), [] | [b';', ..]);
            in_quotes ^= *byte == b'"' && (!is_escaped || is_last());
            is_escaped = *byte == b'\\' && !is_escaped;
            ends
        });
        let (parameter, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        Some(parameter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_and_the_form_of_names_are_seen() {
        for (value, file_name_first, extended_file_name) in [
            (
                r#"form-data; name="media"; filename="shop.jpg""#,
                false,
                false,
            ),
            (
                r#"form-data; filename="shop.jpg"; name="media""#,
                true,
                false,
            ),
            (r#"form-data; FILENAME=shop.jpg;name=media"#, true, false),
            (
                r#"form-data; name="media"; filename*=UTF-8''%E5%BA%97.jpg"#,
                false,
                true,
            ),
            (
                r#"form-data; name="a; filename="; filename="x\"y; filename*=""#,
                false,
                false,
            ),
            (r#"form-data; filename="shop.jpg""#, false, false),
            ("", false, false),
            (";;=;\"", false, false),
        ] {
            let found = Disposition::parse(value.as_bytes());
            let expected = (file_name_first, extended_file_name);
            let forms = (found.file_name_first, found.extended_file_name);
            assert_eq!(forms, expected, "{value}");
        }
    }

    #[test]
    fn a_hostile_header_takes_no_time() {
        for piece in [" ", "\\\"", "; ", "\\\" ", "name="] {
            Disposition::parse(piece.repeat(1 << 18).as_bytes());
        }
    }

    #[test]
    fn a_name_in_any_character_set_is_a_name() {
        // GBK, one of whose bytes is a backslash; Latin-1; Big5.
        for name in [&b"\xb5\xea\x8c\x5c"[..], b"licen\xe7a.jpg", b"\xa5\x5c.png"] {
            let value = [b"form-data; name=\"media\"; filename=\"", name, b"\""].concat();
            let found = Disposition::parse(&value);
            assert_eq!(found.file_name.as_deref(), Some(name));
            assert_eq!(found.name.as_deref(), Some(&b"media"[..]));
        }
    }

    #[test]
    fn defects_of_a_part_are_named() {
        let good = "Content-Disposition: form-data; name=\"a\"\r\n";
        for (part, expected) in [
            (format!("\r\n{good}\r\nvalue\n x"), &[][..]),
            (format!(" \r\n{good}\r\n"), &[Defect::Padding]),
            (format!("\n{good}\r\n"), &[Defect::BareLf]),
            (
                format!("\r\n{}\r\n", good.replace('\r', "")),
                &[Defect::BareLf],
            ),
            (
                format!("\r\n{}\r\n", good.replace("; ", ";\r\n ")),
                &[Defect::Folded],
            ),
            (
                "\r\nContent-Type: text/plain\r\n\r\n".into(),
                &[Defect::NoDisposition],
            ),
            ("\r\n\r\nvalue".into(), &[Defect::NoDisposition]),
            (
                "\r\nContent-Disposition: form-data\r\n\r\n".into(),
                &[Defect::NoName],
            ),
        ] {
            assert_eq!(defects(part.as_bytes()), expected, "{part:?}");
        }
    }
}
