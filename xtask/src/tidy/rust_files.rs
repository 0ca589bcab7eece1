//! How Rust is spread over files: none is too long, and none is called `mod.rs`.

use super::Finding;
use crate::source::Source;

/// In lines. One limit for sources and tests: what is too long to be read in one sitting is so in
/// either, and a test file over it holds more than one subject.
const LIMIT: usize = 400;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.is_rust())
        .flat_map(|source| [length(source), name(source)])
        .flatten()
        .collect()
}

fn length(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let problem = format!("has {lines} lines, over {LIMIT}: give each noun a file of its own");
    (lines > LIMIT).then(|| Finding::new(&source.path, problem))
}

fn name(source: &Source) -> Option<Finding> {
    let module = source.path.strip_suffix("/mod.rs")?;
    let problem = format!("is a `mod.rs`, one among many in an editor: move it to {module}.rs");
    Some(Finding::new(&source.path, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::source, tidy::finding::shown};

    #[test]
    fn the_limit_itself_passes() {
        let lines = |count| "a\n".repeat(count);
        let path = "crates/wxpay-a/src/a.rs";
        assert_eq!(check(&[source(path, &lines(LIMIT))]), []);
        assert_eq!(
            shown(&check(&[source(path, &lines(LIMIT + 1))])),
            ["crates/wxpay-a/src/a.rs: has 401 lines, over 400: give each noun a file of its own"]
        );
        assert_eq!(check(&[source("tests/a.rs", &lines(LIMIT + 1))]).len(), 1);
        assert_eq!(check(&[source("a.md", &lines(LIMIT + 1))]), []);
    }

    #[test]
    fn mod_rs_is_found() {
        assert_eq!(
            check(&[source("a/src/b.rs", ""), source("a/src/model.rs", "")]),
            []
        );
        assert_eq!(
            shown(&check(&[source("a/src/b/mod.rs", "")])),
            ["a/src/b/mod.rs: is a `mod.rs`, one among many in an editor: move it to a/src/b.rs"]
        );
    }
}
