//! Patterns of file names.

use std::fmt;

/// `*` is any text, `?` any character, all else itself.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Pattern {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// In time of the product of both lengths at most: only the last star is ever tried again.
    pub(super) fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut name) = (self.0.as_str(), name);
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
            let pattern = Pattern::new(pattern.to_owned());
            assert_eq!(pattern.matches(name), matches, "{pattern:?} {name}");
        }
    }

    #[test]
    fn stars_upon_stars_end() {
        let pattern = Pattern::new("*a".repeat(200));
        assert!(!pattern.matches(&"a".repeat(199)));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5000))));
    }
}
