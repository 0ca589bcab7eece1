//! The header of one part.

use std::fmt;

use super::invalid::InvalidPartKind;
use super::media_type::MediaType;
use super::quoted::{Parameter, Quoted};

/// What stands between a part's delimiter and the blank line before its content.
///
/// `name` goes before `filename`, for there are servers that find it in no other place. There is
/// never a `filename*`: RFC 7578 forbids it in forms.
pub(super) struct Header<'a> {
    name: Quoted<'a>,
    file: Option<File<'a>>,
}

struct File<'a> {
    name: Quoted<'a>,
    content_type: MediaType<'a>,
}

impl<'a> Header<'a> {
    pub(super) fn text(name: &'a str) -> Result<Self, InvalidPartKind> {
        if name.is_empty() {
            return Err(InvalidPartKind::EmptyName);
        }
        if reads_as_file_name(name) {
            return Err(InvalidPartKind::FileNameInName);
        }
        let name = Quoted::parse(Parameter::Name, name)?;
        Ok(Self { name, file: None })
    }

    pub(super) fn file(
        name: &'a str,
        filename: &'a str,
        content_type: &'a str,
    ) -> Result<Self, InvalidPartKind> {
        let file = File {
            name: Quoted::parse(Parameter::FileName, filename)?,
            content_type: MediaType::parse(content_type).ok_or_else(|| {
                InvalidPartKind::ContentType {
                    content_type: content_type.to_owned(),
                }
            })?,
        };
        Ok(Self {
            file: Some(file),
            ..Self::text(name)?
        })
    }
}

/// Every line with its CRLF.
impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content-Disposition: form-data; name={}", self.name)?;
        if let Some(file) = &self.file {
            write!(f, "; filename={}", file.name)?;
            write!(f, "\r\nContent-Type: {}", file.content_type)?;
        }
        f.write_str("\r\n")
    }
}

/// Parsers that search for parameters, rather than read the header from its start, find a `filename`
/// even within the quotes of `name`: behind a space, a tab or a semicolon, and multer, which goes on
/// behind a `filename` that is none as if the header began there, behind another `filename`.
fn reads_as_file_name(name: &str) -> bool {
    const FILE_NAME: &str = "filename";
    // Something must stand before it.
    if name.len() <= FILE_NAME.len() {
        return false;
    }
    let name = name.to_ascii_lowercase();
    name.match_indices(FILE_NAME).any(|(start, _)| {
        let before = &name[..start];
        before.ends_with([' ', '\t', ';']) || before.ends_with(FILE_NAME)
    })
}
