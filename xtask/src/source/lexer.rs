//! Cuts Rust into words and signs.
//!
//! Comments, documentation included, are left out; a string or a character is one token whose text
//! is `""`, for what it says is not code. Numbers come out as words. That is all that the checks
//! need, and nothing here can fail: text that is not Rust gives tokens that match nothing.

/// A word (`pub`, `Error`, `'a`), a sign (`{`), or one of `::`, `->` and `=>`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// Counted from one.
    pub(crate) line: usize,
}

/// What is left of a string or a character.
const LITERAL: &str = "\"\"";

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, token) = next(rest, first);
        let (taken, left) = rest.split_at(length);
        if let Some(text) = token {
            tokens.push(Token { text, line });
        }
        line += taken.matches('\n').count();
        rest = left;
    }
    tokens
}

/// The length in bytes of what comes first in `rest`, and the token that it is, if it is one.
fn next(rest: &str, first: char) -> (usize, Option<&str>) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), None);
    }
    if let Some(length) = raw_string(rest).or_else(|| quoted(rest)) {
        return (length, Some(LITERAL));
    }
    if first.is_alphanumeric() || first == '_' || first == '\'' {
        let length = first.len_utf8() + word(&rest[first.len_utf8()..]);
        return (length, Some(&rest[..length]));
    }
    if first.is_whitespace() {
        return (first.len_utf8(), None);
    }
    let length = ["::", "->", "=>"]
        .iter()
        .find(|sign| rest.starts_with(**sign))
        .map_or(first.len_utf8(), |sign| sign.len());
    (length, Some(&rest[..length]))
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len())
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else if let Some(c) = rest[at..].chars().next() {
            at += c.len_utf8();
        } else {
            return at;
        }
        if depth == 0 {
            return at;
        }
    }
}

/// `r"…"`, `br#"…"#` and their like.
fn raw_string(rest: &str) -> Option<usize> {
    let start = ["r", "br", "cr"].iter().find_map(|prefix| {
        let hashes = rest.strip_prefix(prefix)?;
        let quote = hashes.trim_start_matches('#');
        let count = hashes.len() - quote.len();
        quote
            .starts_with('"')
            .then(|| (prefix.len() + count + 1, count))
    });
    let (start, count) = start?;
    let end = format!("\"{}", "#".repeat(count));
    let length = rest[start..].find(&end).map(|at| start + at + end.len());
    Some(length.unwrap_or(rest.len()))
}

/// `"…"`, `b"…"`, `'…'`, `b'…'`; a lifetime such as `'a` is none of these.
fn quoted(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let prefix = rest.len() - inner.len() + 1;
    let mut characters = rest[prefix..].char_indices();
    if quote == '\'' && is_lifetime(&rest[prefix..]) {
        return None;
    }
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if c == quote {
            return Some(prefix + at + 1);
        }
    }
    Some(rest.len())
}

/// Whether what follows a single quote is a lifetime: a character is closed right after its first.
fn is_lifetime(rest: &str) -> bool {
    let mut characters = rest.chars();
    let first = characters.next();
    first.is_some_and(|c| c != '\\') && characters.next() != Some('\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn cuts_words_and_signs() {
        assert_eq!(
            words("pub fn a<'b>(x: &'b u8) -> c::D { x => 1_0 }").join(" "),
            "pub fn a < 'b > ( x : & 'b u8 ) -> c :: D { x => 1_0 }"
        );
    }

    #[test]
    fn leaves_out_comments() {
        assert_eq!(words("a // b\n/// c\n/* d /* e */ f */ g /* h"), ["a", "g"]);
        assert_eq!(words("a / b"), ["a", "/", "b"]);
    }

    #[test]
    fn literals_say_nothing() {
        for literal in [
            r#""std::fs""#,
            r#""a \" b""#,
            r#"b"a""#,
            r##"r"\""##,
            r###"r#"a " b"#"###,
            r###"br#"a"#"###,
            "'a'",
            "'{'",
            r"'\''",
            r"'\u{41}'",
            "b'a'",
            "'好'",
        ] {
            assert_eq!(
                words(&format!("({literal})")),
                ["(", "\"\"", ")"],
                "{literal}"
            );
        }
    }

    #[test]
    fn words_that_begin_like_literals_are_words() {
        assert_eq!(
            words("r b br c bread r2"),
            ["r", "b", "br", "c", "bread", "r2"]
        );
        assert_eq!(words("r#type"), ["r", "#", "type"]);
        assert_eq!(
            words("&'a str, 'static"),
            ["&", "'a", "str", ",", "'static"]
        );
    }

    #[test]
    fn counts_lines_through_comments_and_strings() {
        let lines: Vec<_> = tokens("a\n/*\n*/ b\n\"\n\"\nc")
            .iter()
            .map(|it| it.line)
            .collect();
        assert_eq!(lines, [1, 3, 4, 6]);
    }

    #[test]
    fn unfinished_text_ends() {
        for text in ["\"a", "'", "/* a", "r#\"a", "b\"", "\\", "'\\", "好"] {
            tokens(text);
        }
    }
}
