//! `unsafe` is forbidden, and every crate stands under the workspace's lints.
//!
//! `cargo metadata` does not say this, so the manifests are read line by line; what is written in
//! another way than here is reported.

use super::Finding;
use crate::{metadata::Metadata, source::Source};

const ROOT: &str = "Cargo.toml";

pub(super) fn check(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let members = metadata
        .members()
        .map(|package| (package.manifest(), "[lints]", "workspace = true"));
    [(
        ROOT.to_owned(),
        "[workspace.lints.rust]",
        "unsafe_code = \"forbid\"",
    )]
    .into_iter()
    .chain(members)
    .filter(|(path, table, line)| !has(sources, path, table, line))
    .map(|(path, table, line)| {
        Finding::new(path, format!("`{line}` is missing: add it to `{table}`"))
    })
    .collect()
}

/// Whether a manifest has a line in a table.
fn has(sources: &[Source], path: &str, table: &str, line: &str) -> bool {
    let manifest = sources.iter().find(|source| source.path == path);
    manifest.is_some_and(|manifest| {
        manifest
            .text
            .lines()
            .skip_while(|it| *it != table)
            .skip(1)
            .take_while(|it| !it.starts_with('['))
            .any(|it| it == line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source};

    const ROOT_TEXT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";

    fn count(root: &str, member: &str) -> usize {
        let sources = [
            source("Cargo.toml", root),
            source("crates/wxpay-sign/Cargo.toml", member),
        ];
        check(&metadata("wxpay-sign"), &sources).len()
    }

    #[test]
    fn both_in_place_pass() {
        assert_eq!(
            count(ROOT_TEXT, "[package]\n\n[lints]\nworkspace = true\n"),
            0
        );
    }

    #[test]
    fn either_missing_is_found() {
        let member = "[lints]\nworkspace = true\n";
        assert_eq!(
            count("[workspace.lints.rust]\nunsafe_code = \"deny\"\n", member),
            1
        );
        assert_eq!(
            count(
                "[workspace.lints.clippy]\nunsafe_code = \"forbid\"\n",
                member
            ),
            1
        );
        assert_eq!(count(ROOT_TEXT, "[package]\n"), 1);
        assert_eq!(count(ROOT_TEXT, "[lints]\n[other]\nworkspace = true\n"), 1);
        assert_eq!(count(ROOT_TEXT, "[lints]\n# workspace = true\n"), 1);
        assert_eq!(check(&metadata("wxpay-sign"), &[]).len(), 2);
    }
}
