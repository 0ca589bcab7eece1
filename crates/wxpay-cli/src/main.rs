//! The program `wxpay`: parses arguments, calls the crates, prints for people or as JSON.
//!
//! Exit status: 0 done, 1 something failed (an upload, a verification), 2 wrong usage or
//! configuration.

mod args;
mod completions;
mod config;
mod doctor;
mod man;
mod sandbox;
mod settings;
mod sign;
mod signals;
mod terminal;
mod upload;
mod verify;

use std::{env, ffi::OsString, process::ExitCode};

use anyhow::Context;
use tokio::runtime;
use tracing::Level;

use args::{Cli, Command};
use terminal::OutputLost;

/// Something was asked for and failed.
const FAILED: u8 = 1;
/// Nothing could be asked for: wrong usage or configuration.
const MISCONFIGURED: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    let done = args::refuse_ambiguous(&arguments).and_then(|()| match args::parse(arguments) {
        Ok(cli) => run(cli),
        Err(code) => Ok(code),
    });
    let error = match done {
        Ok(code) => return code,
        Err(error) => error,
    };
    let lost = error.downcast_ref::<OutputLost>();
    if !lost.is_some_and(OutputLost::reader_has_gone) {
        terminal::complain(&format!("error: {error:#}"));
    }
    ExitCode::from(if lost.is_some() {
        FAILED
    } else {
        MISCONFIGURED
    })
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    log_to_stderr(&cli);
    // To start workers takes as long as a tenth of an upload, which waits for the network anyway and
    // hashes on threads of its own. A sandbox serves many at a time.
    let runtime = match cli.command {
        Command::Sandbox(_) => runtime::Builder::new_multi_thread(),
        _ => runtime::Builder::new_current_thread(),
    }
    .enable_all()
    .build()
    .context("cannot start the runtime")?;
    let done = match cli.command {
        Command::Upload(args) => runtime.block_on(upload::run(*args)),
        Command::Doctor(args) => runtime.block_on(doctor::run(&args)),
        Command::Sandbox(args) => runtime.block_on(sandbox::run(args)),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    // Not dropped, which waits for whatever still blocks: a read of stdin, a look-up of a name.
    runtime.shutdown_background();
    done
}

/// The sandbox says what it is asked even without `-v`: that is what it is for. But not between lines
/// of JSON.
fn log_to_stderr(cli: &Cli) {
    let level = match (cli.verbose, &cli.command) {
        (0, Command::Sandbox(args)) if !args.json => Level::INFO,
        (0, _) => Level::WARN,
        (1, _) => Level::DEBUG,
        _ => Level::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| terminal::Log)
        // A log line that cannot be written is lost; to complain of it would panic.
        .log_internal_errors(false)
        .with_ansi(false)
        .init();
}
