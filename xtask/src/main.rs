//! `cargo xtask`: the commands of this workspace's maintainers that are too long to remember, and
//! the few checks that no tool has. Nothing here depends on another crate of the workspace.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: its output is its result"
)]

mod bench;
mod ci;
mod coverage;
mod dist;
mod fuzz;
mod interop;
mod manifests;
mod public_api;
mod readme;
mod release;
mod tidy;
mod vectors;
mod workspace;

use anyhow::Result;
use std::process::ExitCode;

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use workspace::{Workspace, missing};

/// Checks and measurements of this workspace. Runs from its root, whatever the current folder is.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Measure the costs of an upload, beside other clients: see docs/performance.md
    Bench(bench::Args),
    /// Run the jobs that a change must pass, up to the first failure
    ///
    /// Without arguments it is the quick set, which from an empty target folder should take less
    /// than 15 minutes on two cores. It needs cargo with clippy and rustfmt, a C compiler, Python
    /// 3, curl and openssl. Every command is printed before it runs, and a table of all jobs closes
    /// the run. A job whose tool is missing is skipped, and the table says how to get it.
    Ci(ci::Args),
    /// Count the lines that the tests run, with cargo-tarpaulin; the report is in target/coverage
    Coverage,
    /// Build the archive of the program for this platform, into target/dist
    Dist {
        /// Build the commit once more in another folder, and compare byte for byte
        #[arg(long)]
        check_reproducible: bool,
    },
    /// Search with cargo-fuzz for inputs that break the promises of parsers and checks
    Fuzz(fuzz::Args),
    /// Upload to the sandbox with the programs of docs/clients, each in its own language
    Interop,
    /// Build each library with the oldest direct dependencies that its manifest allows
    MinimalVersions,
    /// Check that the declared oldest Rust is the one that the dependencies declare
    Msrv,
    /// Put small faults into the pure crates with cargo-mutants, and check that a test fails for
    /// each
    Mutants {
        /// Only these crates
        #[arg(value_name = "CRATE", value_parser = PossibleValuesParser::new(tidy::PURE.split(' ')))]
        crates: Vec<String>,
    },
    /// Check the content of each package, and that it builds alone
    Package,
    /// List each library's API in its public-api.txt, and find items without an example
    PublicApi {
        /// Write nothing; fail if a committed list is out of date
        #[arg(long)]
        check: bool,

        /// Only these libraries
        #[arg(value_name = "CRATE")]
        libraries: Vec<String>,
    },
    /// Generate blocks of the READMEs: the table of crates, and the output of commands
    Readme {
        /// Write nothing; fail if a block is out of date
        #[arg(long)]
        check: bool,
    },
    /// Release the published crates, each with a version of its own: see docs/releasing.md
    #[command(subcommand)]
    Release(release::Verb),
    /// Check with cargo-semver-checks that versions match the changes of the APIs since the last
    /// tags
    Semver,
    /// Check rules such as the dependencies between crates: see docs/architecture.md
    Tidy,
    /// Compute every signature vector with openssl and with Python, and write the results
    Vectors {
        /// Write nothing; fail if a committed file is out of date
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Without the backtrace that `Result` as `main`'s type would add.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let ws = &Workspace::find()?;
    let needs: &[&str] = match &args.verb {
        Verb::Coverage => &["cargo-tarpaulin"],
        Verb::Fuzz(args) if !args.list => &fuzz::NEEDS,
        Verb::Mutants { .. } => &["cargo-mutants"],
        Verb::Vectors { .. } => &vectors::NEEDS,
        _ => &[],
    };
    if let Some(why) = missing(needs) {
        println!("skipped: {why}");
        return Ok(());
    }
    match &args.verb {
        Verb::Bench(args) => bench::run(ws, args),
        Verb::Ci(args) => ci::run(ws, args),
        Verb::Coverage => coverage::coverage(ws),
        Verb::Dist { check_reproducible } => dist::run(ws, *check_reproducible),
        Verb::Fuzz(args) => fuzz::run(ws, args),
        Verb::Interop => interop::run(ws),
        Verb::MinimalVersions => manifests::minimal(ws),
        Verb::Msrv => manifests::msrv(ws),
        Verb::Mutants { crates } => coverage::mutants(ws, crates),
        Verb::Package => manifests::package(ws),
        Verb::PublicApi { check, libraries } => public_api::run(ws, *check, libraries),
        Verb::Readme { check } => readme::run(ws, *check),
        Verb::Release(verb) => release::run(ws, verb),
        Verb::Semver => release::semver(ws),
        Verb::Tidy => tidy::run(ws),
        Verb::Vectors { check } => vectors::run(ws, *check),
    }
}

#[test]
fn arguments_are_well_formed() {
    <Args as clap::CommandFactory>::command().debug_assert();
}
