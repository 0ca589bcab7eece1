//! The merchants: one, or one for each file of a folder. Their files are polled for changes.

use std::{
    borrow::Cow,
    ffi::OsStr,
    fmt, fs,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    merchant::{Merchant, Settings},
    response::Refusal,
    store::{Store, lock},
};

/// The interval in which files are polled: a change is in use after two seconds at most.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Number of polls in a row after which a missing file counts as removed; before, it may be about
/// to be replaced.
const MISSING_POLLS: u8 = 2;

/// The settings of a merchant, as a function of the caller has read them.
#[derive(Debug)]
pub struct Loaded {
    /// The files that the settings depend on, whether they can be used or not. A change of one of
    /// them makes the agent read the settings again.
    pub files: Vec<WatchedFile>,
    /// The settings, or the reason why they cannot be used.
    pub settings: Result<Settings, String>,
}

/// A file and a hash of its content, taken before the settings are read from it. A new modification
/// time alone is no change: a new client would start with a new rate.
///
/// ```
/// let file = wxpay_agent::WatchedFile::new("/etc/wxpay/merchants/shop.toml");
/// ```
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    hash: u64,
}

impl WatchedFile {
    /// Hashes the file as it is now; it need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        // Reading a pipe would wait for its writer.
        let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
        let content = Zeroizing::new(is_file.then(|| fs::read(&path).ok()).flatten());
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&*content);
        Self { path, hash }
    }

    fn has_changed(&self) -> bool {
        Self::new(&self.path).hash != self.hash
    }
}

/// The merchants that an agent uploads for: a function that reads their settings, on a blocking
/// thread.
///
/// ```
/// use wxpay_agent::{Loaded, Merchants, WatchedFile};
///
/// let none = |file: &std::path::Path| Loaded {
///     files: vec![WatchedFile::new(file)],
///     settings: Err("new".into()),
/// };
/// let merchants = Merchants::folder("/etc/wxpay/merchants", none);
/// ```
pub struct Merchants {
    folder: Option<PathBuf>,
    load: Box<dyn Fn(&Path) -> Loaded + Send + Sync>,
}

impl Merchants {
    /// One merchant, whose settings must be valid at the start.
    #[must_use]
    pub fn one(load: impl Fn() -> Loaded + Send + Sync + 'static) -> Self {
        Self {
            folder: None,
            load: Box::new(move |_| load()),
        }
    }

    /// A merchant for each file `*.toml` of a folder. Files may be added, changed and removed.
    #[must_use]
    pub fn folder(
        path: impl Into<PathBuf>,
        load: impl Fn(&Path) -> Loaded + Send + Sync + 'static,
    ) -> Self {
        Self {
            folder: Some(path.into()),
            load: Box::new(load),
        }
    }
}

impl fmt::Debug for Merchants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Merchants").field(&self.folder).finish()
    }
}

/// The merchants as they are now.
#[derive(Debug)]
pub(crate) struct Registry {
    merchants: Merchants,
    all: Mutex<Arc<Vec<Registered>>>,
    store: Store,
    queue: usize,
}

/// A merchant with the files of its settings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registered {
    /// The file of the folder; empty for the one merchant without a folder.
    file: PathBuf,
    /// Number of polls in a row that have not found the file.
    missing: u8,
    /// The files that the settings depend on; `None` before the first reading.
    files: Option<Arc<Vec<WatchedFile>>>,
    /// `None` until the settings have been valid once.
    pub(crate) merchant: Option<Arc<Merchant>>,
    /// The reason why the present settings cannot be used; the merchant keeps the last valid ones.
    pub(crate) broken: Option<String>,
}

impl Registry {
    /// Reads all merchants. Blocks.
    pub(crate) fn open(merchants: Merchants, store: Store, queue: usize) -> io::Result<Self> {
        // This fails if the folder cannot be read; the poll reads its files.
        merchants.folder.as_deref().map(files).transpose()?;
        let is_one = merchants.folder.is_none();
        let all = Vec::from_iter(is_one.then(Registered::default));
        let registry = Self {
            merchants,
            all: Mutex::new(Arc::new(all)),
            store,
            queue,
        };
        registry.poll();
        match registry.all().first().and_then(|it| it.broken.clone()) {
            Some(broken) if is_one => Err(io::Error::other(broken)),
            _ => Ok(registry),
        }
    }

