//! The `Content-Type` of a file.

use std::fmt;

/// A media type as RFC 9110, section 8.3.1, writes it: `type/subtype`, then parameters, in ASCII.
pub(super) struct MediaType<'a>(&'a str);

impl<'a> MediaType<'a> {
    /// `None` when `text` is anything else, or has something before or after it.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let subtype = after_token(text)?.strip_prefix('/')?;
        let mut rest = after_token(subtype)?;
        while !rest.is_empty() {
            rest = after_parameter(rest)?;
        }
        Some(Self(text))
    }
}

impl fmt::Display for MediaType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What follows `; name=value` or `; name="value"`.
fn after_parameter(text: &str) -> Option<&str> {
    let name = after_space(after_space(text).strip_prefix(';')?);
    let value = after_token(name)?.strip_prefix('=')?;
    match value.strip_prefix('"') {
        Some(quoted) => after_quoted(quoted),
        None => after_token(value),
    }
}

fn after_space(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn after_token(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(is_token);
    (rest.len() < text.len()).then_some(rest)
}

/// What follows the closing quote; `text` begins behind the opening one.
fn after_quoted(text: &str) -> Option<&str> {
    let mut characters = text.chars();
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

/// RFC 9110, section 5.6.2.
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}
