//! `cargo xtask package`: what goes to the registry.

use std::path::Path;

use anyhow::{Context, bail, ensure};

use crate::{cargo, metadata::Metadata};

/// What each package must hold beside its sources.
const REQUIRED: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
/// What cargo adds.
const BY_CARGO: [&str; 4] = [
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
];
/// Folders whose whole content may go along. Tests stay here: without the folders of fixtures they
/// would not run there.
const FOLDERS: [&str; 3] = ["src", "examples", "assets"];

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let metadata = Metadata::load(root)?;
    let names: Vec<&str> = metadata
        .published()
        .map(|package| package.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for name in &names {
        let found = faults(&list(root, name)?);
        findings.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    if !findings.is_empty() {
        bail!("{}", findings.join("\n"));
    }
    build(root, &names)
}

/// The paths in a package.
fn list(root: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let output = cargo::command(root)
        .args(["package", "--list", "--allow-dirty", "--package", name])
        .output()
        .context("cannot start `cargo package`")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "`cargo package --list` failed for {name}: {errors}"
    );
    let paths = String::from_utf8_lossy(&output.stdout);
    Ok(paths.lines().map(|path| path.replace('\\', "/")).collect())
}

fn faults(paths: &[String]) -> Vec<String> {
    let missing = REQUIRED
        .iter()
        .filter(|required| !paths.iter().any(|path| path == *required))
        .map(|required| format!("{required} is missing: add it to `include`"));
    let extra = paths
        .iter()
        .filter(|path| !is_expected(path))
        .map(|path| format!("{path} is not for users: take it out of `include`"));
    missing.chain(extra).collect()
}

fn is_expected(path: &str) -> bool {
    match path.split_once('/') {
        Some((folder, _)) => FOLDERS.contains(&folder),
        None => REQUIRED.contains(&path) || BY_CARGO.contains(&path),
    }
}

/// Each builds from its package, with the packages of the others.
fn build(root: &Path, names: &[&str]) -> anyhow::Result<()> {
    let packages = names.iter().flat_map(|name| ["--package", name]);
    let status = cargo::command(root)
        .args(["package", "--quiet", "--locked", "--allow-dirty"])
        .args(packages)
        .status()
        .context("cannot start `cargo package`")?;
    ensure!(status.success(), "a package does not build by itself");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(more: &[&str]) -> Vec<String> {
        let paths = REQUIRED.iter().chain(&BY_CARGO).chain(more);
        faults(&paths.map(|&path| path.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn sources_and_what_is_required_are_enough() {
        assert!(said(&["src/lib.rs", "src/a/b.rs", "examples/one.rs"]).is_empty());
    }

    #[test]
    fn what_users_do_not_need_is_found() {
        assert_eq!(
            said(&["src/lib.rs", "tests/it/main.rs", "notes.txt"]),
            [
                "tests/it/main.rs is not for users: take it out of `include`",
                "notes.txt is not for users: take it out of `include`",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_found() {
        let faults = faults(&["src/lib.rs".to_owned()]);
        assert_eq!(faults.len(), REQUIRED.len());
        assert!(faults[0].starts_with("README.md is missing"), "{faults:?}");
    }
}
