//! Identities that are renewed while the program runs.

use std::{
    array, fmt,
    fs::{self, File},
    future::ready,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
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

use crate::{Identity, IdentityError};

/// Certificates are replaced days before they expire, but an operator who tries it should not wait
/// long.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Upper bound of a file's length in bytes; identities have a few KB.
const MAX_LENGTH: u64 = 1024 * 1024;

/// A source of an identity that may be renewed: [`IdentityFiles`] watches files, the caller changes
/// an [`IdentityHandle`], an [`Identity`] never changes, and other sources can implement it.
/// Clients compare identities by [`Identity::ptr_eq`].
pub trait IdentitySource: fmt::Debug + Send + Sync + 'static {
    /// The current identity. It is called under a lock, so it must return at once, without I/O.
    fn current(&self) -> Identity;

    /// Looks for a newer identity; a client awaits it before each attempt.
    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(ready(()))
    }
}

impl IdentitySource for Identity {
    fn current(&self) -> Identity {
        self.clone()
    }
}

/// An identity that the caller changes: keep a clone, and [`set`](Self::set) the new identity.
///
/// ```
/// use wxpay_identity::{Identity, IdentityHandle, IdentitySource};
///
/// fn renew(handle: &IdentityHandle, new: Identity) {
///     handle.set(new.clone());
///     assert!(handle.current().ptr_eq(&new));
/// }
/// ```
#[derive(Debug, Clone)]
pub struct IdentityHandle(Arc<Mutex<Identity>>);

impl IdentityHandle {
    /// A handle with its first identity.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self(Arc::new(Mutex::new(identity)))
    }

    /// Replaces the identity in all clones.
    pub fn set(&self, identity: Identity) {
        *lock(&self.0) = identity;
    }
}

impl IdentitySource for IdentityHandle {
    fn current(&self) -> Identity {
        lock(&self.0).clone()
    }
}

/// An identity in files, which are read again when they are replaced.
///
/// [`refresh`](IdentitySource::refresh) reads the files on a blocking thread of tokio. If they have
/// changed, contain a valid identity, and do not change meanwhile, that is the new identity.
/// Otherwise, as in the middle of a replacement, the old identity stays, `tracing` gets one warning
/// for the change, and the next refresh tries again. Clones share the identity.
///
/// ```no_run
/// use wxpay_identity::{IdentityFiles, IdentitySource};
///
/// let files = IdentityFiles::pem("apiclient_cert.pem", "apiclient_key.pem")?;
/// println!("{} at present", files.current().serial_number());
/// # Ok::<(), wxpay_identity::IdentityFilesError>(())
/// ```
#[derive(Clone)]
pub struct IdentityFiles(Arc<Shared>, Duration);

impl IdentityFiles {
    /// Reads and watches a PEM certificate chain and its PEM key, as [`Identity::from_pem`] takes
    /// them.
    ///
    /// # Errors
    ///
    /// [`IdentityFilesError`] when the files cannot be read, or contain no valid identity.
    pub fn pem(
        certificates: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, IdentityFilesError> {
        Self::new([certificates.into(), key.into()], |[certificates, key]| {
            Identity::from_pem(certificates, key)
        })
    }

    /// Reads and watches files of any format: `load` makes an identity of their contents, in the
    /// order of the paths, now and when they have changed. They must be regular files of at most 1
    /// MiB each.
    ///
    /// # Errors
    ///
    /// [`IdentityFilesError`] when the files cannot be read, or `load` fails.
    ///
    /// ```no_run
    /// use wxpay_identity::{Identity, IdentityFiles};
    ///
    /// let files = IdentityFiles::new(["apiclient_cert.p12"], |[file]| {
    ///     Identity::from_pkcs12(file, "1900000109")
    /// })?;
    /// # Ok::<(), wxpay_identity::IdentityFilesError>(())
    /// ```
    pub fn new<P: Into<PathBuf>, const N: usize>(
        paths: [P; N],
        load: impl Fn([&[u8]; N]) -> Result<Identity, IdentityError> + Send + Sync + 'static,
    ) -> Result<Self, IdentityFilesError> {
        let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
        let load = move |contents: &Contents| load(array::from_fn(|at| contents[at].as_slice()));
        let last_poll = Mutex::new(Instant::now());
        let contents = read(&paths)?;
        let shared = Arc::new(Shared {
            identity: IdentityHandle::new(identity_in(&contents, &paths, &load)?),
            paths,
            load: Box::new(load),
            last_poll,
            seen: Mutex::new((contents, None)),
        });
        Ok(Self(shared, POLL_INTERVAL))
    }

    /// The least time between two reads of the files; 5 s unless set.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.1 = interval;
        self
    }
}

