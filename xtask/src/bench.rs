//! `cargo xtask bench`: builds and runs benches/, a workspace of its own.

use anyhow::Result;
use std::{env::consts::EXE_SUFFIX, path::PathBuf};

use crate::workspace::Workspace;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Count instructions by valgrind instead, and compare them with benches/counts.json
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
    /// The number of rounds; each client runs once in a round
    #[arg(long, value_name = "N", default_value = "7")]
    rounds: usize,
    /// Only clients with one of these words in their name, such as `bound,ours`
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
}

pub(crate) fn run(ws: &Workspace, args: &Args) -> Result<()> {
    // Each workspace has its own target folder, or their features would mix.
    let cargo = |folder: &str, line: &str| {
        let _folder = ws.sh.push_dir(folder);
        ws.line(line).env_remove("CARGO_TARGET_DIR").run()
    };
    let build = |folder: &str, name: &str| {
        let build = "cargo build --quiet --release -p";
        cargo(folder, &format!("{build} wxpay-{name}"))
    };
    let program = |folder: &str, name: &str| {
        let path = format!("{folder}/target/release/{name}{EXE_SUFFIX}");
        ws.root().join(path)
    };
    if args.micro {
        return Ok(cargo("benches", "cargo bench -p wxpay-bench-micro")?);
    }
    if args.counts || args.bless {
        build("benches", "bench-micro")?;
        let counts = ws.cmd(program("benches", "wxpay-bench-micro"));
        return Ok(counts.args(args.bless.then_some("--bless")).run()?);
    }
    // Built one by one, so that the features of one client do not add to another's.
    for name in ["ours", "reqwest", "bound", "harness"] {
        build("benches", &format!("bench-{name}"))?;
    }
    build(".", "cli")?;
    let harness = ws.cmd(program("benches", "wxpay-bench-harness"));
    let harness = harness.arg(args.rounds.to_string());
    let harness = harness.arg(args.only.as_deref().unwrap_or_default());
    let harness = harness.arg(program(".", "wxpay"));
    // A relative path of the report starts at the caller's folder.
    let _folder = ws.sh.push_dir(std::env::current_dir()?);
    Ok(harness.args(&args.json).run()?)
}
