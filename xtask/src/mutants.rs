//! `cargo xtask mutants`: the pure crates with small faults put in, one at a time, to see that a test
//! fails for each.

mod outcome;
mod survivors;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

use crate::{cargo, tool};
use outcome::Outcome;
use survivors::Survivors;

/// Where a fault that no test sees gives a wrong signature or a wrong request.
const CRATES: [&str; 3] = ["wxpay-multipart", "wxpay-sign", "wxpay-xml"];

/// What to put faults into.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these crates
    #[arg(value_name = "CRATE", value_parser = CRATES)]
    crates: Vec<String>,
}

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    if let Some(why) = tool::MUTANTS.missing() {
        println!("mutants: skipped: {why}");
        return Ok(());
    }
    let survivors = Survivors::load(root)?;
    let mut findings = Vec::new();
    let mut rows = Vec::new();
    for name in CRATES {
        if !args.crates.is_empty() && !args.crates.iter().any(|wanted| wanted == name) {
            continue;
        }
        let outcome = Outcome::load(&mutate(root, name)?)?;
        findings.extend(survivors.findings(name, &outcome.missed));
        rows.push(outcome.row(name));
    }
    println!(
        "\n{}\n{}\n{}",
        Outcome::HEADING,
        Outcome::RULE,
        rows.join("\n")
    );
    ensure!(findings.is_empty(), "{}", findings.join("\n"));
    Ok(())
}

/// Runs cargo-mutants for one crate; the folder with what it found.
fn mutate(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = root.join("target/mutants").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let status = cargo::command(root)
        .args(["mutants", "--package", name, "--test-package", name])
        .args(["--no-shuffle", "--timeout", "60"])
        .args(["--all-features", "--output"])
        .arg(&folder)
        // Doctests take longer than all the rest, and look at what other tests look at.
        .arg("--cargo-test-arg=--tests")
        // Each mutant meets every property; a quarter of the cases is enough to see it.
        .env("PROPTEST_CASES", "64")
        // The diagnosis tries thousands of keys: seven times as fast, and hardly longer to build.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .status()
        .context("cannot start `cargo mutants`")?;
    // It ends with 2 when mutants were missed, and with 3 when some timed out: both are told below.
    ensure!(
        matches!(status.code(), Some(0 | 2 | 3)),
        "`cargo mutants` failed for {name}"
    );
    Ok(folder.join("mutants.out"))
}
