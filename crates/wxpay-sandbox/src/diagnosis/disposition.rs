//! A part's Content-Disposition as it was written: multer tells the values and hides the form.

/// What WeChat's parsers are known to trip over in a Content-Disposition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Disposition {
    /// `filename` comes before `name`.
    pub(crate) file_name_first: bool,
    /// `filename*`, of RFC 2231 and 5987.
    pub(crate) extended_file_name: bool,
}

impl Disposition {
    pub(crate) fn parse(value: &[u8]) -> Self {
        let mut found = Self::default();
        let mut name_seen = false;
        for parameter in Parameters(value).skip(1) {
            let end = parameter.iter().position(|byte| *byte == b'=');
            let name = parameter[..end.unwrap_or(parameter.len())].trim_ascii();
            match name.to_ascii_lowercase().as_slice() {
                b"name" => name_seen = true,
                b"filename" => found.file_name_first |= !name_seen,
                b"filename*" => found.extended_file_name = true,
                _ => {}
            }
        }
        // A file name and no name at all is another matter.
        found.file_name_first &= name_seen;
        found
    }
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
        let end = self.0.iter().position(|byte| {
            let ends = *byte == b';' && !in_quotes;
            in_quotes ^= *byte == b'"' && !is_escaped;
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
    use super::Disposition;

    #[test]
    fn forms() {
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
                r#"form-data; name="a; filename="; filename="x\"; filename*=""#,
                false,
                false,
            ),
            (r#"form-data; filename="shop.jpg""#, false, false),
            ("", false, false),
            (";;=;\"", false, false),
        ] {
            let expected = Disposition {
                file_name_first,
                extended_file_name,
            };
            assert_eq!(Disposition::parse(value.as_bytes()), expected, "{value}");
        }
    }
}
