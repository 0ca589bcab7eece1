//! Counting by valgrind.

use std::{env, process::Command};

use anyhow::{Context, ensure};
use wxpay_bench_micro::Subject;

use crate::REPEAT;

/// Repetitions of the shorter run and of the longer one.
const FEW: u64 = 100;
const MANY: u64 = 600;

/// The version of valgrind, if it is installed.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Instructions for one repetition.
pub(crate) fn count(subject: &Subject) -> anyhow::Result<u64> {
    let few = run(subject, FEW)?;
    let many = run(subject, MANY)?;
    Ok(many.saturating_sub(few) / (MANY - FEW))
}

fn run(subject: &Subject, times: u64) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([REPEAT, subject.name, &times.to_string()])
        // The size of the environment moves the stack, which changes how memory is copied.
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {report}");
    let collected = report
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.context("valgrind has not said what it collected")?;
    Ok(count.trim().parse()?)
}
