//! A thread of its own for a server.

use std::{convert::Infallible, io, thread};

use tokio::{runtime, sync::oneshot};

/// A thread with a runtime and a server in it. Dropping this ends the server and waits for the thread,
/// so that afterwards the port is free.
///
/// The caller's runtime would not do: a task that is aborted ends some time later, a client that
/// blocks would keep the server from answering, and paused time would run out all its deadlines.
#[derive(Debug)]
pub(super) struct ServerThread {
    /// Dropped, it stops the server.
    stop: Option<oneshot::Sender<Infallible>>,
    /// Its other half is dropped when the runtime is gone.
    ended: oneshot::Receiver<Infallible>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ServerThread {
    /// Runs `open` on a new thread, then the server that it opens. The rest of its result is handed back.
    pub(super) async fn start<T, E, S, F>(
        failed: fn(io::Error) -> E,
        open: impl FnOnce() -> F + Send + 'static,
    ) -> Result<(Self, T), E>
    where
        F: Future<Output = Result<(S, T), E>>,
        S: Future<Output = Infallible>,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (report, opened) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel::<Infallible>();
        let run = move || {
            let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(report.send(Err(failed(error)))),
            };
            runtime.block_on(async {
                match open().await {
                    Ok((server, rest)) => {
                        // Fails when the start was given up meanwhile; then `stopped` says so too.
                        let _given_up = report.send(Ok(rest));
                        tokio::select! {
                            never = server => match never {},
                            _ = stopped => {}
                        }
                    }
                    Err(error) => drop(report.send(Err(error))),
                }
            });
        };
        // The events go where those of the starting thread go.
        let subscriber = tracing::dispatcher::get_default(Clone::clone);
        let thread = thread::Builder::new()
            .name("wxpay-sandbox".to_owned())
            .spawn(move || {
                tracing::dispatcher::with_default(&subscriber, run);
                drop(end);
            })
            .map_err(failed)?;
        let server = Self {
            stop: Some(stop),
            ended,
            thread: Some(thread),
        };
        let panicked = |_| failed(io::Error::other("the thread has panicked"));
        Ok((server, opened.await.map_err(panicked)??))
    }

    /// Drops this without blocking.
    pub(super) async fn stop(mut self) {
        self.stop = None;
        // Nothing is ever sent: a dropped sender ends this.
        let _ended = (&mut self.ended).await;
    }
}

impl Drop for ServerThread {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic has been reported on the thread; there is nothing to add.
            let _panicked = thread.join();
        }
    }
}
