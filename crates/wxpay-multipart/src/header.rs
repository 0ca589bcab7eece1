//! The header of one part, and what is refused in it.

/// A part was refused. The form that it was to be added to is gone.
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
    pub(crate) name: String,
    pub(crate) position: usize,
    pub(crate) kind: PartErrorKind,
}

impl PartError {
    /// The part's name, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part's place in the form; the first is 1.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The fault.
    #[must_use]
    pub fn kind(&self) -> &PartErrorKind {
        &self.kind
    }
}

/// The fault of a part: each is something that some server reads as another form than was meant, or
/// that cannot be written at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartErrorKind {
    /// The name is empty. (An empty file name is allowed.)
    #[error("the name is empty: name the part")]
    EmptyName,
    /// The name has `filename`, in upper or lower case, after a space, a tab, a semicolon or another
    /// `filename`. (Names like `filename` and `old_filename` are allowed.)
    ///
    /// Several parsers, multer among them, search the header for the parameter and find this one:
    /// `x; filename=a.php` as the name of a text would make it a file.
    #[error("the name holds `filename` where parsers take it for the file's name: rename the part")]
    FileNameInName,
    /// The name or the file name has a control character (Unicode category Cc) other than tab, CR
    /// and LF.
    ///
    /// CR and LF are allowed since they go out escaped, a tab since it goes out as it is and parsers
    /// read it back from within quotes.
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
    /// Several parsers, multer among them, read it and the closing quote as an escaped quote, and
    /// read on into what follows. Backslashes in other places go out as they are, as browsers send
    /// them; a few parsers, Python's `email` among them, drop them.
    #[error(
        "the {parameter} ends in a backslash, which parsers take to escape the closing quote: remove it"
    )]
    #[non_exhaustive]
    FinalBackslash {
        /// `name` or `file name`.
        parameter: &'static str,
    },
    /// The content type is no media type: `type/subtype`, with parameters or without, in ASCII.
    #[error("the content type {content_type:?} is no media type: write it like `image/png`")]
    #[non_exhaustive]
    ContentType {
        /// The value given.
        content_type: String,
    },
    /// The form, with this part, would have more than `u64::MAX` bytes.
    #[error("the form becomes longer than u64::MAX bytes: declare the length of what is sent")]
    TooLong,
}

/// The lines between a part's delimiter and its content; a file has a name and a content type.
///
/// `name` goes before `filename`, for there are servers that find it in no other place. There is
/// never a `filename*`: RFC 7578 forbids it in forms.
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

/// Whether a parser that searches the header for parameters finds a `filename` within the quotes of the
/// name: behind a space, a tab or a semicolon, or behind another `filename`, where multer goes on as if
/// the header began there.
fn reads_as_file_name(name: &[u8]) -> bool {
    let is_file_name = |text: &[u8; 8]| text.eq_ignore_ascii_case(b"filename");
    (1..name.len()).any(|at| {
        let (before, rest) = name.split_at(at);
        rest.first_chunk().is_some_and(is_file_name)
            && (b" \t;".contains(&before[at - 1]) || before.last_chunk().is_some_and(is_file_name))
    })
}

/// Refuses what some parser does not read back from within quotes.
///
/// CR and LF are escaped, and a tab is white space like any other within quotes. Other control
/// characters are invalid in a header, or (U+0080 to U+009F) end a line for some parsers.
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

/// The text with the escapes of the HTML standard ("multipart/form-data encoding algorithm") and no others:
/// it leaves `%` and `\` alone, so that the escaping cannot be undone.
fn escaped(text: &str) -> String {
    let text = text.replace('"', "%22");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

/// Whether it is `type/subtype`, then parameters, in ASCII, as RFC 9110, section 8.3.1, has it.
fn is_media_type(text: &str) -> bool {
    let after_type = after_token(text).and_then(|rest| rest.strip_prefix('/'));
    let mut rest = after_type.and_then(after_token);
    while let Some(parameters) = rest.filter(|rest| !rest.is_empty()) {
        rest = after_parameter(parameters);
    }
    rest.is_some()
}

/// The rest behind `; name=value` or `; name="value"`.
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

/// The rest behind a token (RFC 9110, section 5.6.2).
fn after_token(text: &str) -> Option<&str> {
    let is_token = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(it);
    let rest = text.trim_start_matches(is_token);
    (rest.len() < text.len()).then_some(rest)
}
