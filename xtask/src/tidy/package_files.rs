//! Every crate has a front page and a history of its own, for each is released and used alone.

use super::Finding;
use crate::{metadata::Metadata, source::Source};

const FILES: [(&str, &str); 2] = [
    ("README.md", "say what the crate is, with an example"),
    ("CHANGELOG.md", "begin it with `## [Unreleased]`"),
];

/// The crates below `crates/`; xtask is not released.
pub(super) fn check(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    metadata
        .members()
        .filter(|package| package.manifest().starts_with("crates/"))
        .flat_map(|package| FILES.map(|(file, advice)| (package.path(file), advice)))
        .filter(|(path, _)| !has_text(sources, path))
        .map(|(path, advice)| Finding::new(path, format!("is missing or empty: {advice}")))
        .collect()
}

fn has_text(sources: &[Source], path: &str) -> bool {
    sources
        .iter()
        .any(|source| source.path == path && !source.text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source, tidy::finding::shown};

    #[test]
    fn both_present_pass() {
        let sources = [
            source("crates/wxpay-cli/README.md", "# wxpay\n"),
            source("crates/wxpay-cli/CHANGELOG.md", "# Changes\n"),
        ];
        assert_eq!(check(&metadata("wxpay-cli\nxtask"), &sources), []);
    }

    #[test]
    fn missing_or_empty_is_found() {
        let sources = [
            source("crates/wxpay-cli/README.md", "\n"),
            source("CHANGELOG.md", "# Changes\n"),
        ];
        assert_eq!(
            shown(&check(&metadata("wxpay-cli"), &sources)),
            [
                "crates/wxpay-cli/README.md: is missing or empty: say what the crate is, with an \
             example",
                "crates/wxpay-cli/CHANGELOG.md: is missing or empty: begin it with `## [Unreleased]`",
            ]
        );
    }
}
