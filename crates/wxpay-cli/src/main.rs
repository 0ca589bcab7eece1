//! The program `wxpay`: parses arguments, calls the crates, prints for people or as JSON.

mod args;
mod doctor;
mod ledger;
mod sandbox;
mod serve;
mod settings;
mod sign;
mod signals;
mod terminal;
mod upload;
mod values;
mod verify;

use std::{env, ffi::OsString, io, path::Path, process::ExitCode};

use anyhow::{Context, bail};
use clap::{
    CommandFactory, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use tokio::runtime;
use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use args::{Cli, Command};
use terminal::{FAILED, MISCONFIGURED, OutputLost};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    let done = refuse_ambiguous(&arguments).and_then(|()| match Cli::try_parse_from(arguments) {
        Ok(cli) => run(cli),
        Err(error) => print_usage_error(error),
    });
    let code = done.unwrap_or_else(|error| {
        let lost = error.downcast_ref::<OutputLost>();
        // A broken pipe is no error: the reader, such as `head`, has read enough.
        if lost.is_none_or(|lost| lost.0.kind() != io::ErrorKind::BrokenPipe) {
            terminal::warn(&format!("error: {error:#}"));
        }
        ExitCode::from(lost.map_or(MISCONFIGURED, |_| FAILED))
    });
    terminal::flush();
    code
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    log_to_stderr(&cli);
    // An upload waits for the network, and starting worker threads would delay it. A sandbox serves
    // many clients at once.
    let mut runtime = match cli.command {
        Command::Sandbox(_) => runtime::Builder::new_multi_thread(),
        _ => runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let done = match cli.command {
        Command::Upload(args) => runtime.block_on(upload::run(*args)),
        Command::Ledger(command) => ledger::run(command),
        Command::Doctor(args) => runtime.block_on(doctor::run(&args)),
        Command::Sandbox(args) => runtime.block_on(sandbox::run(args)),
        Command::Serve(args) => runtime.block_on(serve::run(*args)),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Completions { shell } => {
            // clap_complete panics when standard output cannot be written.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "wxpay", &mut script);
            terminal::print(String::from_utf8_lossy(&script).trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { dir } => clap_mangen::generate_to(Cli::command(), &dir)
            .with_context(|| format!("cannot write into {}", dir.display()))
            .map(|()| ExitCode::SUCCESS),
    };
    // Dropping the runtime would wait for blocking calls, such as a read of stdin.
    runtime.shutdown_background();
    done
}

/// Sets up the log. The sandbox logs each call even without `-v`, unless it prints JSON.
fn log_to_stderr(cli: &Cli) {
    let level = match (cli.verbose, &cli.command) {
        (0, Command::Sandbox(args)) if !args.json => Level::INFO,
        (0, _) => Level::WARN,
        (1, _) => Level::DEBUG,
        _ => Level::TRACE,
    };
    let mut targets = Targets::new().with_default(level);
    if let (0, Command::Upload(_)) = (cli.verbose, &cli.command) {
        // A refusal is printed with its file, so the library's own line would repeat it.
        targets = targets.with_target("wxpay_media", Level::ERROR);
    }
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| terminal::Log)
        // An error about a log line that cannot be written would panic.
        .log_internal_errors(false)
        .with_ansi(false)
        .finish()
        .with(targets)
        .init();
}

/// Refuses an option that is also the name of a file, as a shell puts it in place of `*`, and a key
/// as an argument.
fn refuse_ambiguous(arguments: &[OsString]) -> anyhow::Result<()> {
    let mut before = "an argument".to_owned();
    for argument in arguments.iter().skip(1).take_while(|it| *it != "--") {
        let text = argument.to_string_lossy();
        if text.trim_start().starts_with("-----BEGIN") {
            bail!("{before} holds a key or certificate itself; it wants the path of a file");
        }
        let is_option = text.len() > 1 && text.starts_with('-');
        if is_option && Path::new(argument).symlink_metadata().is_ok() {
            let name = terminal::one_line(&text);
            bail!(
                "{name} is an option, and also the name of a file in this folder: put `--` before \
                 files, or write ./{name}"
            );
        }
        if is_option_name(&text) {
            before = text.into_owned();
        }
    }
    Ok(())
}

fn is_option_name(text: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c == '-';
    text.len() <= 30 && text.starts_with('-') && text.chars().all(is_of_name)
}

/// Prints the help that was asked for, or the error of the command line without arguments that may
/// be secrets.
fn print_usage_error(mut error: clap::Error) -> anyhow::Result<ExitCode> {
    use ContextKind::{InvalidArg, InvalidSubcommand, InvalidValue};

    if !error.use_stderr() {
        terminal::print(error.render().to_string().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let is_unknown = error.kind() == ErrorKind::UnknownArgument;
    let argument = error.get(InvalidArg).map(ToString::to_string);
    let is_parameter = argument.is_some_and(|argument| argument.contains("NAME=VALUE"));
    for kind in [InvalidArg, InvalidSubcommand, InvalidValue] {
        let Some(ContextValue::String(typed)) = error.get(kind) else {
            continue;
        };
        let may_be_shown = match kind {
            InvalidArg => !is_unknown || is_option_name(typed),
            InvalidSubcommand => is_option_name(&format!("-{typed}")),
            _ => !is_parameter && !settings::may_hold_secret(typed),
        };
        let hidden = "(not shown, for it may be a secret)";
        let shown = terminal::one_line(if may_be_shown { typed } else { hidden });
        error.insert(kind, ContextValue::String(shown));
    }
    error.remove(ContextKind::Suggested);
    terminal::warn(error.render().to_string().trim_end());
    Ok(ExitCode::from(MISCONFIGURED))
}
