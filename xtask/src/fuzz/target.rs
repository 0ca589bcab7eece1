//! A fuzz target, as fuzz/ describes it.

use std::{fs, path::Path};

use anyhow::Context;
use toml_edit::{DocumentMut, Item, Table};

/// A program of fuzz/targets.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Target {
    pub(super) name: String,
    /// What it holds true: the first line of its file.
    pub(super) about: String,
    /// The longest input in bytes.
    pub(super) max_len: i64,
}

/// All targets, by name.
pub(super) fn read(fuzz: &Path) -> anyhow::Result<Vec<Target>> {
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml"));
    let manifest = manifest.context("cannot read fuzz/Cargo.toml")?;
    parse(&manifest, |path| {
        let path = fuzz.join(path);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    })
}

/// One line each.
pub(super) fn list(targets: &[Target]) -> String {
    let width = targets.iter().map(|target| target.name.len()).max();
    let width = width.unwrap_or(0);
    let lines = targets
        .iter()
        .map(|target| format!("{:width$}  {}\n", target.name, target.about));
    lines.collect()
}

fn parse(
    manifest: &str,
    source: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<Target>> {
    let manifest: DocumentMut = manifest.parse().context("fuzz/Cargo.toml is not TOML")?;
    let package = manifest.get("package");
    let metadata = package.and_then(|package| package.get("metadata"));
    let lengths = metadata.and_then(|metadata| metadata.get("max-len"));
    let lengths = lengths.context("fuzz/Cargo.toml has no [package.metadata.max-len]")?;
    let programs = manifest.get("bin").and_then(|bin| bin.as_array_of_tables());
    let programs = programs.context("fuzz/Cargo.toml has no [[bin]]")?;
    let target = |program: &Table| {
        let text = |key| program.get(key).and_then(|value| value.as_str());
        let name = text("name").context("a [[bin]] of fuzz/Cargo.toml has no name")?;
        let path = text("path").with_context(|| format!("{name} has no path"))?;
        let max_len = lengths.get(name).and_then(Item::as_integer);
        Ok(Target {
            name: name.to_owned(),
            about: about(&source(path)?),
            max_len: max_len.with_context(|| format!("max-len does not have {name}"))?,
        })
    };
    programs.iter().map(target).collect()
}

/// The first paragraph of a file's documentation, in one line.
fn about(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//! "));
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_manifest_and_the_source_say() {
        let manifest = "[package.metadata.max-len]\nform = 9\n\
                        [[bin]]\nname = \"form\"\npath = \"targets/form.rs\"\n";
        let targets = parse(manifest, |path| {
            Ok(format!("//! What is in\n//! {path}.\n//!\n//! More.\n"))
        });
        let targets = targets.unwrap();
        let form = Target {
            name: "form".to_owned(),
            about: "What is in targets/form.rs.".to_owned(),
            max_len: 9,
        };
        assert_eq!(targets, [form]);
        assert_eq!(list(&targets), "form  What is in targets/form.rs.\n");
    }

    #[test]
    fn says_what_is_missing() {
        let manifest = "[package.metadata.max-len]\n[[bin]]\nname = \"form\"\npath = \"form.rs\"\n";
        let error = parse(manifest, |_| Ok(String::new())).unwrap_err();
        assert_eq!(error.to_string(), "max-len does not have form");
    }
}
