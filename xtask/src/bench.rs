//! `cargo xtask bench`: builds what benches/ holds, and runs it.
//!
//! The measuring itself is done there, in a workspace of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use crate::cargo;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Count instructions by valgrind instead, and compare them with benches/counts.json
    ///
    /// Fails when one of ours exceeds its committed count by more than 5 %. Says "skipped" where
    /// there is no valgrind. The load of the machine does not matter.
    #[arg(long)]
    counts: bool,

    /// Count, and write the counts to benches/counts.json
    #[arg(long, conflicts_with = "counts")]
    bless: bool,

    /// Measure the pure crates alone, by time and allocations
    #[arg(long, conflicts_with_all = ["counts", "bless"])]
    micro: bool,

    /// Write the figures of every round to a file, too
    #[arg(long, value_name = "FILE", conflicts_with_all = ["counts", "bless", "micro"])]
    json: Option<PathBuf>,

    /// How often every client is measured
    #[arg(long, value_name = "N", default_value = "7")]
    rounds: usize,

    /// Only clients with one of these words in their name, such as `bound,ours`
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
}

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let benches = root.join("benches");
    if args.micro {
        return finish(cargo::command(&benches).args(["bench", "--package", "wxpay-bench-micro"]));
    }
    if args.counts || args.bless {
        build(&benches, &["--package", "wxpay-bench-micro"])?;
        let mut counts = Command::new(binary(&benches, "wxpay-bench-micro"));
        return finish(counts.args(args.bless.then_some("--bless")));
    }
    build_clients(&benches)?;
    build(root, &["--package", "wxpay-cli"])?;
    let mut harness = Command::new(binary(&benches, "wxpay-bench-harness"));
    harness.args(["--rounds", &args.rounds.to_string()]);
    harness.arg("--program").arg(binary(root, "wxpay"));
    if let Some(only) = &args.only {
        harness.arg("--only").arg(only);
    }
    if let Some(file) = &args.json {
        harness.arg("--json").arg(file);
    }
    finish(&mut harness)
}

/// One by one, so that no client's features add to another's; ours twice.
fn build_clients(benches: &Path) -> anyhow::Result<()> {
    const OURS: &str = "wxpay-bench-ours";
    build(benches, &["--package", OURS, "--features", "fast-md5"])?;
    let fast = format!("{OURS}-fast");
    fs::copy(binary(benches, OURS), binary(benches, &fast)).context("cannot copy a client")?;
    for package in [
        OURS,
        "wxpay-bench-reqwest",
        "wxpay-bench-bound",
        "wxpay-bench-harness",
    ] {
        build(benches, &["--package", package])?;
    }
    Ok(())
}

fn build(workspace: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = cargo::command(workspace);
    finish(
        command
            .args(["build", "--quiet", "--release"])
            .args(arguments),
    )
}

/// In the folder of the workspace itself: `CARGO_TARGET_DIR` would mix two.
fn binary(workspace: &Path, name: &str) -> PathBuf {
    workspace.join("target/release").join(name)
}

fn finish(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let status = command.env_remove("CARGO_TARGET_DIR").status();
    let status = status.with_context(|| format!("cannot run {shown}"))?;
    ensure!(status.success(), "failed: {shown}");
    Ok(())
}
