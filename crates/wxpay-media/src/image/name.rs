//! The file name that goes with a picture.

use std::{borrow::Cow, path::Path};

use wxpay_picture::Format;

/// The longest name, in characters. The API's page declares `media` as `string[1,256]`, which can
/// only mean the name.
const LONGEST: usize = 256;

/// A name that the gateway takes: checked where the caller gives it, mended where a path does.
#[derive(Debug, Clone)]
pub(super) struct FileName(String);

impl FileName {
    pub(super) fn new(name: String) -> Result<Self, InvalidName> {
        if let Some(before) = name.chars().position(is_refused) {
            return Err(InvalidName::Character {
                position: before + 1,
            });
        }
        if name.ends_with('\\') {
            return Err(InvalidName::FinalBackslash);
        }
        match name.chars().count() {
            0 => Err(InvalidName::Empty),
            1..=LONGEST => Ok(Self(name)),
            length => Err(InvalidName::TooLong { length }),
        }
    }

    /// The path's last part, with `_` for what the gateway does not take: the caller may not be
    /// able to choose the file's name.
    pub(super) fn of_path(path: &Path) -> Result<Self, InvalidName> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut name = name.replace(is_refused, "_");
        if name.ends_with('\\') {
            name.pop();
            name.push('_');
        }
        Self::new(name)
    }

    /// The name with the format's extension, and whether that is another name.
    pub(super) fn with_extension_of(self, format: Format) -> (Self, bool) {
        let Cow::Owned(mut name) = format.right_name(&self.0) else {
            return (self, false);
        };
        // A new extension may make it too long; the end of the rest goes.
        while name.chars().count() > LONGEST {
            let dot = name.rfind('.').unwrap_or_default();
            let last = name[..dot].chars().next_back().map_or(0, char::len_utf8);
            name.replace_range(dot - last..dot, "");
        }
        (Self(name), true)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The API's text is UTF-8 of one to three bytes a character.
fn is_refused(character: char) -> bool {
    character.is_control() || character > '\u{ffff}'
}

/// Why a file name cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// No name at all.
    #[error("the file name is empty")]
    Empty,
    /// More than 256 characters.
    #[error("the file name has {length} characters: the gateway takes at most 256")]
    TooLong {
        /// How many it has.
        length: usize,
    },
    /// A control character, or one beyond U+FFFF such as an emoji.
    #[error(
        "the file name's character {position} is a control character or beyond U+FFFF, which the gateway does not take"
    )]
    Character {
        /// The first such character, counted from 1.
        position: usize,
    },
    /// A backslash at the end, which form parsers read together with the quote behind it.
    #[error("the file name ends with a backslash, which form parsers misread")]
    FinalBackslash,
}
