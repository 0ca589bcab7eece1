//! Paths in code, with their first segment looked up in the file's imports.

use super::{Import, Token};

/// A path as the code has it, and what it stands for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Mention<'a> {
    pub(crate) path: Vec<&'a str>,
    pub(crate) line: usize,
}

/// All paths of a piece of code, single words included, resolved through what its file imports:
/// after `use std::fs as files;`, `files::read` is a mention of `std::fs::read`. The imports in
/// the piece itself are mentions too.
pub(crate) fn mentions<'a>(code: &[Token<'a>], imports: &[Import<'a>]) -> Vec<Mention<'a>> {
    let mut mentions = Vec::new();
    let mut rest = code;
    // `x.first` is a field or a method, whatever is imported.
    let mut is_member = false;
    while let [first, tail @ ..] = rest {
        let mut imported = Vec::new();
        if let Some(after) = Import::take(rest, &mut imported) {
            mentions.extend(
                imported
                    .into_iter()
                    .map(|Import { path, line, .. }| Mention { path, line }),
            );
            rest = after;
        } else if is_word(first) {
            let (path, after) = path(rest);
            let path = if is_member {
                path
            } else {
                resolve(path, imports)
            };
            mentions.push(Mention {
                path,
                line: first.line,
            });
            rest = after;
        } else {
            rest = tail;
        }
        is_member = first.text == ".";
    }
    mentions
}

/// Reads the path that `code` begins with, and returns what follows it.
fn path<'t, 'a>(code: &'t [Token<'a>]) -> (Vec<&'a str>, &'t [Token<'a>]) {
    let mut path = Vec::new();
    let mut rest = code;
    while let [first, tail @ ..] = rest
        && is_word(first)
    {
        path.push(first.text);
        match tail {
            [colons, after @ ..] if colons.text == "::" => rest = after,
            _ => return (path, tail),
        }
    }
    (path, rest)
}

fn resolve<'a>(path: Vec<&'a str>, imports: &[Import<'a>]) -> Vec<&'a str> {
    let import = imports.iter().find(|it| path.first() == Some(&it.name));
    match import {
        Some(import) => [&import.path, &path[1..]].concat(),
        None => path,
    }
}

fn is_word(token: &Token<'_>) -> bool {
    token
        .text
        .starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::source;

    fn paths(text: &str) -> Vec<String> {
        let file = source("a.rs", text);
        let code = file.code();
        mentions(&code, &Import::all(&code))
            .iter()
            .map(|mention| mention.path.join("::"))
            .collect()
    }

    #[test]
    fn whole_paths() {
        assert_eq!(paths("a::b::C<d::E>"), ["a::b::C", "d::E"]);
        assert_eq!(paths("a::<B>()"), ["a", "B"]);
        assert_eq!(paths("&'a 1 \"s\""), Vec::<String>::new());
    }

    #[test]
    fn imports_are_mentions_once() {
        assert_eq!(paths("use a::{b, c::*}; d"), ["a::b", "a::c::*", "d"]);
    }

    #[test]
    fn imported_names_are_resolved() {
        let found = paths("use std::fs as files; fn a() { files::read(b.files) }");
        assert!(found.contains(&"std::fs::read".to_owned()));
        assert!(
            found.contains(&"files".to_owned()),
            "a field is not an import"
        );
    }
}
