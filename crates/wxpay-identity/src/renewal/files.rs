//! An identity in files that are replaced.

mod error;
mod snapshot;

use std::{
    fmt,
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    time::Duration,
};

use tokio::{task::spawn_blocking, time::Instant};
use tracing::{
    Dispatch, Span,
    dispatcher::{get_default, with_default},
    info, warn,
};
use zeroize::Zeroizing;

use super::IdentitySource;
use crate::{Identity, IdentityError};
use snapshot::{Snapshot, Stamp};

pub use error::IdentityFilesError;

/// How often the files are looked at, at most, unless said otherwise.
const INTERVAL: Duration = Duration::from_secs(5);

/// An identity in files, read again when they are replaced.
///
/// Before an attempt, at most once in [an interval](Self::poll_interval), it looks at the files' time of
/// modification and length. When these have changed, it reads them and takes the new identity if it
/// is whole: if certificate and key fit each other, and no file changed while they were read.
/// Otherwise, as in the middle of a replacement, the old identity holds, `tracing` gets one warning
/// for the change, and the next look tries again.
///
/// Looking and reading happen on a thread that may block. While no call is made, nothing is done.
/// Clones share the identity, and count as one for the interval.
///
/// ```no_run
/// use wxpay_identity::{IdentityFiles, IdentitySource};
///
/// # async fn example() -> Result<(), wxpay_identity::IdentityFilesError> {
/// let files = IdentityFiles::pem("apiclient_cert.pem", "apiclient_key.pem")?;
/// files.refresh().await; // before each new connection
/// let identity = files.current();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct IdentityFiles {
    watched: Arc<Watched>,
    interval: Duration,
}

impl IdentityFiles {
    /// Reads and watches a PEM certificate chain and its PEM key, or twice the one file that holds
    /// both, as [`Identity::from_pem`] takes them.
    ///
    /// It reads the files before it returns: call it where a thread may block.
    ///
    /// # Errors
    ///
    /// [`IdentityFilesError`] when the files cannot be read, or do not hold an identity.
    ///
    /// ```
    /// use wxpay_identity::{IdentityFiles, IdentitySource};
    ///
    /// # let made = rcgen::generate_simple_self_signed(["a client".to_owned()])?;
    /// # let folder = tempfile::tempdir()?;
    /// # let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    /// # std::fs::write(&cert, made.cert.pem())?;
    /// # std::fs::write(&key, made.signing_key.serialize_pem())?;
    /// let files = IdentityFiles::pem(&cert, &key)?;
    /// println!("{} at present", files.current().serial_number());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pem(
        certificates: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, IdentityFilesError> {
        Self::new([certificates.into(), key.into()], |[certificates, key]| {
            Identity::from_pem(certificates, key)
        })
    }

    /// Reads and watches files of another form: `load` makes the identity of their contents, given
    /// in the order of the paths, and is called again when they have changed.
    ///
    /// It reads the files before it returns: call it where a thread may block. Only regular files can
    /// be watched, each of at most 1 MiB.
    ///
    /// # Errors
    ///
    /// [`IdentityFilesError`] when the files cannot be read, or `load` refuses them.
    ///
    /// ```no_run
    /// use wxpay_identity::{Identity, IdentityFiles};
    ///
    /// // One file with certificate and key.
    /// let files = IdentityFiles::new(["client.pem"], |[pem]| Identity::from_pem(pem, pem))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new<P, const N: usize>(
        paths: [P; N],
        load: impl Fn([&[u8]; N]) -> Result<Identity, IdentityError> + Send + Sync + 'static,
    ) -> Result<Self, IdentityFilesError>
    where
        P: Into<PathBuf>,
    {
        let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
        let load = move |contents: &[Zeroizing<Vec<u8>>]| {
            // There are as many contents as paths.
            load(std::array::from_fn(|at| {
                contents.get(at).map_or(&[][..], |it| it.as_slice())
            }))
        };
        Ok(Self {
            watched: Arc::new(Watched::new(paths, Box::new(load))?),
            interval: INTERVAL,
        })
    }

    /// Looks at the files at most once in this time; 5 s unless said otherwise.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wxpay_identity::IdentityFiles;
    ///
    /// # let made = rcgen::generate_simple_self_signed(["a client".to_owned()])?;
    /// # let folder = tempfile::tempdir()?;
    /// # let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    /// # std::fs::write(&cert, made.cert.pem())?;
    /// # std::fs::write(&key, made.signing_key.serialize_pem())?;
    /// // They are replaced once a year, days before it matters.
    /// let files = IdentityFiles::pem(&cert, &key)?.poll_interval(Duration::from_secs(600));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }
}

