//! `cargo xtask coverage`: how many lines the tests run, crate by crate.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::{cargo, metadata::Metadata, tool};

/// Tarpaulin's report, as far as it is needed here.
#[derive(Debug, Deserialize)]
struct Report {
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct File {
    /// Piece by piece, from the root of the file system.
    path: Vec<String>,
    covered: u64,
    coverable: u64,
}

/// Lines of a crate.
#[derive(Debug, Default, Eq, PartialEq)]
struct Lines {
    covered: u64,
    coverable: u64,
}

pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    if let Some(why) = tool::TARPAULIN.missing() {
        println!("coverage: skipped: {why}");
        return Ok(());
    }
    let folder = root.join("target/coverage");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    measure(root, &folder)?;
    let report = fs::read_to_string(folder.join("tarpaulin-report.json"))
        .context("tarpaulin has left no report")?;
    let report = serde_json::from_str(&report).context("tarpaulin's report has another form")?;
    print!("{}", table(&by_crate(&Metadata::load(root)?, &report)));
    Ok(())
}

/// With the features that the quick set of `ci` turns on one by one, but in one run.
fn measure(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let status = cargo::command(root)
        .args(["tarpaulin", "--engine", "llvm", "--workspace", "--locked"])
        .args(["--exclude", "xtask", "--exclude-files", "xtask/*"])
        .args(["--all-features", "--skip-clean", "--out", "json"])
        // The instrumented programs of tests that start `wxpay` count too.
        .args(["--follow-exec", "--timeout", "600", "--output-dir"])
        .arg(folder)
        .arg("--target-dir")
        .arg(folder.join("target"))
        .status()
        .context("cannot start `cargo tarpaulin`")?;
    ensure!(status.success(), "`cargo tarpaulin` failed");
    Ok(())
}

fn by_crate<'a>(metadata: &'a Metadata, report: &Report) -> BTreeMap<&'a str, Lines> {
    let mut crates = BTreeMap::new();
    for package in metadata.published() {
        let sources = package.path("src/");
        let mut lines = Lines::default();
        for file in &report.files {
            if file.path.join("/").contains(&sources) {
                lines.covered += file.covered;
                lines.coverable += file.coverable;
            }
        }
        crates.insert(package.name.as_str(), lines);
    }
    crates
}

/// As docs/testing.md has it.
fn table(crates: &BTreeMap<&str, Lines>) -> String {
    let mut table = "| crate | lines | run by tests | |\n|---|---|---|---|\n".to_owned();
    for (name, Lines { covered, coverable }) in crates {
        let share = 100.0 * *covered as f64 / (*coverable).max(1) as f64;
        let _ = writeln!(table, "| {name} | {coverable} | {covered} | {share:.1} % |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::metadata;

    #[test]
    fn lines_are_summed_by_crate() {
        let report = r#"{"files": [
            {"path": ["/", "w", "crates", "wxpay-a", "src", "one.rs"], "covered": 3, "coverable": 4, "traces": []},
            {"path": ["/", "w", "crates", "wxpay-a", "src", "two.rs"], "covered": 5, "coverable": 6, "traces": []},
            {"path": ["/", "w", "crates", "wxpay-a", "tests", "it.rs"], "covered": 9, "coverable": 9, "traces": []}
        ]}"#;
        let metadata = metadata("wxpay-a\nwxpay-b\nxtask");
        let crates = by_crate(&metadata, &serde_json::from_str(report).unwrap());
        assert_eq!(
            table(&crates),
            "| crate | lines | run by tests | |\n\
             |---|---|---|---|\n\
             | wxpay-a | 10 | 8 | 80.0 % |\n\
             | wxpay-b | 0 | 0 | 0.0 % |\n"
        );
    }
}
