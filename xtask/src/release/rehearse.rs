//! `release rehearse`: this workspace's own crates, released twice, and used by strangers.

mod consumer;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use super::{
    bump,
    publish::{self, remember_green},
    survey::Effort,
    workspace::Workspace,
};
use crate::registry::{self, Registry};
use consumer::Consumer;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Let the change of wxpay-sign be a breaking one, which others have to follow
    #[arg(long)]
    breaking: bool,
}

/// Releases what is committed, in a clone, to a registry on loopback.
pub(super) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let registry = Registry::start()?;
    let third_party = registry.mirror(
        &crate::metadata::json(workspace.cargo())?,
        &workspace.read("Cargo.lock")?,
    )?;
    println!("{third_party} third-party crates are at hand\n");
    configure(folder.path(), &registry)?;
    let home = folder.path().join("cargo-home");
    let clone = clone(workspace.root(), folder.path(), &home)?;

    heading("the first release");
    release(&clone)?;
    heading("the second, after a change of wxpay-sign");
    change_sign(&clone, options)?;
    release(&clone)?;

    let mut said = Vec::new();
    for consumer in Consumer::all() {
        heading(consumer.name);
        said.push(consumer.run(&clone, folder.path(), &home)?);
    }
    heading("rehearsed");
    println!("{}{}", registry.shelf().published(), said.concat());
    Ok(())
}

fn heading(what: &str) {
    println!("\n== {what} ==\n");
}

/// Everything from the registry, into one target folder, so that nothing is built twice. cargo finds
/// it from the clone and from the strangers' projects, for they lie below.
fn configure(folder: &Path, registry: &Registry) -> anyhow::Result<()> {
    let config = format!(
        "{}\n[build]\ntarget-dir = '{}'\nincremental = false\n\n[profile.dev]\ndebug = false\n",
        registry.cargo_config(),
        folder.join("target").display()
    );
    let folder = folder.join(".cargo");
    fs::create_dir(&folder)
        .and_then(|()| fs::write(folder.join("config.toml"), config))
        .context("cannot write cargo's configuration")
}

/// Without tags, so that everything is released.
fn clone(root: &Path, folder: &Path, cargo_home: &Path) -> anyhow::Result<Workspace> {
    let clone = folder.join("workspace");
    let status = Command::new("git")
        .args(["clone", "--quiet", "--no-tags"])
        .args([root, &clone])
        .stdin(Stdio::null())
        .status()
        .context("cannot start git")?;
    ensure!(status.success(), "cannot clone {}", root.display());
    let workspace = Workspace::with_cargo_home(&clone, cargo_home);
    for (name, value) in [
        ("user.name", "Rehearsal"),
        ("user.email", "rehearsal@example.com"),
        ("commit.gpgSign", "false"),
        ("tag.gpgSign", "false"),
    ] {
        workspace.git().configure(name, value)?;
    }
    Ok(workspace)
}

fn release(clone: &Workspace) -> anyhow::Result<()> {
    bump::run(clone, Effort::Listings)?;
    // What is rehearsed is the release; the checks have their own verb, and take their time.
    println!("not part of a rehearsal, and taken for green: `cargo xtask ci`");
    remember_green(clone)?;
    let options = publish::Options {
        execute: true,
        registry: Some(registry::NAME.to_owned()),
    };
    publish::run(clone, &options)
}

/// A constant more, in its API and in its changelog.
fn change_sign(clone: &Workspace, options: &Options) -> anyhow::Result<()> {
    let append = |path: &str, more: &str| clone.edit(path, |text| Ok(format!("{text}{more}")));
    append(
        "crates/wxpay-sign/src/lib.rs",
        "\n/// Only the second release has it.\npub const REHEARSED: &str = \"the second release\";\n",
    )?;
    append(
        "crates/wxpay-sign/public-api.txt",
        "pub const wxpay_sign::REHEARSED: &str\n",
    )?;
    let entry = match options.breaking {
        true => "### Changed\n\n- **Breaking**: `REHEARSED`.",
        false => "### Added\n\n- `REHEARSED`.",
    };
    let heading = "## [Unreleased]\n";
    clone.edit("crates/wxpay-sign/CHANGELOG.md", |text| {
        Ok(text.replacen(heading, &format!("{heading}\n{entry}\n"), 1))
    })?;
    clone.git().commit_all("wxpay-sign: add a constant")
}
