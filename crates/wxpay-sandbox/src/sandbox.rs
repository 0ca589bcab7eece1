//! The running sandbox.

mod builder;

use std::{
    convert::Infallible,
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use tokio::{runtime, sync::oneshot};

use crate::{
    Credentials,
    fault::{ActiveFault, Fault, Faults},
    history::{History, Watch},
    record::RecordedRequest,
};

pub use builder::{SandboxBuilder, StartError};

/// A gateway that runs in this process, on a port of its own, until it is dropped.
///
/// It serves on a thread of its own with a runtime of its own. So a test may call it with a client
/// that blocks, may pause the time of its own runtime, and need not have one after the start.
///
/// ```
/// use wxpay_sandbox::Sandbox;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = Sandbox::builder().start().await?;
/// assert!(sandbox.origin().starts_with("https://127.0.0.1:"));
/// assert_eq!(sandbox.credentials().mch_id(), "1900000109");
///
/// let id = sandbox.inject("system-error,next=1".parse()?);
/// let fault = &sandbox.faults()[0];
/// assert_eq!((fault.id(), fault.hits(), fault.is_exhausted()), (id, 0, false));
/// // … the client under test uploads …
/// for request in sandbox.requests() {
///     assert_eq!(request.file_name.as_deref(), Some("shop.jpg"));
///     assert!(request.outcome.as_ref().is_some_and(|outcome| outcome.is_accepted()));
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a sandbox stops when it is dropped"]
pub struct Sandbox {
    addr: SocketAddr,
    inspector: Option<SocketAddr>,
    credentials: Credentials,
    faults: Faults,
    history: History,
    server: ServerThread,
}

impl Sandbox {
    /// A builder: by default for 127.0.0.1, a free port, new credentials.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// The address that it listens on, with the port that it got.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The origin for a client on this machine, as `https://127.0.0.1:42187`: the loopback address where
    /// it listens on every one (0.0.0.0, ::).
    #[must_use]
    pub fn origin(&self) -> String {
        origin(self.addr)
    }

    /// The address of the [inspector](SandboxBuilder::inspector), with the port that it got.
    #[must_use]
    pub fn inspector_addr(&self) -> Option<SocketAddr> {
        self.inspector
    }

    /// The settings that a client needs to be accepted.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Injects a fault, which calls meet from now on. Returns its number, by which it can be
    /// [removed](Self::remove).
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn inject(&self, fault: Fault) -> u64 {
        self.faults.inject(fault)
    }

    /// Removes a fault; returns whether there was one of this number.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn remove(&self, id: u64) -> bool {
        self.faults.remove(id)
    }

    /// Removes all faults.
    pub fn remove_all(&self) {
        self.faults.remove_all();
    }

    /// The faults in the order of injection, with their hits; also the last hundred of those that are
    /// [exhausted](ActiveFault::is_exhausted).
    #[must_use]
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.faults.all()
    }

    /// The last 200 calls, the oldest first. A call is here before its response is sent.
    ///
    /// This waits until they are explained, for some milliseconds.
    #[must_use]
    pub fn requests(&self) -> Vec<Arc<RecordedRequest>> {
        self.history.settle_blocking();
        self.history.calls()
    }

    /// The bytes of the field `media` of a call, by the call's number.
    ///
    /// Of a file that is over 2 MiB, none are kept; of all files 32 MiB, the latest.
    #[must_use]
    pub fn media(&self, number: u64) -> Option<Bytes> {
        self.history.settle_blocking();
        self.history.picture(number)
    }

    /// A stream of calls, from now on.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.history.watch()
    }

    /// Stops it and waits until that is done: the port is free, and every connection is closed.
    ///
    /// Calls that are under way are cut off. Dropping the sandbox does the same, and blocks the thread
    /// meanwhile, for some milliseconds.
    pub async fn shutdown(self) {
        self.server.stop().await;
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("addr", &self.addr)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// As `https://127.0.0.1:42187`, for a client on this machine.
fn origin(mut addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("https://{addr}")
}

/// A thread with a runtime and a server in it. Dropping this ends the server and waits for the thread,
/// so that afterwards the port is free.
///
/// The caller's runtime would not do: a task that is aborted ends some time later, a client that
/// blocks would keep the server from answering, and paused time would run out all its deadlines.
#[derive(Debug)]
struct ServerThread {
    /// Dropped, it stops the server.
    stop: Option<oneshot::Sender<Infallible>>,
    /// Its other half is dropped when the runtime is gone.
    ended: oneshot::Receiver<Infallible>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ServerThread {
    /// Runs `open` on a new thread, then the server that it opens. The rest of its result is handed back.
    async fn start<T, S, F>(
        open: impl FnOnce() -> F + Send + 'static,
    ) -> Result<(Self, T), StartError>
    where
        F: Future<Output = Result<(S, T), StartError>>,
        S: Future<Output = Infallible>,
        T: Send + 'static,
    {
        let (report, opened) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel::<Infallible>();
        let run = move || {
            let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(report.send(Err(StartError::Thread(error)))),
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
            .map_err(StartError::Thread)?;
        let server = Self {
            stop: Some(stop),
            ended,
            thread: Some(thread),
        };
        let panicked = |_| StartError::Thread(io::Error::other("the thread has panicked"));
        Ok((server, opened.await.map_err(panicked)??))
    }

    /// Drops this without blocking.
    async fn stop(mut self) {
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

#[test]
fn every_address_is_reached_by_the_loopback() {
    for (listening, reached) in [
        ("0.0.0.0:1", "https://127.0.0.1:1"),
        ("[::]:1", "https://[::1]:1"),
        ("127.0.0.2:1", "https://127.0.0.2:1"),
    ] {
        assert_eq!(origin(listening.parse().unwrap()), reached);
    }
}
