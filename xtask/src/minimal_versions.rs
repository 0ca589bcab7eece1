//! `cargo xtask minimal-versions`: the workspace with the oldest direct dependencies that its
//! manifests allow.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use toml_edit::{Array, DocumentMut, Item};

use crate::{cargo, metadata::Metadata};

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let copy = copy(root)?;
    // Only the versions that the manifests name are lowered, not what these ask for in turn: many
    // crates do not build with the oldest of their own.
    cargo(&copy, "update", &["--quiet", "-Zdirect-minimal-versions"])?;
    let metadata = Metadata::load(&copy)?;
    for package in metadata.published() {
        println!("{} with the oldest that it allows", package.name);
        let name = ["--package", package.name.as_str()];
        cargo(
            &copy,
            "check",
            &[&name[..], &["--all-features", "--quiet"]].concat(),
        )?;
    }
    Ok(())
}

/// The workspace as it is now, where a Cargo.lock can be changed and nothing else is.
fn copy(root: &Path) -> anyhow::Result<PathBuf> {
    let copy = root.join("target/minimal-versions");
    let target = copy.join("target");
    fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    // What was deleted here must not live on there; the target folder stays.
    let crates = copy.join("crates");
    if crates.exists() {
        fs::remove_dir_all(&crates).context("cannot empty target/minimal-versions/crates")?;
    }
    for name in ["Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", "crates"] {
        copy_all(&root.join(name), &copy.join(name))?;
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    fs::write(copy.join("Cargo.toml"), published_only(&manifest)?)
        .context("cannot write target/minimal-versions/Cargo.toml")?;
    Ok(copy)
}

/// The workspace without what nobody gets: its tools ask for versions of their own.
fn published_only(manifest: &str) -> anyhow::Result<String> {
    let mut manifest: DocumentMut = manifest.parse().context("Cargo.toml is not TOML")?;
    let members = Array::from_iter(["crates/*"]);
    manifest["workspace"]["members"] = Item::Value(members.into());
    Ok(manifest.to_string())
}

fn copy_all(from: &Path, to: &Path) -> anyhow::Result<()> {
    let context = || format!("cannot copy {}", from.display());
    if !from.is_dir() {
        fs::copy(from, to).with_context(context)?;
        return Ok(());
    }
    fs::create_dir_all(to).with_context(context)?;
    for entry in from.read_dir().with_context(context)? {
        let entry = entry.with_context(context)?;
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn cargo(copy: &Path, verb: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let status = cargo::command(copy)
        .arg(verb)
        .args(arguments)
        // To choose the oldest versions is not stable yet.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .status()
        .with_context(|| format!("cannot start `cargo {verb}`"))?;
    ensure!(
        status.success(),
        "`cargo {verb} {}` failed in target/minimal-versions: \
         a version in [workspace.dependencies] is too low",
        arguments.join(" ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_left_out() {
        let manifest =
            "[workspace]\nmembers = [\"crates/*\", \"xtask\"]\n# why\nresolver = \"3\"\n";
        assert_eq!(
            published_only(manifest).unwrap(),
            "[workspace]\nmembers = [\"crates/*\"]\n# why\nresolver = \"3\"\n"
        );
    }
}
