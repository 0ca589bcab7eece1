//! A file's items: no more of them than where they begin, and what is inside their braces.

use std::ops::Range;

use crate::source::Token;

/// `#[must_use] pub fn a() { b() }`, `mod a;` and their like.
pub(super) struct Item<'t, 'a> {
    attributes: &'t [Token<'a>],
    /// All before the first `{` or `;`.
    head: &'t [Token<'a>],
    /// All between the braces, where there are some.
    pub(super) body: &'t [Token<'a>],
}

impl<'t, 'a> Item<'t, 'a> {
    /// The items of a file, a module or an `impl`. What is in their bodies is not looked at.
    pub(super) fn all(mut code: &'t [Token<'a>]) -> Vec<Self> {
        let mut items = Vec::new();
        while !code.is_empty() {
            let (item, rest) = Self::take(code);
            items.push(item);
            code = rest;
        }
        items
    }

    /// The item that `code` begins with, and what follows it.
    fn take(code: &'t [Token<'a>]) -> (Self, &'t [Token<'a>]) {
        let (attributes, rest) = code.split_at(attributes(code));
        let (head, rest) = rest.split_at(until(rest, &["{", ";"]));
        let inside = rest.get(1..).unwrap_or_default();
        let length = match rest.first() {
            Some(first) if first.text == "{" => until(inside, &["}"]),
            _ => 0,
        };
        let (body, rest) = inside.split_at(length);
        let rest = match rest {
            [brace, rest @ ..] if brace.text == "}" => rest,
            _ => rest,
        };
        let item = Self {
            attributes,
            head,
            body,
        };
        (item, rest)
    }

    /// Whether no reader of the documentation sees it.
    pub(super) fn is_closed(&self) -> bool {
        let closes = |it: &[Token<'_>]| {
            matches!(
                [it[0].text, it[1].text, it[2].text],
                ["doc", "(", "hidden"] | ["cfg", "(", "test"]
            )
        };
        self.attributes.windows(3).any(closes)
    }

    /// The name of the module that it is.
    pub(super) fn module(&self) -> Option<&'a str> {
        match self.head {
            [.., keyword, name] if keyword.text == "mod" => Some(name.text),
            _ => None,
        }
    }

    pub(super) fn is_impl(&self) -> bool {
        let mut words = self.head.iter().map(|token| token.text);
        words.find(|word| *word != "unsafe") == Some("impl")
    }

    /// The name of the function that it is, with a plain `pub`.
    pub(super) fn public_function(&self) -> Option<&'t Token<'a>> {
        let (first, rest) = self.head.split_first()?;
        let mut words = rest.iter().skip_while(|token| {
            matches!(token.text, "const" | "async" | "unsafe" | "extern" | "\"\"")
        });
        let is_function = first.text == "pub" && words.next()?.text == "fn";
        words.next().filter(|_| is_function)
    }

    /// Which of its file's lines may be its documentation: those of its attributes, and the comment
    /// above them.
    pub(super) fn documentation(&self, lines: &[&str]) -> Range<usize> {
        let line = |tokens: &[Token<'_>]| tokens.first().map(|token| token.line - 1);
        let end = line(self.head).unwrap_or_default();
        let start = line(self.attributes).unwrap_or(end);
        let above = lines[..start].iter().rev();
        let comment = above.take_while(|line| line.trim_start().starts_with("//"));
        start - comment.count()..end
    }
}

/// How many tokens at the beginning are attributes.
fn attributes(code: &[Token<'_>]) -> usize {
    let mut length = 0;
    loop {
        let rest = &code[length..];
        let open = match rest {
            [a, b, ..] if (a.text, b.text) == ("#", "[") => 2,
            [a, b, c, ..] if (a.text, b.text, c.text) == ("#", "!", "[") => 3,
            _ => return length,
        };
        let closed = open + until(&rest[open..], &["]"]) + 1;
        length += closed.min(rest.len());
    }
}

/// The number of tokens before the first of `ends` that is not inside brackets. A `<` is none:
/// in an expression it compares.
fn until(tokens: &[Token<'_>], ends: &[&str]) -> usize {
    let mut depth = 0_usize;
    let end = tokens.iter().position(|token| {
        if depth == 0 && ends.contains(&token.text) {
            return true;
        }
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        false
    });
    end.unwrap_or(tokens.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::source;

    fn items(text: &str) -> Vec<[String; 3]> {
        let file = source("a.rs", text);
        let tokens = file.tokens();
        let words = |tokens: &[Token<'_>]| -> String {
            let words: Vec<_> = tokens.iter().map(|token| token.text).collect();
            words.join(" ")
        };
        Item::all(&tokens)
            .iter()
            .map(|item| [item.attributes, item.head, item.body].map(words))
            .collect()
    }

    #[test]
    fn attributes_heads_and_bodies() {
        assert_eq!(
            items("#![a] #[b(c[d])] pub fn e(f: [u8; 2]) { g < h; { } } mod i; j![k; l];"),
            [
                [
                    "# ! [ a ] # [ b ( c [ d ] ) ]",
                    "pub fn e ( f : [ u8 ; 2 ] )",
                    "g < h ; { }"
                ],
                ["", "mod i", ""],
                ["", "j ! [ k ; l ]", ""],
            ]
        );
    }

    #[test]
    fn documentation_is_above_and_between_the_attributes() {
        let text = "//! A.\n\n/// B.\n#[c]\n/// D.\npub fn d() {}\nfn e() {}";
        let file = source("a.rs", text);
        let lines: Vec<_> = text.lines().collect();
        let tokens = file.tokens();
        let items = Item::all(&tokens);
        assert_eq!(items[0].documentation(&lines), 2..5);
        assert_eq!(items[1].documentation(&lines), 6..6);
    }

    #[test]
    fn unfinished_code_ends() {
        for text in [
            "#", "#[", "#![a", "pub", "pub fn", "a {", "a { {", "}", "a )", "#[a]", "{",
        ] {
            for item in items(text) {
                assert!(!item.concat().is_empty() || text == "{", "{text}");
            }
        }
    }
}
