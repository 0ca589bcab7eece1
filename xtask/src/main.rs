//! `cargo xtask`: what a maintainer of this workspace runs, as a program instead of a folder of
//! shell scripts.
//!
//! Each verb is a file. Nothing here depends on another crate of the workspace, so that it builds
//! when they do not.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: its output is its result"
)]

mod bench;
mod cargo;
mod ci;
mod interop;
mod metadata;
#[cfg(test)]
mod registry;
mod release;
mod root;
mod source;
mod tidy;
mod tool;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks of this workspace. Runs from its root, whatever the current folder is.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run everything that a change must pass; stop at the first failure and name it
    ///
    /// The steps are, in this order: fmt; clippy over all targets and every set of features, with
    /// warnings as errors; the tests of the workspace, doctests included, and again with every set
    /// of features; the documentation, with warnings as errors; tidy; each library built alone
    /// without default features.
    ///
    /// Every step is one cargo command. It is printed before it runs, so that it can be repeated
    /// by itself, and a table of all steps and their times closes the run. From an empty target
    /// folder all of it should take less than 20 minutes on two cores.
    Ci,

    /// Check what the compiler does not: arrows between crates, files, manifests; report all
    ///
    /// Looks at `cargo metadata` and at the text of the sources, and compiles nothing. Every
    /// finding is printed as `path:line: what is wrong: what to do`, and one is enough to fail.
    /// What is checked, and why, stands with each check in xtask/src/tidy/ and as a whole in
    /// docs/architecture.md.
    Tidy,

    /// Upload to the sandbox with clients that are not ours, each in its own language
    ///
    /// Starts `wxpay sandbox` on a free port and runs the programs of docs/clients against it:
    /// curl, Python's requests, Node, the npm package wechatpay-axios-plugin, PHP, Java, Go, C#.
    /// What a language lacks is installed into a temporary folder, from the
    /// registries of Python and Node; a language
    /// that this machine does not have is reported as skipped.
    Interop,

    /// Measure what an upload costs, beside other clients, in one run
    ///
    /// Builds the clients of benches/ and the program, starts nginx with client certificates on a
    /// free port, and lets all clients upload, round after round. Needs nginx and openssl; Go,
    /// Python's requests, PHP and curl are measured where they are installed. Prints the table of
    /// docs/performance.md, which says what the figures mean.
    Bench(bench::Args),

    /// Release the published crates, each with a version of its own: plan, bump, publish, notes
    ///
    /// `plan` says what has changed since each crate's last tag and which version it needs; `bump`
    /// writes it and commits. docs/releasing.md goes through a release step by step.
    Release(release::Args),
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

fn run(args: &Args) -> anyhow::Result<()> {
    let root = root::find()?;
    match &args.verb {
        Verb::Ci => ci::run(&root),
        Verb::Tidy => tidy::run(&root),
        Verb::Interop => interop::run(&root),
        Verb::Bench(args) => bench::run(&root, args),
        Verb::Release(args) => release::run(&root, args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn arguments_are_well_formed() {
        Args::command().debug_assert();
    }
}
