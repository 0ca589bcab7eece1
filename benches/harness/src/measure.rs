//! The times and the memory of one process.

use std::{
    env,
    ffi::OsString,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context, bail, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

/// The first argument of a harness that measures one command.
pub(crate) const VERB: &str = "measure";

/// The costs of a process, its children included.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// User and system time in milliseconds.
    pub(crate) cpu: f64,
    /// From start to end, in milliseconds.
    pub(crate) wall: f64,
    /// The peak of resident memory, in MB.
    pub(crate) peak: f64,
}

impl Usage {
    pub(crate) fn without(self, other: Self) -> Self {
        Self {
            cpu: self.cpu - other.cpu,
            wall: self.wall - other.wall,
            peak: self.peak,
        }
    }

    pub(crate) fn for_each_of(self, count: usize) -> Self {
        Self {
            cpu: self.cpu / count as f64,
            wall: self.wall / count as f64,
            peak: self.peak,
        }
    }
}

/// Runs a command and returns its costs.
///
/// The harness starts itself for each command: the system reports the sum of the times of all
/// children that have ended, and the memory of the largest.
pub(crate) fn measure(command: &[OsString]) -> anyhow::Result<Usage> {
    let output = Command::new(env::current_exe()?)
        .arg(VERB)
        .args(command)
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        output.status.success(),
        "{:?} failed: {}",
        &command[..command.len().min(12)],
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs the command as the only child of this process, and prints its costs.
pub(crate) fn run_measured(command: &[String]) -> anyhow::Result<ExitCode> {
    let (program, arguments) = command.split_first().context("no command")?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    let wall = start.elapsed();
    if !status.success() {
        bail!("{program} ended with {status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds();
    let usage = Usage {
        cpu: cpu as f64 / 1e3,
        wall: wall.as_secs_f64() * 1e3,
        // The system reports KiB.
        peak: usage.max_rss() as f64 * 1024.0 / 1e6,
    };
    println!("{}", serde_json::to_string(&usage)?);
    Ok(ExitCode::SUCCESS)
}
