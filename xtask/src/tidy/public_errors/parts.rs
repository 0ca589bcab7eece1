//! The parts of a file that others can name, found by their first word.

use crate::source::Token;

/// Heads of public functions, types and `impl` blocks; whole public enums and traits; public
/// fields; aliases; the types of `#[from]` fields. No two of them overlap.
pub(super) fn public_parts<'t, 'a>(code: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let length = part(code, at);
        if length > 0 {
            parts.push(&code[at..at + length]);
        }
        at += length.max(1);
    }
    parts
}

/// How many tokens from `at` on are a public part.
fn part(code: &[Token<'_>], at: usize) -> usize {
    let rest = &code[at..];
    let before = at.checked_sub(1).map_or("", |before| code[before].text);
    match code[at].text {
        "pub" if word(rest, 1) != "(" => public(rest),
        // A type alias without `pub`, or an associated type.
        "type" => until(rest, &[";"]),
        // Behind other signs it is a type: `-> impl Future`.
        "impl" if matches!(before, "" | "}" | "{" | ";" | "]" | "unsafe") => until(rest, &["{"]),
        "from" if before == "[" && word(rest, 1) == "]" => 2 + until(&rest[2..], FIELD_END),
        _ => 0,
    }
}

const FIELD_END: &[&str] = &[",", ";"];

/// The length of what begins with a plain `pub`.
fn public(rest: &[Token<'_>]) -> usize {
    let keyword = rest
        .iter()
        .skip(1)
        .map(|token| token.text)
        .find(|word| !matches!(*word, "async" | "unsafe" | "extern" | "\"\""));
    match keyword.unwrap_or_default() {
        "enum" | "trait" | "union" => through_braces(rest),
        "fn" => until(rest, &["{", ";"]),
        "struct" => until(rest, &["{", "(", ";"]),
        "const" if word(rest, 2) == "fn" || word(rest, 3) == "fn" => until(rest, &["{", ";"]),
        "const" | "static" | "type" | "use" | "mod" => until(rest, &[";"]),
        _ => until(rest, FIELD_END),
    }
}

/// The number of tokens before the first of `ends` that is not inside brackets, or before the
/// bracket that closes what is around.
fn until(tokens: &[Token<'_>], ends: &[&str]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if depth == 0 && ends.contains(&token.text) {
            return at;
        }
        match token.text {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" | "]" | "}" | ">" if depth == 0 => return at,
            ")" | "]" | "}" | ">" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The number of tokens to the brace that closes the first one.
fn through_braces(tokens: &[Token<'_>]) -> usize {
    let head = tokens.iter().take_while(|token| token.text != "{").count();
    let body = tokens.get(head + 1..).unwrap_or_default();
    (head + 1 + until(body, &[])).min(tokens.len())
}

fn word<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::source;

    fn parts(text: &str) -> Vec<String> {
        let file = source("a.rs", text);
        let code = file.code();
        public_parts(&code)
            .iter()
            .map(|part| part.iter().map(|it| it.text).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn heads_without_bodies() {
        assert_eq!(
            parts("pub fn a(b: [u8; 4]) -> C { d() }"),
            ["pub fn a ( b : [ u8 ; 4 ] ) -> C"]
        );
        assert_eq!(
            parts("pub const fn a() -> C { d() }"),
            ["pub const fn a ( ) -> C"]
        );
        assert_eq!(
            parts("pub struct A<B: C<D>>(E, pub F<G, H>);"),
            ["pub struct A < B : C < D > >", "pub F < G , H >"]
        );
        assert_eq!(parts("impl A for B { fn c() {} }"), ["impl A for B"]);
        assert_eq!(
            parts("pub const A: [u8; 2] = [1, 2];"),
            ["pub const A : [ u8 ; 2 ] = [ 1 , 2 ]"]
        );
    }

    #[test]
    fn whole_enums_and_traits() {
        assert_eq!(
            parts("pub enum A { B { c: D }, E } fn f() {}"),
            ["pub enum A { B { c : D } , E"]
        );
        assert_eq!(
            parts("pub trait A { fn b(); }"),
            ["pub trait A { fn b ( ) ;"]
        );
    }

    #[test]
    fn private_things_are_none() {
        assert_eq!(
            parts("fn a() -> impl B {} struct C { d: E } enum F {}"),
            [""; 0]
        );
        assert_eq!(
            parts("pub(crate) fn a() {} pub(in crate::b) struct C;"),
            [""; 0]
        );
    }

    #[test]
    fn unfinished_code_ends() {
        for text in [
            "pub",
            "pub enum A",
            "pub enum A {",
            "pub fn",
            "impl",
            "#[from]",
            "pub use",
        ] {
            parts(text);
        }
    }
}
