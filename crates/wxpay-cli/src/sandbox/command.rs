//! A command that runs while the sandbox is up.

use std::{
    ffi::OsString,
    process::{Command, ExitCode, ExitStatus},
    thread,
};

use anyhow::Context;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::{
    signals::{Signal, Stop},
    terminal,
};

/// Runs it to its end with these variables, passes the first signal on to it, and returns its exit status.
pub(super) async fn run(
    command: &[OsString],
    variables: &[(&str, Zeroizing<String>)],
    stop: &mut Stop,
) -> anyhow::Result<ExitCode> {
    let (program, arguments) = command.split_first().context("there is no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value.as_str())))
        .spawn()
        .with_context(|| format!("cannot run {program:?}"))?;
    // The command decides how long it takes to end.
    stop.wait_without_bound();
    let process = child.id();
    let (end, mut ended) = oneshot::channel();
    thread::spawn(move || end.send(child.wait()));
    let status = tokio::select! {
        status = &mut ended => status,
        signal = stop.asked() => {
            pass_on(signal, process);
            ended.await
        }
    };
    Ok(exit_code(status.context("nobody waits for the command")??))
}

#[cfg(unix)]
fn pass_on(signal: Signal, process: u32) {
    use std::io::{self, IsTerminal};

    use rustix::process::{Pid, Signal as Number, kill_process};

    let number = match signal {
        // A terminal has sent Ctrl-C to the command, too.
        Signal::Interrupt if io::stdin().is_terminal() => return,
        Signal::Interrupt => Number::INT,
        Signal::Terminate => Number::TERM,
        Signal::Hangup => Number::HUP,
    };
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        let _ = kill_process(process, number);
    }
}

/// The console has sent Ctrl-C to the command, too.
#[cfg(windows)]
fn pass_on(_signal: Signal, _process: u32) {}

/// As a shell has it: 128 and the signal's number, where a signal has ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code();
    #[cfg(unix)]
    let code = code.or_else(|| Some(128 + std::os::unix::process::ExitStatusExt::signal(&status)?));
    let code = code.and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(terminal::FAILED))
}
