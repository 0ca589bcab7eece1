//! All merchants: one, or those of a folder, which is watched.

use std::{
    fmt, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    answer::Refusal,
    merchant::{Merchant, Settings},
    store::{Store, lock},
};

/// How often files are looked at: a change is in use two seconds later at most.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A file that is away for so many looks in a row is removed, and not about to be replaced.
const AWAY: u8 = 2;

/// The settings of a merchant, as they were read.
#[derive(Debug)]
pub struct Loaded {
    /// The files that they depend on, also where they cannot be used: when one of them changes, all are
    /// read again.
    pub files: Vec<WatchedFile>,
    /// The settings, or why they cannot be used.
    pub settings: Result<Settings, String>,
}

/// A file, and what it held before settings were read from it, so that no change is missed. A file that is only
/// touched has not changed: a new client would begin with a new pace.
///
/// ```
/// let file = wxpay_agent::WatchedFile::new("/etc/wxpay/merchants/shop.toml");
/// ```
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    content: Option<u64>,
}

impl WatchedFile {
    /// Reads the file as it is now; one that is not there may come.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let content = fingerprint(&path);
        Self { path, content }
    }

    fn has_changed(&self) -> bool {
        fingerprint(&self.path) != self.content
    }
}

/// A hash of a file's content; `None` where there is none to read.
fn fingerprint(path: &Path) -> Option<u64> {
    // A pipe would wait for its writer.
    let is_file = fs::metadata(path).ok()?.is_file();
    let content = is_file.then(|| fs::read(path).ok()).flatten()?;
    let mut hasher = DefaultHasher::new();
    Zeroizing::new(content).hash(&mut hasher);
    Some(hasher.finish())
}

/// The merchants that an agent uploads for, and how their settings are read, on a thread that may block.
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
    /// One, whose settings must be right from the start.
    #[must_use]
    pub fn one(load: impl Fn() -> Loaded + Send + Sync + 'static) -> Self {
        Self {
            folder: None,
            load: Box::new(move |_| load()),
        }
    }

    /// One for each file `*.toml` in a folder, which may come, change and go.
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

/// The merchants as of now.
#[derive(Debug)]
pub(crate) struct Registry {
    merchants: Merchants,
    /// Locked while files are read, which takes time.
    slots: Mutex<Vec<Slot>>,
    views: Mutex<Arc<Vec<View>>>,
    store: Store,
    queue: usize,
}

/// A merchant's files.
#[derive(Debug, Default)]
struct Slot {
    file: PathBuf,
    away: u8,
    /// The files that its settings depend on; `None` where they were never read.
    files: Option<Vec<WatchedFile>>,
    view: View,
}

/// A merchant as callers see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    /// The file's name without its ending.
    name: String,
    /// None where its settings could not be used yet.
    pub(crate) merchant: Option<Arc<Merchant>>,
    /// Why its settings as they are now cannot be used; the merchant has the old ones.
    pub(crate) broken: Option<String>,
}

impl Registry {
    /// Reads all merchants, on a thread that may block.
    pub(crate) fn open(merchants: Merchants, store: Store, queue: usize) -> io::Result<Self> {
        let slots = match &merchants.folder {
            None => vec![Slot::default()],
            Some(folder) => files(folder)?.into_iter().map(Slot::new).collect(),
        };
        let registry = Self {
            merchants,
            slots: Mutex::new(slots),
            views: Mutex::default(),
            store,
            queue,
        };
        registry.poll();
        let views = registry.views();
        match views.first().and_then(|view| view.broken.clone()) {
            Some(broken) if registry.merchants.folder.is_none() => Err(io::Error::other(broken)),
            _ => Ok(registry),
        }
    }

    pub(crate) fn views(&self) -> Arc<Vec<View>> {
        Arc::clone(&lock(&self.views))
    }

