//! What is kept of a form's field.

use serde::Serialize;

use super::{
    LINE,
    caps::{VALUE, capped},
};

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedField {
    /// Its name.
    pub name: String,
    /// For a file, its name.
    pub file_name: Option<String>,
    /// The media type that the part states.
    pub content_type: Option<String>,
    /// For a text, its value, up to 2 KiB. What is not UTF-8 is replaced by `U+FFFD`.
    pub value: Option<String>,
    /// Its whole length in bytes; none where it was not read to its end.
    pub length: Option<usize>,
}

impl RecordedField {
    pub(crate) fn new(
        name: &str,
        file_name: Option<&str>,
        content_type: Option<&str>,
        content: Option<&[u8]>,
    ) -> Self {
        let line = |text: &str| capped(text.as_bytes(), LINE);
        let is_text = file_name.is_none();
        Self {
            name: line(name),
            file_name: file_name.map(line),
            content_type: content_type.map(line),
            value: content
                .filter(|_| is_text)
                .map(|content| capped(content, VALUE)),
            length: content.map(<[u8]>::len),
        }
    }
}