impl IdentitySource for IdentityFiles {
    fn current(&self) -> Identity {
        self.0.identity.current()
    }

    fn refresh(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            {
                let mut last_poll = lock(&self.0.last_poll);
                if last_poll.elapsed() < self.1 {
                    return;
                }
                *last_poll = Instant::now();
            }
            let shared = Arc::clone(&self.0);
            // The log lines belong to the span and the subscriber of the caller.
            let (subscriber, span) = (get_default(Dispatch::clone), Span::current());
            let poll = move || with_default(&subscriber, || span.in_scope(|| shared.poll()));
            // It fails only when the caller's `load` panics; then the old identity stays.
            let _ = spawn_blocking(poll).await;
        })
    }
}

type Contents = Vec<Zeroizing<Vec<u8>>>;
type Load = dyn Fn(&Contents) -> Result<Identity, IdentityError> + Send + Sync;

struct Shared {
    paths: Vec<PathBuf>,
    load: Box<Load>,
    identity: IdentityHandle,
    last_poll: Mutex<Instant>,
    /// The contents of the current identity, and those of the last warning. Locked while the files
    /// are read, so that one thread at a time reads them.
    seen: Mutex<(Contents, Option<Contents>)>,
}

impl Shared {
    fn poll(&self) {
        let mut seen = match self.seen.try_lock() {
            Ok(seen) => seen,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let (identity, found) = match read(&self.paths) {
            Ok(found) if found == seen.0 => return,
            Ok(found) => (identity_in(&found, &self.paths, &*self.load), found),
            Err(error) => (Err(error), Contents::new()),
        };
        let Err(error) = identity.map(|identity| self.identity.set(identity)) else {
            *seen = (found, None);
            return info!(files = ?self.paths, "identity renewed");
        };
        let refused = seen.1.replace(found);
        if seen.1 != refused {
            let error: &dyn std::error::Error = &error;
            warn!(
                error,
                "identity files changed and cannot be used, the old identity holds"
            );
        }
    }
}

impl fmt::Debug for IdentityFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (paths, identity) = (&self.0.paths, &self.0.identity);
        write!(f, "IdentityFiles({paths:?}, {identity:?})")
    }
}

/// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The identity in the contents of these files, unless the files have changed meanwhile.
fn identity_in(
    contents: &Contents,
    paths: &[PathBuf],
    load: &Load,
) -> Result<Identity, IdentityFilesError> {
    let identity = load(contents);
    if !read(paths).is_ok_and(|now| now == *contents) {
        return Err(IdentityFilesError::Changing);
    }
    let paths = paths.to_vec();
    identity.map_err(|source| IdentityFilesError::Identity { paths, source })
}

fn read(paths: &[PathBuf]) -> Result<Contents, IdentityFilesError> {
    let content = |path: &PathBuf| {
        let path = path.clone();
        read_file(&path).map_err(|source| IdentityFilesError::Read { path, source })
    };
    paths.iter().map(content).collect()
}

fn read_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let metadata = fs::metadata(path)?;
    // Opening a pipe could block forever.
    if !metadata.is_file() {
        let reason = "it is not a regular file";
        return Err(io::Error::new(ErrorKind::InvalidInput, reason));
    }
    if metadata.len() > MAX_LENGTH {
        let reason = "it is longer than 1 MiB, so probably no identity";
        return Err(io::Error::new(ErrorKind::FileTooLarge, reason));
    }
    // The final capacity at once: a vector that grows leaves copies that are not zeroized.
    let length = metadata.len() + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(length as usize));
    File::open(path)?.take(length).read_to_end(&mut content)?;
    Ok(content)
}

/// The reason why files give no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityFilesError {
    /// A file cannot be read, is not a regular file, or is too long; see the source.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The files are being replaced: try again in a moment.
    #[error("a file of the identity changed while it was read: try again")]
    Changing,
    /// The files contain no valid identity; see the source.
    #[error(
        "no identity can be made of {}",
        paths.iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(" and ")
    )]
    Identity {
        /// All files of the identity.
        paths: Vec<PathBuf>,
        /// The reason.
        source: IdentityError,
    },
}
