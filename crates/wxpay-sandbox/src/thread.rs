//! Threads that end with their owner.

use std::{convert::Infallible, io, thread};

use tokio::{runtime, sync::oneshot};

/// A thread that is joined on drop. Its owner asks it to end before that.
#[derive(Debug)]
pub(crate) struct JoinOnDrop(Option<thread::JoinHandle<()>>);

impl JoinOnDrop {
    pub(crate) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self(Some(thread)))
    }
}

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        // A panic has been reported on the thread itself.
        let _panicked = self.0.take().map(thread::JoinHandle::join);
    }
}

/// A server and its runtime on a thread of their own. Dropping this stops the server and joins the
/// thread, so the port is free afterwards.
///
/// The caller's runtime is not used: it may be blocked by the client, or its time may be paused.
#[derive(Debug)]
pub(crate) struct ServerThread {
    /// The server stops when this is dropped. Fields are dropped in order, so `thread` comes later.
    stop: oneshot::Sender<Infallible>,
    /// Its sender is dropped after the runtime.
    ended: oneshot::Receiver<Infallible>,
    thread: JoinOnDrop,
}

impl ServerThread {
    /// Runs `open` on a new thread, then the server that it opens. Returns the rest of its result.
    pub(crate) async fn start<S, T, E>(
        failed: fn(io::Error) -> E,
        open: impl Future<Output = Result<(S, T), E>> + Send + 'static,
    ) -> Result<(Self, T), E>
    where
        S: Future<Output = Infallible>,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (report, opened) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let run = move || match runtime::Builder::new_current_thread().enable_all().build() {
            Err(error) => drop(report.send(Err(failed(error)))),
            Ok(runtime) => runtime.block_on(async {
                match open.await {
                    Err(error) => drop(report.send(Err(error))),
                    Ok((server, rest)) => {
                        // Fails if the caller no longer waits; then `stopped` is closed, too.
                        let _abandoned = report.send(Ok(rest));
                        tokio::select! {
                            never = server => match never {},
                            _ = stopped => {}
                        }
                    }
                }
            }),
        };
        // The server logs to the subscriber of the thread that starts it.
        let subscriber = tracing::dispatcher::get_default(Clone::clone);
        let thread = JoinOnDrop::spawn("wxpay-sandbox", move || {
            tracing::dispatcher::with_default(&subscriber, run);
            drop::<oneshot::Sender<_>>(end);
        });
        let thread = thread.map_err(failed)?;
        // Before the wait, so that an abandoned start stops the server before it joins the thread.
        let server = Self {
            stop,
            ended,
            thread,
        };
        let panicked = |_| failed(io::Error::other("the thread has panicked"));
        Ok((server, opened.await.map_err(panicked)??))
    }

    /// Stops the server without blocking the caller's thread.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        // Nothing is ever sent: this waits for the end of the runtime.
        let _closed = self.ended.await;
        drop(self.thread);
    }
}
