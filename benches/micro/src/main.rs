//! Instruction counts, compared with the committed ones.
//!
//! `--bless` writes new ones. The cost of one repetition is the difference between two runs of
//! unequal length, so the start of the program does not count.

mod callgrind;
mod committed;

use std::{env, process::ExitCode};

use anyhow::{Context, bail};
use committed::Committed;
use wxpay_bench_micro::{Subject, subjects};

/// The first argument when the program runs itself under valgrind.
const REPEAT: &str = "repeat";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => compare(),
        ["--bless"] => bless(),
        [REPEAT, name, times] => repeat(name, times.parse()?),
        _ => bail!("usage: [--bless]"),
    }
}

fn repeat(name: &str, times: usize) -> anyhow::Result<ExitCode> {
    let subject = subjects().find(|subject| subject.name == name);
    let mut work = (subject.context("no such subject")?.prepare)();
    for _ in 0..times {
        work();
    }
    Ok(ExitCode::SUCCESS)
}

fn bless() -> anyhow::Result<ExitCode> {
    let Some(valgrind) = callgrind::version() else {
        bail!("valgrind is not installed");
    };
    let mut committed = Committed::of(&valgrind);
    for subject in subjects() {
        let count = callgrind::count(subject)?;
        println!("{count:>8}  {subject}");
        committed.add(subject, count);
    }
    committed.write()?;
    Ok(ExitCode::SUCCESS)
}

fn compare() -> anyhow::Result<ExitCode> {
    let Some(valgrind) = callgrind::version() else {
        println!("skipped: instruction counts, for valgrind is not installed");
        return Ok(ExitCode::SUCCESS);
    };
    let committed = Committed::read()?;
    if let Some(difference) = committed.made_elsewhere(&valgrind) {
        println!("note: {difference}; counts may differ for that alone");
    }
    println!("{:>8} {:>9} {:>8}", "counted", "committed", "change");
    let mut failed = Vec::new();
    for subject in subjects() {
        let count = callgrind::count(subject)?;
        let Some(known) = committed.count(subject) else {
            bail!("`{subject}` has no committed count: run with --bless");
        };
        let change = 100.0 * (count as f64 / known as f64 - 1.0);
        println!("{count:>8} {known:>9} {change:>+7.1}%  {subject}");
        // The others are shown for comparison only.
        if change > committed::TOLERANCE && is_ours(subject) {
            failed.push(subject.name);
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "failed: more than {}% over the committed counts: {}",
        committed::TOLERANCE,
        failed.join(", ")
    );
    Ok(ExitCode::FAILURE)
}

fn is_ours(subject: &Subject) -> bool {
    subject.name.ends_with(": ours")
}