impl IdentitySource for IdentityFiles {
    fn current(&self) -> Identity {
        lock(&self.watched.identity).clone()
    }

    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            if self.watched.is_due(self.interval) {
                let watched = Arc::clone(&self.watched);
                // What it says belongs to the call that it is done for, on whatever thread.
                let (subscriber, span) = (get_default(Dispatch::clone), Span::current());
                let look = move || with_default(&subscriber, || span.in_scope(|| watched.look()));
                // The look goes on when the call that waits for it is dropped. It can end otherwise
                // only when the caller's `load` panics, and then the old identity holds.
                let _ = spawn_blocking(look).await;
            }
        })
    }
}

struct Watched {
    paths: Vec<PathBuf>,
    load: Box<Load>,
    identity: Mutex<Identity>,
    last_look: Mutex<Instant>,
    /// Locked during a look, so that there is one at a time, however slow the files are.
    memory: Mutex<Memory>,
}

type Load = dyn Fn(&[Zeroizing<Vec<u8>>]) -> Result<Identity, IdentityError> + Send + Sync;

struct Memory {
    /// The files as they were when the identity was taken from them.
    taken: Vec<Stamp>,
    /// The files of which has been said that they cannot be used.
    refused: Option<Vec<Stamp>>,
}

impl Watched {
    fn new(paths: Vec<PathBuf>, load: Box<Load>) -> Result<Self, IdentityFilesError> {
        let last_look = Mutex::new(Instant::now());
        let (identity, taken) = Snapshot::read(&paths)?.load(&paths, &*load)?;
        Ok(Self {
            paths,
            load,
            identity: Mutex::new(identity),
            last_look,
            memory: Mutex::new(Memory {
                taken,
                refused: None,
            }),
        })
    }

    /// Whether it is time for a look; to whom this says so, that one looks.
    fn is_due(&self, interval: Duration) -> bool {
        let mut last_look = lock(&self.last_look);
        let is_due = last_look.elapsed() >= interval;
        if is_due {
            *last_look = Instant::now();
        }
        is_due
    }

    fn look(&self) {
        let mut memory = match self.memory.try_lock() {
            Ok(memory) => memory,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let stamps = snapshot::stamps(&self.paths);
        if stamps.as_ref().is_ok_and(|stamps| *stamps == memory.taken) {
            return;
        }
        let read = Snapshot::read(&self.paths);
        match read.and_then(|snapshot| snapshot.load(&self.paths, &*self.load)) {
            Ok((identity, taken)) => {
                *lock(&self.identity) = identity;
                memory.taken = taken;
                memory.refused = None;
                info!(files = ?self.paths, "identity renewed");
            }
            Err(error) => {
                let stamps = stamps.unwrap_or_default();
                if memory.refused.as_ref() != Some(&stamps) {
                    memory.refused = Some(stamps);
                    let error: &dyn std::error::Error = &error;
                    warn!(
                        error,
                        "identity files changed and cannot be used, the old identity holds"
                    );
                }
            }
        }
    }
}

/// What is behind these locks is whole at any time, even if a panic has passed by.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("paths", &self.paths)
            .field("identity", &*lock(&self.identity))
            .finish_non_exhaustive()
    }
}
