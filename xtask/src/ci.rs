//! `cargo xtask ci`: all steps in their order, up to the first that fails.

mod features;
mod plan;
mod step;
mod table;

use std::{path::Path, time::Instant};

use anyhow::{Context, bail};

use crate::metadata::Metadata;
use table::table;

/// Runs every step, prints each before it runs, and a table of their times at the end.
///
/// # Errors
///
/// At the first step that fails, naming it and the command that repeats it.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let steps = plan::steps(&Metadata::load(root)?);
    let mut times = Vec::new();
    let mut failed = None;
    for (number, step) in (1..).zip(&steps) {
        println!("\n[{number}/{}] {}\n$ {step}", steps.len(), step.name);
        let start = Instant::now();
        // cargo's output goes where ours goes.
        let status = step.command(root).status().context("cannot start cargo")?;
        times.push(start.elapsed());
        if !status.success() {
            failed = Some(step);
            break;
        }
    }
    println!("\n{}", table(&steps, &times, failed.is_some()));
    match failed {
        None => Ok(()),
        Some(step) => bail!(
            "ci failed at: {}\n\nto repeat it alone:\n  {step}",
            step.name
        ),
    }
}
