//! The header of a part, and the names and types that it refuses.

/// A part was refused, and its form dropped.
///
/// ```
/// let form = wxpay_multipart::Form::new().file("media", "bell\u{7}.png", "image/png", "");
/// let text = r#"part 1 ("media"): the file name has the control character U+0007 at byte 4: remove it"#;
/// assert_eq!(form.unwrap_err().to_string(), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("part {position} ({name:?}): {kind}")]
#[non_exhaustive]
pub struct PartError {
    /// The part's name.
    pub name: String,
    /// The part's position in the form, from 1.
    pub position: usize,
    /// The fault.
    pub kind: PartErrorKind,
}

/// The fault of a part, which some servers would read as another form, or which cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartErrorKind {
    /// The name is empty. An empty file name is allowed.
    #[error("the name is empty: name the part")]
    EmptyName,
    /// The name has `filename`, in upper or lower case, after a space, a tab, a semicolon or
    /// another `filename`. The names `filename` and `old_filename` are allowed.
    ///
    /// Several parsers, multer among them, search the header for the parameter and find this one:
    /// the name `x; filename=a.php` would make a text a file.
    #[error("the name holds `filename` where parsers take it for the file's name: rename the part")]
    FileNameInName,
    /// The name or the file name has a control character (Unicode Cc) other than tab, CR and LF.
    ///
    /// CR and LF are sent escaped, and parsers read a tab within quotes as it is.
    #[error(
        "the {parameter} has the control character U+{:04X} at byte {offset}: remove it",
        u32::from(*character)
    )]
    #[non_exhaustive]
    ControlCharacter {
        /// `name` or `file name`.
        parameter: &'static str,
        /// The first such character.
        character: char,
        /// The number of bytes before it.
        offset: usize,
    },
    /// The name or the file name ends in a backslash.
    ///
    /// Several parsers, multer among them, read it and the closing quote as an escaped quote. Other
    /// backslashes are sent as they are, as by browsers; a few parsers, Python's `email` among
    /// them, drop them.
    #[error(
        "the {parameter} ends in a backslash, which parsers take to escape the closing quote: remove it"
    )]
    #[non_exhaustive]
    FinalBackslash {
        /// `name` or `file name`.
        parameter: &'static str,
    },
    /// The content type is no media type: `type/subtype` in ASCII, with parameters or without.
    #[error("the content type {content_type:?} is no media type: write it like `image/png`")]
    #[non_exhaustive]
    ContentType {
        /// The given value.
        content_type: String,
    },
    /// The form would have more than `u64::MAX` bytes.
    #[error("the form becomes longer than u64::MAX bytes: declare the length of what is sent")]
    TooLong,
}

/// The lines between a part's delimiter and its content; a file has a name and a content type.
///
/// `name` precedes `filename`, because some servers find it in no other place. There is no
/// `filename*`: RFC 7578 forbids it in forms.
pub(crate) fn header(name: &str, file: Option<(&str, &str)>) -> Result<String, PartErrorKind> {
    if let Some((file_name, content_type)) = file {
        check("file name", file_name)?;
        if !is_media_type(content_type) {
            let content_type = content_type.to_owned();
            return Err(PartErrorKind::ContentType { content_type });
        }
    }
    if name.is_empty() {
        return Err(PartErrorKind::EmptyName);
    }
    if reads_as_file_name(name.as_bytes()) {
        return Err(PartErrorKind::FileNameInName);
    }
    check("name", name)?;
    let mut header = format!("Content-Disposition: form-data; name=\"{}\"", escaped(name));
    if let Some((name, content_type)) = file {
        header += &format!(
            "; filename=\"{}\"\r\nContent-Type: {content_type}",
            escaped(name)
        );
    }
    Ok(header + "\r\n\r\n")
}

/// Whether a parser that searches the header for parameters finds a `filename` in the quoted name:
/// after a space, a tab or a semicolon, or after another `filename`, where multer goes on as if the
/// header began there.
fn reads_as_file_name(name: &[u8]) -> bool {
    let is_file_name = |text: &[u8; 8]| text.eq_ignore_ascii_case(b"filename");
    (1..name.len()).any(|at| {
        let (before, rest) = name.split_at(at);
        rest.first_chunk().is_some_and(is_file_name)
            && (b" \t;".contains(&before[at - 1]) || before.last_chunk().is_some_and(is_file_name))
    })
}

/// Refuses characters that some parsers misread in quotes.
///
/// CR and LF are sent escaped, and a tab in quotes is white space. Other control characters are
/// invalid in a header, or (U+0080 to U+009F) end a line for some parsers.
fn check(parameter: &'static str, text: &str) -> Result<(), PartErrorKind> {
    let is_forbidden = |it: char| it.is_control() && !matches!(it, '\t' | '\r' | '\n');
    if let Some((offset, character)) = text.char_indices().find(|&(_, it)| is_forbidden(it)) {
        return Err(PartErrorKind::ControlCharacter {
            parameter,
            character,
            offset,
        });
    }
    if text.ends_with('\\') {
        return Err(PartErrorKind::FinalBackslash { parameter });
    }
    Ok(())
}

/// Escapes the text by the HTML standard ("multipart/form-data encoding algorithm"), which leaves
/// `%` and `\` as they are: the escaping cannot be undone.
fn escaped(text: &str) -> String {
    let text = text.replace('"', "%22");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

/// Whether the text is `type/subtype` and parameters in ASCII (RFC 9110, section 8.3.1).
fn is_media_type(text: &str) -> bool {
    let after_type = after_token(text).and_then(|rest| rest.strip_prefix('/'));
    let mut rest = after_type.and_then(after_token);
    while let Some(parameters) = rest.filter(|rest| !rest.is_empty()) {
        rest = after_parameter(parameters);
    }
    rest.is_some()
}

/// The rest after `; name=value` or `; name="value"`.
fn after_parameter(text: &str) -> Option<&str> {
    const SPACE: [char; 2] = [' ', '\t'];
    let name = text.trim_start_matches(SPACE).strip_prefix(';')?;
    let value = after_token(name.trim_start_matches(SPACE))?.strip_prefix('=')?;
    let Some(quoted) = value.strip_prefix('"') else {
        return after_token(value);
    };
    let mut characters = quoted.chars();
    loop {
        let mut character = characters.next()?;
        if character == '"' {
            return Some(characters.as_str());
        }
        if character == '\\' {
            character = characters.next()?;
        }
        if !matches!(character, '\t' | ' '..='~') {
            return None;
        }
    }
}

/// The rest after a token (RFC 9110, section 5.6.2).
fn after_token(text: &str) -> Option<&str> {
    let is_token = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(it);
    let rest = text.trim_start_matches(is_token);
    (rest.len() < text.len()).then_some(rest)
}
