//! The program `wxpay`: parses arguments, calls the crates, prints for people or as JSON.
//!
//! Exit status: 0 done, 1 something failed (an upload, a verification), 2 wrong usage or
//! configuration.

mod args;
mod key;
mod sandbox;
mod settings;
mod sign;
mod signals;
mod terminal;
mod upload;
mod verify;

use std::{io, process::ExitCode};

use anyhow::Context;
use clap::Parser;
use tracing::Level;

use args::{Cli, Command};

/// Something was asked for and failed.
const FAILED: u8 = 1;
/// Nothing could be asked for: wrong usage or configuration.
const MISCONFIGURED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = run(cli);
    match outcome {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(FAILED),
        Err(error) => {
            terminal::complain(&format!("error: {error:#}"));
            ExitCode::from(MISCONFIGURED)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    log_to_stderr(&cli);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    match cli.command {
        Command::Upload(args) => runtime.block_on(upload::run(*args)),
        Command::Sandbox(args) => runtime.block_on(sandbox::run(args)),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(args) => verify::run(&args),
    }
}

/// The sandbox says what it is asked even without `-v`: that is what it is for.
fn log_to_stderr(cli: &Cli) {
    let level = match (cli.verbose, &cli.command) {
        (0, Command::Sandbox(_)) => Level::INFO,
        (0, _) => Level::WARN,
        (1, _) => Level::DEBUG,
        _ => Level::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
