//! What `use` brings into a file, under which name.

use super::Token;

/// One leaf of a `use` tree: `use a::{b, c::D as E};` has the two leaves `a::b` and `a::c::D`.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Import<'a> {
    /// The name that it has in this file: `b` and `E` in the example.
    pub(crate) name: &'a str,
    pub(crate) path: Vec<&'a str>,
    pub(crate) line: usize,
}

impl<'a> Import<'a> {
    /// Every import of a file, those inside functions included.
    pub(crate) fn all(code: &[Token<'a>]) -> Vec<Self> {
        let mut imports = Vec::new();
        let mut rest = code;
        while !rest.is_empty() {
            rest = Self::take(rest, &mut imports).unwrap_or(&rest[1..]);
        }
        imports
    }

    /// Reads the `use` that `code` begins with, if it does, and returns what follows it.
    pub(super) fn take<'t>(
        code: &'t [Token<'a>],
        imports: &mut Vec<Self>,
    ) -> Option<&'t [Token<'a>]> {
        match code {
            // `impl Trait + use<'a>` imports nothing.
            [first, second, ..] if first.text == "use" && second.text != "<" => {
                Some(tree(&code[1..], &[], imports))
            }
            _ => None,
        }
    }
}

/// Reads one tree behind `prefix` and returns what follows it.
fn tree<'t, 'a>(
    mut tokens: &'t [Token<'a>],
    prefix: &[&'a str],
    imports: &mut Vec<Import<'a>>,
) -> &'t [Token<'a>] {
    let mut path = prefix.to_vec();
    let mut alias = None;
    let mut line = 0;
    while let Some((token, rest)) = tokens.split_first() {
        match token.text {
            "::" => {}
            "{" => return group(rest, &path, imports),
            "as" => alias = rest.first().map(|token| token.text),
            "," | "}" | ";" => break,
            _ if alias.is_some() => {}
            word => path.push(word),
        }
        line = token.line;
        tokens = rest;
    }
    if path.last() == Some(&"self") {
        path.pop();
    }
    if let Some(name) = alias.or(path.last().copied()) {
        imports.push(Import { name, path, line });
    }
    tokens
}

/// Reads the trees between braces and returns what follows the closing one.
fn group<'t, 'a>(
    mut tokens: &'t [Token<'a>],
    prefix: &[&'a str],
    imports: &mut Vec<Import<'a>>,
) -> &'t [Token<'a>] {
    while let Some((token, rest)) = tokens.split_first() {
        tokens = match token.text {
            "}" => return rest,
            "," => rest,
            // Not a `use` after all, but a word of some macro.
            ";" => return tokens,
            _ => tree(tokens, prefix, imports),
        };
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::source;

    fn imports(text: &str) -> Vec<String> {
        Import::all(&source("a.rs", text).code())
            .iter()
            .map(|import| format!("{} = {}", import.name, import.path.join("::")))
            .collect()
    }

    #[test]
    fn single_paths() {
        assert_eq!(imports("use std::fs;"), ["fs = std::fs"]);
        assert_eq!(imports("pub use a::B as C;"), ["C = a::B"]);
        assert_eq!(imports("use a::*;"), ["* = a::*"]);
        assert_eq!(imports("use ::a::b;"), ["b = a::b"]);
    }

    #[test]
    fn trees() {
        assert_eq!(
            imports("use std::{fs, io::{self, Read as _}, net::*,};\nuse b::c;"),
            [
                "fs = std::fs",
                "io = std::io",
                "_ = std::io::Read",
                "* = std::net::*",
                "c = b::c"
            ]
        );
    }

    #[test]
    fn inside_functions_too() {
        assert_eq!(imports("fn a() { use b::C; C::new() }"), ["C = b::C"]);
    }

    #[test]
    fn captured_lifetimes_are_no_imports() {
        assert_eq!(imports("fn a() -> impl B + use<'_> { c() }"), [""; 0]);
    }

    #[test]
    fn unfinished_trees_end() {
        for text in ["use", "use a::{", "use a::{b", "use a as", "use {;"] {
            imports(text);
        }
    }
}
