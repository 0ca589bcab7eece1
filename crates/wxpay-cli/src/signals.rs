//! Signals that ask the program to stop.

use std::{
    io, process,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

#[cfg(unix)]
pub(crate) use rustix::process::Signal;
use tokio::{runtime, sync::watch, time::timeout};

use crate::terminal;

/// Time for a clean end after the first signal. Then the program exits, even if a thread is
/// blocked.
const GRACE: Duration = Duration::from_secs(3);

/// Listens for Ctrl-C, and on Unix for SIGTERM and SIGHUP, even if they were ignored before. Its
/// own thread ends the program at the second signal, or [`GRACE`] after the first, even if the
/// runtime is blocked.
pub(crate) struct Stop(watch::Receiver<Option<Signal>>);

/// Whether only a second signal forces the end.
static WAITS: AtomicBool = AtomicBool::new(false);

impl Stop {
    pub(crate) fn listen() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let entered = runtime.enter();
        let mut signals = Signals::listen()?;
        drop(entered);
        let (ask, asked) = watch::channel(None);
        thread::spawn(move || {
            runtime.block_on(async {
                let _ = ask.send(Some(signals.next().await));
                let waits = WAITS.load(Ordering::Relaxed);
                let grace = if waits { Duration::MAX } else { GRACE };
                let _ = timeout(grace, signals.next()).await;
            });
            process::exit(i32::from(terminal::FAILED));
        });
        Ok(Self(asked))
    }

    /// Waits until the program is asked to stop, also by a signal before this call.
    pub(crate) async fn asked(&mut self) -> Signal {
        let asked = self.0.wait_for(Option::is_some).await;
        // Without its thread, which has panicked, the program could not be stopped any more.
        asked.ok().and_then(|it| *it).unwrap_or(Signal::TERM)
    }

    /// Waits without a bound from now on: only a second signal forces the end.
    pub(crate) fn wait_without_bound(&self) {
        WAITS.store(true, Ordering::Relaxed);
    }
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) -> Signal {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => Signal::INT,
            _ = terminate.recv() => Signal::TERM,
            _ = hangup.recv() => Signal::HUP,
        }
    }
}

/// Ctrl-C.
#[cfg(windows)]
#[derive(Clone, Copy)]
pub(crate) struct Signal;

#[cfg(windows)]
impl Signal {
    const TERM: Self = Self;
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    async fn next(&mut self) -> Signal {
        let _ = self.0.recv().await;
        Signal
    }
}
