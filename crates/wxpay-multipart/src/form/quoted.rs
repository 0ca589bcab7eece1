//! A parameter of `Content-Disposition`, quoted as browsers quote it.

use std::fmt;

use super::invalid::InvalidPartKind;

/// Which parameter of a part's `Content-Disposition` an error is about.
///
/// # Examples
///
/// ```
/// assert_eq!(wxpay_multipart::Parameter::FileName.to_string(), "file name");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// `name`: the part's name.
    Name,
    /// `filename`: the file's name.
    FileName,
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::FileName => "file name",
        })
    }
}

/// A text that every parser reads from its quotes as the same text.
pub(super) struct Quoted<'a>(&'a str);

impl<'a> Quoted<'a> {
    pub(super) fn parse(parameter: Parameter, text: &'a str) -> Result<Self, InvalidPartKind> {
        if let Some((offset, character)) = text
            .char_indices()
            .find(|&(_, character)| is_forbidden(character))
        {
            return Err(InvalidPartKind::ControlCharacter {
                parameter,
                character,
                offset,
            });
        }
        if text.ends_with('\\') {
            return Err(InvalidPartKind::FinalBackslash { parameter });
        }
        Ok(Self(text))
    }
}

/// The escapes of the HTML standard ("multipart/form-data encoding algorithm"), and no others: it
/// leaves `%` and `\` alone, which is why the escaping cannot be undone.
impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut rest = self.0;
        while let Some(at) = rest.find(['"', '\r', '\n']) {
            let (plain, special) = rest.split_at(at);
            f.write_str(plain)?;
            f.write_str(match special.as_bytes()[0] {
                b'"' => "%22",
                b'\r' => "%0D",
                _ => "%0A",
            })?;
            rest = &special[1..];
        }
        f.write_str(rest)?;
        f.write_str("\"")
    }
}

/// CR and LF are escaped, and a tab is white space like any other within quotes. The rest is invalid
/// in a header, or (U+0080 to U+009F) ends a line for some parsers.
fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\r' | '\n')
}
