//! `cargo xtask semver`: what changed in each library's API since its last release, against what its
//! version says.

use std::path::Path;

use anyhow::{Context, ensure};

use crate::{
    cargo,
    metadata::Metadata,
    release::git::{Git, tag},
    tool,
};

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let metadata = Metadata::load(root)?;
    for library in libraries(&metadata) {
        match Git(root).last_release(library)? {
            Some(version) => check(root, library, &tag(library, version))?,
            None => println!("{library}: not released yet"),
        }
    }
    Ok(())
}

/// Why this cannot run here, if so.
pub(crate) fn why_not(root: &Path) -> Option<String> {
    match is_released(root) {
        Ok(false) => Some("nothing is released yet, there is no tag to compare with".to_owned()),
        Ok(true) => tool::SEMVER_CHECKS.missing(),
        Err(error) => Some(error.to_string()),
    }
}

fn is_released(root: &Path) -> anyhow::Result<bool> {
    let metadata = Metadata::load(root)?;
    for library in libraries(&metadata) {
        if Git(root).last_release(library)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn libraries(metadata: &Metadata) -> impl Iterator<Item = &str> {
    let libraries = metadata.published().filter(|package| package.is_library());
    libraries.map(|library| library.name.as_str())
}

fn check(root: &Path, library: &str, tag: &str) -> anyhow::Result<()> {
    let status = cargo::command(root)
        .args(["semver-checks", "--package", library, "--all-features"])
        .args(["--baseline-rev", tag])
        .status()
        .context("cannot start `cargo semver-checks`")?;
    ensure!(
        status.success(),
        "{library} breaks what it promised in {tag}: raise its version, or mend it"
    );
    Ok(())
}
