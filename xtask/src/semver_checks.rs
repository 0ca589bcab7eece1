//! `cargo xtask semver`: what changed in each library's API since its last release, against what its
//! version says.

use std::path::Path;

use anyhow::{Context, ensure};

use crate::{
    cargo,
    metadata::{Metadata, Package},
    tool,
};

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let metadata = Metadata::load(root)?;
    for library in metadata.published().filter(|package| package.is_library()) {
        match last_tag(root, library)? {
            Some(tag) => check(root, &library.name, &tag)?,
            None => println!("{}: not released yet", library.name),
        }
    }
    Ok(())
}

/// Why this cannot run here, if so.
pub(crate) fn why_not(root: &Path) -> Option<String> {
    let released = git(root, &["tag", "--list", "wxpay-*-v*"]);
    match released.as_deref() {
        Ok("") => Some("nothing is released yet, there is no tag to compare with".to_owned()),
        Ok(_) => tool::SEMVER_CHECKS.missing(),
        Err(error) => Some(error.to_string()),
    }
}

/// The tag of the latest release that this commit stands on.
fn last_tag(root: &Path, library: &Package) -> anyhow::Result<Option<String>> {
    let pattern = format!("{}-v*", library.name);
    let newest_first = [
        "tag",
        "--merged",
        "HEAD",
        "--sort=-version:refname",
        "--list",
    ];
    let tags = git(root, &[&newest_first[..], &[&pattern]].concat())?;
    Ok(tags.lines().next().map(str::to_owned))
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

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = cargo::program("git", root).args(arguments).output();
    let output = output.context("cannot start git")?;
    ensure!(
        output.status.success(),
        "`git {}` failed",
        arguments.join(" ")
    );
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}