    /// Looks for changes, and reads what has changed.
    pub(crate) fn poll(&self) {
        let mut slots = lock(&self.slots);
        // A folder that cannot be read for a moment takes no merchant away.
        if let Some(Ok(mut files)) = self.merchants.folder.as_deref().map(files) {
            for slot in slots.iter_mut() {
                let is_there = files.contains(&slot.file);
                slot.away = if is_there { 0 } else { slot.away + 1 };
            }
            slots.retain(|slot| slot.away < AWAY);
            files.retain(|file| slots.iter().all(|slot| slot.file != *file));
            slots.extend(files.into_iter().map(Slot::new));
        }
        for at in 0..slots.len() {
            if slots[at].away == 0 && slots[at].has_changed() {
                self.read(&mut slots, at);
            }
        }
        let views = slots.iter().map(|slot| slot.view.clone()).collect();
        *lock(&self.views) = Arc::new(views);
    }

    fn read(&self, slots: &mut [Slot], at: usize) {
        let Loaded { files, settings } = (self.merchants.load)(&slots[at].file);
        slots[at].files = Some(files);
        let others = slots.iter().enumerate().filter(|(other, _)| *other != at);
        let mut others = others.filter_map(|(_, slot)| slot.view.merchant.as_ref());
        let used = settings.and_then(|settings| {
            if others.any(|merchant| merchant.id == settings.id.as_str()) {
                return Err(format!("merchant {} has another file, too", settings.id));
            }
            match &slots[at].view.merchant {
                Some(merchant) if merchant.replace(&settings) => Ok(Arc::clone(merchant)),
                _ => {
                    let new = Merchant::new(settings, &self.store, self.queue);
                    new.map(Arc::new).map_err(|error| error.to_string())
                }
            }
        });
        let view = &mut slots[at].view;
        view.broken = used.as_ref().err().cloned();
        view.merchant = used.ok().or(view.merchant.take());
        match &view.broken {
            // Of the one merchant that cannot start the caller is told.
            Some(error) if !view.shown().is_empty() => {
                tracing::warn!(merchant = view.shown(), error, "settings not used");
            }
            _ => tracing::info!(merchant = view.shown(), "settings read"),
        }
    }

    /// The merchant of an id or a file's name, or the only one.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<Arc<Merchant>, Refusal> {
        let views = self.views();
        let usable = views
            .iter()
            .filter_map(|view| Some((view, view.merchant.as_ref()?)));
        let is_meant = |(view, merchant): &(&View, &Arc<Merchant>)| match name {
            Some(name) => view.name == name || merchant.id == name,
            None => true,
        };
        let mut found = usable.filter(is_meant).map(|(_, merchant)| merchant);
        let message = match (found.next(), found.next()) {
            (Some(merchant), None) => return Ok(Arc::clone(merchant)),
            (None, _) => "this merchant is not known",
            (Some(_), Some(_)) => "there is more than one merchant",
        };
        let advice = "give the merchant id, or the name of its file, by `?merchant=`";
        Err(Refusal::not_found(message, advice))
    }
}

impl View {
    /// The file's name, else the merchant's id.
    pub(crate) fn shown(&self) -> &str {
        match &self.merchant {
            Some(merchant) if self.name.is_empty() => &merchant.id,
            _ => &self.name,
        }
    }

    /// Why it cannot upload.
    pub(crate) fn problem(&self) -> Option<String> {
        match &self.merchant {
            Some(merchant) => merchant.problem(),
            None => Some("its settings cannot be used".to_owned()),
        }
    }
}

impl Slot {
    fn new(file: PathBuf) -> Self {
        let mut slot = Self::default();
        let name = file.file_stem().unwrap_or_default();
        slot.view.name = name.to_string_lossy().into_owned();
        slot.file = file;
        slot
    }

    fn has_changed(&self) -> bool {
        let files = self.files.as_ref();
        files.is_none_or(|files| files.iter().any(WatchedFile::has_changed))
    }
}

/// The merchants' files, in the order of their names.
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
