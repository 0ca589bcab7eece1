//! A command that runs while the sandbox is up.

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    process::{Child, Command, ExitCode, ExitStatus},
    thread,
};

use anyhow::Context;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::signals::{Signal, Stop};

/// Runs it to its end with these variables, passes signals on to it, and returns its exit status.
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
        .with_context(|| format!("cannot run {}", program.display()))?;
    // How long it takes to end is its own decision.
    stop.wait_without_bound();
    let pass_on = PassOn::to(&child);
    let (end, mut ended) = oneshot::channel();
    thread::spawn(move || end.send(child.wait()));
    let status = tokio::select! {
        status = &mut ended => status,
        signal = stop.asked() => {
            pass_on.send(signal);
            ended.await
        }
    };
    let status = status.context("nobody waits for the command")??;
    Ok(exit_code(status))
}

/// As a shell has it: 128 and the signal's number, where a signal has ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    #[cfg(unix)]
    let code = code.or_else(|| {
        let signal = std::os::unix::process::ExitStatusExt::signal(&status)?;
        u8::try_from(128 + signal).ok()
    });
    ExitCode::from(code.unwrap_or(crate::FAILED))
}

/// To whom a signal is passed on.
struct PassOn {
    #[cfg(unix)]
    process: rustix::process::Pid,
}

#[cfg(unix)]
impl PassOn {
    fn to(child: &Child) -> Self {
        Self {
            process: rustix::process::Pid::from_child(child),
        }
    }

    fn send(&self, signal: Signal) {
        let signal = match signal {
            // A terminal has sent Ctrl-C to the command, too.
            Signal::Interrupt if io::stdin().is_terminal() => return,
            Signal::Interrupt => rustix::process::Signal::INT,
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Hangup => rustix::process::Signal::HUP,
        };
        let _ = rustix::process::kill_process(self.process, signal);
    }
}

#[cfg(windows)]
impl PassOn {
    fn to(_child: &Child) -> Self {
        Self {}
    }

    /// The console has sent Ctrl-C to the command, too.
    fn send(&self, _signal: Signal) {}
}
