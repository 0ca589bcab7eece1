//! All merchants: one, or those of a folder, which is watched.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use serde::Serialize;

use crate::{
    answer::Refusal,
    merchant::{Merchant, Settings},
    store::{Store, lock},
};

/// How often files are looked at: a change is in use two seconds later at most.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A file that is away for so many looks in a row is removed, and not about to be replaced.
const AWAY: u8 = 2;

/// The clock of a file system may be so late.
const CLOCK_TICK: Duration = Duration::from_millis(50);

/// The settings of a merchant, as they were read.
#[derive(Debug)]
pub struct Loaded {
    /// The files that they depend on, also where they cannot be used: when one of them changes, all are
    /// read again.
    pub files: Vec<PathBuf>,
    /// The settings, or why they cannot be used.
    pub settings: Result<Settings, String>,
}

/// The merchants that an agent uploads for, and how their settings are read, on a thread that may block.
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

    /// One for each file `*.toml` in a folder, such as by [`read_merchant`](crate::read_merchant). Files
    /// may come, change and go.
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
        let mut shown = f.debug_struct("Merchants");
        shown.field("folder", &self.folder).finish_non_exhaustive()
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
    seen: Option<Vec<(PathBuf, FileMetadata)>>,
    view: View,
}

/// Time of modification, length and inode, by which a change is seen.
type FileMetadata = Option<(Option<SystemTime>, u64, u64)>;

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

/// A merchant in the answer of `/readyz`.
#[derive(Debug, Serialize)]
pub(crate) struct Readiness {
    merchant: String,
    pub(crate) ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
}

impl Registry {
    /// Reads all merchants, on a thread that may block.
    pub(crate) fn open(merchants: Merchants, store: Store, queue: usize) -> Result<Self, String> {
        let mut slots = Vec::new();
        match &merchants.folder {
            None => slots.push(Slot::default()),
            Some(folder) => {
                let files = files(folder);
                files.map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
            }
        }
        let is_one = !slots.is_empty();
        let registry = Self {
            merchants,
            slots: Mutex::new(slots),
            views: Mutex::default(),
            store,
            queue,
        };
        registry.poll();
        match registry.views().first() {
            Some(View {
                broken: Some(broken),
                ..
            }) if is_one => Err(broken.clone()),
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
        let begun = SystemTime::now() - CLOCK_TICK;
        let Loaded { files, settings } = (self.merchants.load)(&slots[at].file);
        // A file that has changed while it was read is seen as changed the next time.
        let settled =
            |seen: FileMetadata| seen.filter(|(time, ..)| time.is_none_or(|it| it < begun));
        let seen = files.into_iter().map(|file| (metadata(&file), file));
        slots[at].seen = Some(seen.map(|(seen, file)| (file, settled(seen))).collect());
        let others = slots.iter().enumerate().filter(|(other, _)| *other != at);
        let mut others = others.filter_map(|(_, slot)| slot.view.merchant.as_ref());
        let used = settings.and_then(|settings| {
            if others.any(|merchant| merchant.id() == settings.id()) {
                return Err(format!("merchant {} has another file, too", settings.id()));
            }
            match &slots[at].view.merchant {
                Some(merchant) if merchant.replace(&settings) => Ok(Arc::clone(merchant)),
                _ => match Merchant::new(settings, &self.store, self.queue) {
                    Ok(merchant) => Ok(Arc::new(merchant)),
                    Err(error) => Err(error.to_string()),
                },
            }
        });
        let view = &mut slots[at].view;
        view.broken = used.as_ref().err().cloned();
        view.merchant = used.ok().or(view.merchant.take());
        match &view.broken {
            None => tracing::info!(merchant = view.shown(), "settings read"),
            Some(error) => {
                let holds = view.merchant.as_ref().map_or("", |_| ", the old ones hold");
                tracing::warn!(
                    merchant = view.shown(),
                    error,
                    "settings cannot be used{holds}"
                );
            }
        }
    }

    /// The merchant of an id or a file's name, or the only one.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<Arc<Merchant>, Refusal> {
        let views = self.views();
        let mut usable = views
            .iter()
            .filter_map(|view| Some((view, view.merchant.as_ref()?)));
        let advice = "give the merchant id, or the name of its file, by `?merchant=`";
        let found = match name {
            None => match (usable.next(), usable.next()) {
                (Some(_), Some(_)) => {
                    return Err(Refusal::not_found(
                        "there is more than one merchant",
                        advice,
                    ));
                }
                (only, _) => only,
            },
            Some(name) => usable.find(|(view, it)| view.name == name || it.id() == name),
        };
        let found = found.map(|(_, merchant)| Arc::clone(merchant));
        found.ok_or_else(|| Refusal::not_found("this merchant is not known", advice))
    }
}

impl View {
    /// The file's name, else the merchant's id.
    pub(crate) fn shown(&self) -> String {
        match &self.merchant {
            Some(merchant) if self.name.is_empty() => merchant.id(),
            _ => self.name.clone(),
        }
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let merchant = self.merchant.as_ref();
        let problem = merchant.and_then(|merchant| merchant.problem());
        Readiness {
            merchant: self.shown(),
            ready: merchant.is_some() && problem.is_none(),
            problem,
            broken: self.broken.clone(),
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
        let is_as_seen = |(file, seen): &(PathBuf, FileMetadata)| metadata(file) == *seen;
        self.seen
            .as_ref()
            .is_none_or(|seen| !seen.iter().all(is_as_seen))
    }
}

/// The merchants' files, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<_> = paths.collect::<io::Result<_>>()?;
    files.retain(|file| {
        let is_hidden = file
            .file_name()
            .is_some_and(|it| it.as_encoded_bytes()[0] == b'.');
        file.extension().is_some_and(|it| it == "toml") && !is_hidden
    });
    files.sort();
    Ok(files)
}

fn metadata(file: &Path) -> FileMetadata {
    let metadata = fs::metadata(file).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let inode = 0;
    Some((metadata.modified().ok(), metadata.len(), inode))
}
