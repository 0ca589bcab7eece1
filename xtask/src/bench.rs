//! `cargo xtask bench`: builds what benches/ holds, and runs it.
//!
//! The measuring itself is done there, in a workspace of its own.

use anyhow::Result;
use std::{env::consts::EXE_SUFFIX, path::PathBuf};

use xshell::cmd;

use crate::workspace::Workspace;

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

pub(crate) fn run(ws: &Workspace, args: &Args) -> Result<()> {
    let (sh, root) = (&ws.sh, ws.root());
    // Each workspace has its own folder: one for both would mix them.
    let program = |folder: &str, name: &str| {
        root.join(folder)
            .join("target/release")
            .join(format!("{name}{EXE_SUFFIX}"))
    };
    let build = |folder: &str, arguments: &[&str]| {
        let _folder = sh.push_dir(folder);
        let build = cmd!(ws, "cargo build --quiet --release -p {arguments...}");
        build.env_remove("CARGO_TARGET_DIR").run()
    };
    if args.micro {
        let _folder = sh.push_dir("benches");
        let bench = cmd!(ws, "cargo bench -p wxpay-bench-micro");
        return Ok(bench.env_remove("CARGO_TARGET_DIR").run()?);
    }
    if args.counts || args.bless {
        build("benches", &["wxpay-bench-micro"])?;
        let counts = ws.cmd(program("benches", "wxpay-bench-micro"));
        return Ok(counts.args(args.bless.then_some("--bless")).run()?);
    }
    // One by one, so that no client's features add to another's; ours twice.
    let ours = "wxpay-bench-ours";
    build("benches", &[ours, "--features", "fast-md5"])?;
    sh.copy_file(
        program("benches", ours),
        program("benches", "wxpay-bench-ours-fast"),
    )?;
    for name in [
        ours,
        "wxpay-bench-reqwest",
        "wxpay-bench-bound",
        "wxpay-bench-harness",
    ] {
        build("benches", &[name])?;
    }
    build(".", &["wxpay-cli"])?;
    let (rounds, wxpay) = (args.rounds.to_string(), program(".", "wxpay"));
    let harness = ws.cmd(program("benches", "wxpay-bench-harness"));
    let harness = harness
        .args(["--rounds", &rounds])
        .arg("--program")
        .arg(wxpay);
    let harness = harness.args(args.only.iter().flat_map(|only| ["--only", only]));
    // A relative path is the caller's, not the workspace's.
    let file = args.json.as_ref().map(std::path::absolute).transpose()?;
    let file = file.map(|file| ["--json".into(), file.into_os_string()]);
    Ok(harness.args(file.into_iter().flatten()).run()?)
}
