//! Text that can be in a page.

use std::fmt::{self, Write};

/// HTML. The only ways to it are [`escape`](Self::escape), a template of this crate, and both joined,
/// so that nothing that a client has sent is ever taken for markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Html(String);

impl Html {
    /// Any text, as text or as the value of an attribute in quotes.
    pub(super) fn escape(text: impl fmt::Display) -> Self {
        let mut escaped = Escaped(String::new());
        // A `String` takes everything, and a `Display` that fails has written what it could.
        let _written = write!(escaped, "{text}");
        Self(escaped.0)
    }

    /// A template of this crate, with its `{{name}}`s filled in. A name that is not given is empty.
    pub(super) fn fill(template: &'static str, values: &[(&str, Self)]) -> Self {
        let mut filled = String::with_capacity(2 * template.len());
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once("{{") {
            filled.push_str(before);
            let (name, behind) = behind.split_once("}}").unwrap_or((behind, ""));
            if let Some((_, value)) = values.iter().find(|value| value.0 == name) {
                filled.push_str(&value.0);
            }
            rest = behind;
        }
        filled.push_str(rest);
        Self(filled)
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(Self::into_string).collect())
    }
}

struct Escaped(String);

impl Write for Escaped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // No text of a page has these; the sign that is made for them shows that they came.
                control if control.is_control() && !"\n\r\t".contains(control) => {
                    self.0.push('\u{fffd}');
                }
                plain => self.0.push(plain),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn values_are_text_in_whatever_place() {
        let value = Html::escape("<script>\"'&{{b}}\u{1b}");
        let filled = Html::fill(
            "a{{v}}b{{none}}c{{v",
            &[("v", value), ("b", Html::escape("!"))],
        );
        let text = "&lt;script&gt;&quot;&#39;&amp;{{b}}\u{fffd}";
        assert_eq!(filled.into_string(), format!("a{text}bc{text}"));
    }
}
