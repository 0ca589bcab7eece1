//! `cargo xtask readme`: what the READMEs repeat, made again from what it repeats.
//!
//! A block between `<!-- crates -->` or `<!-- output -->` and `<!-- end -->` is made here, the rest is
//! written by people.

mod block;
mod crates;
mod output;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

use crate::{cargo, metadata::Metadata};

/// What to do with what differs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail where a block is not what would be written
    #[arg(long)]
    check: bool,
}

/// Each with the language of its table of crates.
const FILES: [(&str, &str); 3] = [
    ("README.md", "en"),
    ("README.zh-CN.md", "zh-CN"),
    ("crates/wxpay-cli/README.md", "en"),
];

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let metadata = Metadata::load(root)?;
    let program = build(root)?;
    let mut stale = Vec::new();
    for (file, language) in FILES {
        let path = root.join(file);
        let old = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        let new = block::replace(&old, |kind, inside| match kind {
            "crates" => crates::table(&metadata, language),
            "output" => output::again(root, &program, inside),
            _ => Ok(None),
        });
        let new = new.with_context(|| format!("in {file}"))?;
        if new == old {
            continue;
        }
        if args.check {
            stale.push(file);
        } else {
            fs::write(&path, new).with_context(|| format!("cannot write {file}"))?;
            println!("{file} written");
        }
    }
    ensure!(
        stale.is_empty(),
        "not what the program prints or the manifests say: {}: `cargo xtask readme` writes it",
        stale.join(", ")
    );
    Ok(())
}

fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let target = root.join("target");
    let status = cargo::command(root)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--bin",
            "wxpay",
            "--target-dir",
        ])
        .arg(&target)
        .status()
        .context("cannot start `cargo build`")?;
    ensure!(status.success(), "`wxpay` does not build");
    Ok(target.join("debug"))
}
