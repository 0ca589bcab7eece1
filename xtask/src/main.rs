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
mod coverage;
mod dist;
mod fuzz;
mod interop;
mod metadata;
mod minimal_versions;
mod msrv;
mod mutants;
mod package;
mod public_api;
mod readme;
mod registry;
mod release;
mod root;
mod semver_checks;
mod source;
mod tidy;
mod tool;
mod vectors;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// Builds the clients of benches/ and the program, starts nginx with client certificates on a
    /// free port, and lets all clients upload, round after round. Needs nginx and openssl; Go,
    /// Python's requests, PHP and curl are measured where they are installed. Prints the table of
    /// docs/performance.md, which says what the figures mean.
    Bench(bench::Args),

    /// Run what a change must pass, job by job; stop at the first failure and name it
    ///
    /// Without arguments it is the quick set, which needs nothing but Rust and which from an empty
    /// target folder should take less than 20 minutes on two cores: fmt; clippy over all targets and
    /// every set of features, with warnings as errors; the tests of the workspace, doctests
    /// included, and again with every set of features; the documentation, with warnings as errors;
    /// tidy; msrv; each library built alone without default features. `--list` has all jobs.
    ///
    /// Every step is one command. It is printed before it runs, so that it can be repeated by
    /// itself, and a table of all steps and their times closes the run. A job whose tool is missing
    /// is skipped, and the table says so and how to get it.
    Ci(ci::Args),

    /// Count the lines that the tests run, crate by crate, by cargo-tarpaulin
    ///
    /// With all features, doctests not included. Prints the table that docs/testing.md holds; every
    /// line is in target/coverage/tarpaulin-report.json. A low share tells where to look, a high one
    /// tells nothing: see `mutants`.
    Coverage,

    /// Build the program for this platform as it is given to people, into target/dist
    ///
    /// Optimised and stripped, with pages for man(1), completions, all licence texts, a bill of
    /// materials and checksums. It depends on the commit and on the compiler alone, not on the
    /// folder or the time: `--check-reproducible` shows it.
    Dist(dist::Args),

    /// Search for inputs that break what the parsers and the checks of signatures promise
    ///
    /// By libFuzzer, on stable Rust, with the targets of fuzz/. It needs a C++ compiler and is
    /// skipped, and says so, without one. An input that breaks a promise is kept in fuzz/artifacts;
    /// it becomes a test of the crate that it is about. What has been searched so far is in
    /// docs/testing.md.
    Fuzz(fuzz::Args),

    /// Upload to the sandbox with clients that are not ours, each in its own language
    ///
    /// Starts `wxpay sandbox` on a free port and runs the programs of docs/clients against it:
    /// curl, Python's requests, Node, the npm package wechatpay-axios-plugin, PHP, Java, Go, C#.
    /// What a language lacks is installed into a temporary folder, from the
    /// registries of Python and Node; a language
    /// that this machine does not have is reported as skipped.
    Interop,

    /// Build each library with the oldest direct dependencies that its manifest allows
    ///
    /// In a copy of the workspace under target/, with a Cargo.lock of its own, without tests. A
    /// version in [workspace.dependencies] that is too low for what the code uses is found here.
    MinimalVersions,

    /// Check that the declared oldest Rust is the one that the dependencies declare
    ///
    /// Lower would be a promise that nobody can keep; higher would shut out users for nothing.
    Msrv,

    /// Put small faults into the pure crates, and see that a test fails for each, by cargo-mutants
    ///
    /// A fault that no test sees wants a test, or a reason in xtask/survivors.toml; a reason whose
    /// fault is seen by now is reported as well. Takes half an hour. Prints the table that
    /// docs/testing.md holds; the lists are in target/mutants.
    Mutants(mutants::Args),

    /// Check what goes to the registry, and that each package builds from that alone
    ///
    /// A package holds its sources, its README, its changelog and both licences, and nothing else.
    Package,

    /// List each library's API in its public-api.txt
    ///
    /// One item a line, with all features. A change of the API shows as a change of that file.
    PublicApi(public_api::Args),

    /// Make again what the READMEs repeat: the table of crates, and what commands print
    ///
    /// The table comes from [package.metadata.readme] of the manifests, the output from running the
    /// program; ports and media ids may differ. With `--check` nothing is written, and a block that
    /// differs is an error.
    Readme(readme::Args),

    /// Release the published crates, each with a version of its own: plan, bump, publish, notes
    ///
    /// `plan` says what has changed since each crate's last tag and which version it needs; `bump`
    /// writes it and commits. docs/releasing.md goes through a release step by step.
    Release(release::Args),

    /// Check that each library's version says what changed in its API since its last release
    ///
    /// By cargo-semver-checks, against the last tag of each library, such as wxpay-sign-v0.1.0.
    Semver,

    /// Check what the compiler does not: arrows between crates, files, manifests; report all
    ///
    /// Looks at `cargo metadata` and at the text of the sources, and compiles nothing. Every
    /// finding is printed as `path:line: what is wrong: what to do`, and one is enough to fail.
    /// What is checked, and why, stands with each check in xtask/src/tidy/ and as a whole in
    /// docs/architecture.md.
    Tidy,

    /// Compute every signature vector again by openssl and by Python, and write what they say
    ///
    /// From the parameters of each folder in crates/wxpay-sign/tests/vectors: the canonical string
    /// and the signature, and the signature of the wrong string where the case is a trap. With
    /// `--check` nothing is written, and a file that differs is an error.
    Vectors(vectors::Args),
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
        Verb::Bench(args) => bench::run(&root, args),
        Verb::Ci(args) => ci::run(&root, args),
        Verb::Coverage => coverage::run(&root),
        Verb::Dist(args) => dist::run(&root, args),
        Verb::Fuzz(args) => fuzz::run(&root, args),
        Verb::Interop => interop::run(&root),
        Verb::MinimalVersions => minimal_versions::run(&root),
        Verb::Msrv => msrv::run(&root),
        Verb::Mutants(args) => mutants::run(&root, args),
        Verb::Package => package::run(&root),
        Verb::PublicApi(args) => public_api::run(&root, args),
        Verb::Readme(args) => readme::run(&root, args),
        Verb::Release(args) => release::run(&root, args),
        Verb::Semver => semver_checks::run(&root),
        Verb::Tidy => tidy::run(&root),
        Verb::Vectors(args) => vectors::run(&root, args),
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
