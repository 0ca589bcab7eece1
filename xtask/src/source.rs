//! The text files of the workspace, and as much of Rust as can be read without a parser.

mod import;
mod lexer;
mod path;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::metadata::Package;
pub(crate) use import::Import;
pub(crate) use lexer::Token;
pub(crate) use path::mentions;

/// A text file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the workspace's root, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// All Rust, TOML, Markdown and YAML files below a folder, in the order of their paths.
    ///
    /// The file system is asked instead of git, so that a file is checked before it is committed
    /// and where there is no git.
    pub(crate) fn read_all(root: &Path) -> anyhow::Result<Vec<Self>> {
        let mut sources = Vec::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| cannot_read(&folder))? {
                let entry = entry.with_context(|| cannot_read(&folder))?;
                let kind = entry.file_type().with_context(|| cannot_read(&folder))?;
                let path = entry.path();
                if kind.is_dir() && !is_skipped(&path) {
                    folders.push(path);
                } else if kind.is_file() && is_text(&path) {
                    sources.push(Self::read(root, path)?);
                }
            }
        }
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(sources)
    }

    fn read(root: &Path, path: PathBuf) -> anyhow::Result<Self> {
        let text = fs::read_to_string(&path).with_context(|| cannot_read(&path))?;
        let path = path
            .strip_prefix(root)
            .map(Path::to_path_buf)
            .unwrap_or(path);
        let path = path.display().to_string().replace('\\', "/");
        Ok(Self { path, text })
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is the package's own code: not a test, an example or a bench.
    pub(crate) fn is_code_of(&self, package: &Package) -> bool {
        self.is_rust() && self.path.starts_with(&package.path("src/"))
    }

    /// The code without comments.
    pub(crate) fn tokens(&self) -> Vec<Token<'_>> {
        lexer::tokens(&self.text)
    }

    /// The code without comments and without modules of unit tests.
    pub(crate) fn code(&self) -> Vec<Token<'_>> {
        let mut code = Vec::new();
        let tokens = self.tokens();
        let mut rest = tokens.as_slice();
        while let [first, tail @ ..] = rest {
            if begins_unit_tests(rest) {
                rest = behind_item(rest);
            } else {
                code.push(*first);
                rest = tail;
            }
        }
        code
    }
}

fn begins_unit_tests(code: &[Token<'_>]) -> bool {
    let words = code.iter().map(|token| token.text);
    words
        .take(8)
        .eq(["#", "[", "cfg", "(", "test", ")", "]", "mod"])
}

/// What follows the first `;`, or the brace that closes the first `{`.
fn behind_item<'t, 'a>(code: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut depth = 0_usize;
    for (at, token) in code.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(token.text, "}" | ";") {
            return &code[at + 1..];
        }
    }
    &[]
}

fn is_text(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| matches!(extension, "rs" | "toml" | "md" | "yml" | "yaml"))
}

/// What git and cargo write; cargo marks its target folders, wherever they are, by this file.
fn is_skipped(folder: &Path) -> bool {
    folder.ends_with(".git") || folder.join("CACHEDIR.TAG").exists()
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

#[cfg(test)]
pub(crate) fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::metadata;

    #[test]
    fn finds_this_file_and_leaves_out_what_is_built() {
        let sources = Source::read_all(&crate::root::find().unwrap()).unwrap();
        let has = |path: &str| sources.iter().any(|source| source.path == path);
        assert!(has("xtask/src/source.rs"));
        assert!(has(".cargo/config.toml"));
        assert!(
            !sources
                .iter()
                .any(|source| source.path.starts_with("target/"))
        );
    }

    fn words(text: &str) -> String {
        let file = source("a.rs", text);
        let words: Vec<_> = file.code().iter().map(|token| token.text).collect();
        words.join(" ")
    }

    #[test]
    fn code_is_what_is_around_the_unit_tests() {
        assert_eq!(
            words("a;\n#[cfg(test)]\nmod tests { fn b() { c; } d; }\ne;"),
            "a ; e ;"
        );
        assert_eq!(words("#[cfg(test)]\nmod tests;\na;"), "a ;");
        assert_eq!(words("a; #[cfg(test)] mod tests { b"), "a ;");
    }

    #[test]
    fn a_helper_for_tests_is_code() {
        assert_eq!(
            words("#[cfg(test)] fn a() {}"),
            "# [ cfg ( test ) ] fn a ( ) { }"
        );
    }

    #[test]
    fn tells_code_from_tests() {
        let metadata = metadata("wxpay-a");
        let package = metadata.member("wxpay-a").unwrap();
        assert!(source("crates/wxpay-a/src/b/c.rs", "").is_code_of(package));
        assert!(!source("crates/wxpay-a/src/b.md", "").is_code_of(package));
        assert!(!source("crates/wxpay-a/tests/b.rs", "").is_code_of(package));
        assert!(!source("crates/wxpay-ab/src/b.rs", "").is_code_of(package));
    }
}
