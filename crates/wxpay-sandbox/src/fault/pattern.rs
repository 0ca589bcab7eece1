//! Patterns of file names.

use std::fmt;

use super::InvalidFault;

/// `*` is any text, `?` any character, all else itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

/// Longest pattern in characters, and as much of a name as is compared: a file name's limit in the API.
/// Without a bound, a long pattern against a long name takes seconds.
const MAX_CHARACTERS: usize = 256;

impl Pattern {
    /// Cuts a pattern that is too long.
    pub(super) fn new(text: &str) -> Self {
        Self(beginning(text).to_owned())
    }

    pub(super) fn parse(text: &str) -> Result<Self, InvalidFault> {
        if beginning(text) == text {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidFault::Value {
            word: "file".to_owned(),
            needs: "a pattern of at most 256 characters",
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// In time of the product of both lengths at most: only the last star is ever tried again.
    pub(super) fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut name) = (self.0.as_str(), beginning(name));
        // Behind the last star, and what of the name it has not swallowed yet.
        let mut last_star: Option<(&str, &str)> = None;
        loop {
            let mut rest = pattern.chars();
            let mut characters = name.chars();
            match (rest.next(), characters.next()) {
                (Some('*'), _) => {
                    pattern = rest.as_str();
                    last_star = Some((pattern, name));
                }
                (None, None) => return true,
                (Some(wanted), Some(character)) if wanted == '?' || wanted == character => {
                    (pattern, name) = (rest.as_str(), characters.as_str());
                }
                _ => {
                    let Some((behind, unswallowed)) = last_star else {
                        return false;
                    };
                    let mut swallowed = unswallowed.chars();
                    if swallowed.next().is_none() {
                        return false;
                    }
                    (pattern, name) = (behind, swallowed.as_str());
                    last_star = Some((behind, name));
                }
            }
        }
    }
}

fn beginning(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_CHARACTERS);
    end.map_or(text, |(end, _)| &text[..end])
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn names() {
        for (pattern, name, matches) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*.png", "shop.png", true),
            ("*.png", "shop.png.jpg", false),
            ("a*b*c", "a--b-b--c", true),
            ("a*b*c", "a--b-b--", false),
            ("店?.jpg", "店铺.jpg", true),
            ("?", "", false),
            ("**", "x", true),
            ("*a,b*", "1a,b2", true),
            ("A", "a", false),
        ] {
            let pattern = Pattern::new(pattern);
            assert_eq!(pattern.matches(name), matches, "{pattern:?} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_and_a_hostile_name_take_no_time() {
        let megabytes = "a".repeat(4 << 20);
        for pattern in [
            "*ab".repeat(80),
            format!("*{}b", "a".repeat(254)),
            format!("{}b", "a?*".repeat(50)),
        ] {
            assert!(!Pattern::new(&pattern).matches(&format!("{megabytes}c")));
        }
    }

    #[test]
    fn a_pattern_that_is_too_long_is_refused() {
        assert!(Pattern::parse(&"店".repeat(256)).is_ok());
        let error = Pattern::parse(&"店".repeat(257)).unwrap_err();
        let needs = "file needs a pattern of at most 256 characters";
        assert_eq!(error.to_string(), needs);
    }
}