    pub(crate) fn all(&self) -> Arc<Vec<Registered>> {
        Arc::clone(&lock(&self.all))
    }

    /// Whether no upload is under way.
    pub(crate) fn is_idle(&self) -> bool {
        let all = self.all();
        let mut merchants = all.iter().filter_map(|it| it.merchant.as_ref());
        merchants.all(|merchant| merchant.is_idle())
    }

    /// Finds new, changed and removed files, and reads the settings again that depend on them.
    /// Blocks; only one call may run at a time.
    pub(crate) fn poll(&self) {
        let mut all = self.all().to_vec();
        // While the folder cannot be read, its merchants stay.
        if let Some(Ok(mut files)) = self.merchants.folder.as_deref().map(files) {
            for it in &mut all {
                let is_missing = !files.contains(&it.file);
                it.missing = if is_missing { it.missing + 1 } else { 0 };
            }
            all.retain(|it| it.missing < MISSING_POLLS);
            files.retain(|file| all.iter().all(|it| it.file != *file));
            let new = |file| Registered {
                file,
                ..Registered::default()
            };
            all.extend(files.into_iter().map(new));
        }
        for at in 0..all.len() {
            let files = all[at].files.as_ref();
            let has_changed = files.is_none_or(|it| it.iter().any(WatchedFile::has_changed));
            if all[at].missing == 0 && has_changed {
                self.read(&mut all, at);
            }
        }
        *lock(&self.all) = Arc::new(all);
    }

    /// Reads the settings of one merchant again.
    fn read(&self, all: &mut [Registered], at: usize) {
        let Loaded { files, settings } = (self.merchants.load)(&all[at].file);
        let others = all.iter().enumerate().filter(|(other, _)| *other != at);
        let mut others = others.filter_map(|(_, it)| it.merchant.as_ref());
        let used = settings.and_then(|settings| {
            if others.any(|merchant| merchant.id == settings.id.as_str()) {
                return Err(format!("merchant {} has another file, too", settings.id));
            }
            match &all[at].merchant {
                Some(merchant) if merchant.replace(&settings) => Ok(Arc::clone(merchant)),
                _ => {
                    let new = Merchant::new(settings, &self.store, self.queue);
                    new.map(Arc::new).map_err(|error| error.to_string())
                }
            }
        });
        let it = &mut all[at];
        it.files = Some(Arc::new(files));
        it.broken = used.as_ref().err().cloned();
        it.merchant = used.ok().or(it.merchant.take());
        let merchant = it.name();
        match &it.broken {
            // `open` returns the error of the one merchant without a folder.
            Some(error) if !merchant.is_empty() => {
                tracing::warn!(%merchant, error, "settings not used");
            }
            _ => tracing::info!(%merchant, "settings read"),
        }
    }

    /// The merchant with this id or file name; without a name, the only merchant.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<Arc<Merchant>, Refusal> {
        let all = self.all();
        let mut found = all.iter().filter_map(|it| {
            let merchant = it.merchant.as_ref()?;
            let is_meant = name.is_none_or(|name| it.name() == name || merchant.id == name);
            is_meant.then_some(merchant)
        });
        let message = match (found.next(), found.next()) {
            (Some(merchant), None) => return Ok(Arc::clone(merchant)),
            (None, _) => "this merchant is not known",
            (Some(_), Some(_)) => "there is more than one merchant",
        };
        let advice = "give the merchant id, or the name of its file, by `?merchant=`";
        Err(Refusal::not_found(message, advice))
    }
}

impl Registered {
    /// The file's name without its extension; without a folder, the merchant's id.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        let id = self.merchant.as_ref().map_or("", |merchant| &merchant.id);
        let stem = self.file.file_stem();
        stem.map_or(id.into(), OsStr::to_string_lossy)
    }
}

/// The files of the merchants in a folder, sorted by name.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let unreadable = |error| format!("cannot read the folder {}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(|error| io::Error::other(unreadable(error)))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<_> = paths.collect::<io::Result<_>>()?;
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".toml") && !name.starts_with('.')
    });
    files.sort();
    Ok(files)
}
