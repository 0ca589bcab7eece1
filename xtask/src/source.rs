//! The text files of the workspace, and as much of Rust as can be read without a parser.

mod import;
mod lexer;
mod path;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

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

    /// Whether it is the library's or program's own code: not a test, an example or a bench.
    pub(crate) fn is_code_of(&self, package: &str) -> bool {
        let folder = format!("crates/{package}/src/");
        self.is_rust() && self.path.starts_with(&folder)
    }

    /// The code without comments and without the unit tests, which stand at a file's end.
    pub(crate) fn code(&self) -> Vec<Token<'_>> {
        const UNIT_TESTS: [&str; 8] = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
        let mut tokens = lexer::tokens(&self.text);
        let tests = tokens
            .windows(UNIT_TESTS.len())
            .position(|window| window.iter().map(|token| token.text).eq(UNIT_TESTS));
        tokens.truncate(tests.unwrap_or(tokens.len()));
        tokens
    }
}

fn is_text(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| matches!(extension, "rs" | "toml" | "md" | "yml" | "yaml"))
}

/// What git and cargo write.
fn is_skipped(folder: &Path) -> bool {
    folder.ends_with(".git") || folder.ends_with("target")
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

    #[test]
    fn code_ends_where_the_unit_tests_begin() {
        let file = source("a.rs", "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\n");
        let words: Vec<_> = file.code().iter().map(|token| token.text).collect();
        assert_eq!(words, ["fn", "a", "(", ")", "{", "}"]);
    }

    #[test]
    fn a_helper_for_tests_is_not_their_end() {
        let file = source("a.rs", "#[cfg(test)]\nfn a() {}\nfn b() {}\n");
        assert!(file.code().iter().any(|token| token.text == "b"));
    }

    #[test]
    fn tells_code_from_tests() {
        assert!(source("crates/wxpay-a/src/b/c.rs", "").is_code_of("wxpay-a"));
        assert!(!source("crates/wxpay-a/tests/b.rs", "").is_code_of("wxpay-a"));
        assert!(!source("crates/wxpay-ab/src/b.rs", "").is_code_of("wxpay-a"));
    }
}
