//! `cargo xtask`: the commands of this workspace's maintainers that are too long to remember, and the
//! few checks that no tool has.
//!
//! Each verb is a file. Nothing here depends on another crate of the workspace, so that it builds
//! when they do not.
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

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Checks and measurements of this workspace. Runs from its root, whatever the current folder is.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Measure what an upload costs, beside other clients, in one run
    ///
    /// Builds the clients of benches/ and the program, starts nginx with client certificates, and lets
    /// all clients upload, round after round. Needs nginx and openssl; Go, Python's requests, PHP and
    /// curl are measured where they are installed. docs/performance.md says what the figures mean.
    Bench(bench::Args),

    /// Run what a change must pass, job by job; stop at the first failure and name it
    ///
    /// Without arguments it is the quick set, which from an empty target folder should take less than
    /// 15 minutes on two cores. It needs cargo with clippy and rustfmt, a C compiler, Python 3, curl
    /// and openssl. `--list` has all jobs. Every command is printed before it runs, and a table of all
    /// jobs and their times closes the run. A job whose tool is missing is skipped, and the table says
    /// so and how to get it.
    Ci(ci::Args),

    /// Count the lines that the tests run, by cargo-tarpaulin, with all features and no doctests
    ///
    /// A low share tells where to look, a high one tells nothing: see `mutants`. Every line is in
    /// target/coverage/tarpaulin-report.json.
    Coverage,

    /// Build the program for this platform as it is given to people, into target/dist
    ///
    /// Optimised and stripped, with pages for man(1), completions, licence texts, a bill of materials
    /// and checksums. It depends on the commit and on the compilers alone.
    Dist {
        /// Build what is committed once more in another folder, and compare byte for byte
        #[arg(long)]
        check_reproducible: bool,
    },

    /// Search for inputs that break what the parsers and the checks of signatures promise
    ///
    /// By cargo-fuzz, on stable Rust, with the targets of fuzz/; skipped where it or a C++ compiler is
    /// missing. An input that breaks a promise is kept in fuzz/artifacts, and becomes a test.
    Fuzz(fuzz::Args),

    /// Upload to the sandbox with clients that are not ours, each in its own language
    ///
    /// Starts `wxpay sandbox` on a free port and runs the programs of docs/clients against it. What a
    /// language lacks is fetched into target/interop; a language that is not here is skipped.
    Interop,

    /// Build each library with the oldest direct dependencies that its manifest allows
    ///
    /// In a copy of the workspace under target/, with a Cargo.lock of its own, without tests.
    MinimalVersions,

    /// Check that the declared oldest Rust is the one that the dependencies declare
    Msrv,

    /// Put small faults into the pure crates, and see that a test fails for each, by cargo-mutants
    ///
    /// A fault that no test sees wants a test, or a reason in .cargo/mutants.toml. Takes half an hour;
    /// the lists are in target/mutants.
    Mutants {
        /// Only these crates
        #[arg(value_name = "CRATE", value_parser = tidy::PURE)]
        crates: Vec<String>,
    },

    /// Check what goes to the registry, and that each package builds from that alone
    Package,

    /// List each library's API in its public-api.txt, and find items without an example
    ///
    /// One item a line, with all features: a change of the API shows as a change of that file. Types,
    /// constructors and functions that can fail want an example, which cargo tests.
    PublicApi {
        /// Write nothing; fail where a committed list is not what the library has
        #[arg(long)]
        check: bool,

        /// Only these libraries
        #[arg(value_name = "CRATE")]
        libraries: Vec<String>,
    },

    /// Make again what the READMEs repeat: the table of crates, and what commands print
    Readme {
        /// Write nothing; fail where a block is not what would be written
        #[arg(long)]
        check: bool,
    },

    /// Release the published crates, each with a version of its own: see docs/releasing.md
    #[command(subcommand)]
    Release(release::Verb),

    /// Check by cargo-semver-checks that versions say what changed in the APIs since the last tags
    Semver,

    /// Check what the compiler does not: arrows between crates, files, manifests; report all
    ///
    /// Compiles nothing. Every finding is printed as `path: what is wrong: what to do`, and one is
    /// enough to fail. The rules are in docs/architecture.md.
    Tidy,

    /// Compute every signature vector again by openssl and by Python, and write what they say
    Vectors {
        /// Write nothing; fail where a committed file is not what they compute
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Without the backtrace that `Result` as `main`'s type would add: to find something is what
        // this program is for.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let ws = &Workspace::find()?;
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_well_formed() {
        super::Args::command().debug_assert();
    }
}
