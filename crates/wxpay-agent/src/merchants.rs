//! All merchants: one, or those of a folder, which is watched.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use serde::Serialize;

use crate::{
    agent::{Limits, StartError},
    answer::Refusal,
    merchant::{Merchant, Settings},
    merchant_file::{self, ClientDefaults},
    store::{Store, lock},
};

/// How often files are looked at: a change is in use two seconds later at most.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A file that is away for so many looks in a row is removed, and not about to be replaced.
const AWAY: u8 = 2;

/// How a merchant's settings are read, again whenever one of their files has changed.
pub struct Source {
    /// What to call it: the file's name without its ending, or nothing.
    name: String,
    load: Box<Load>,
}

/// Gives the files that the settings depend on, also where they cannot be used, and the settings.
type Load = dyn Fn() -> (Vec<PathBuf>, Result<Settings, String>) + Send + Sync;

impl Source {
    /// Settings that `load` reads, with the files that it has read, also where they cannot be used.
    ///
    /// It is called on a thread that may block.
    pub fn new(
        load: impl Fn() -> (Vec<PathBuf>, Result<Settings, String>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: String::new(),
            load: Box::new(load),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The merchants that an agent uploads for.
#[derive(Debug)]
pub struct Merchants(Kind);

#[derive(Debug)]
enum Kind {
    One(Source),
    Folder(PathBuf, ClientDefaults),
}

impl Merchants {
    /// One, whose settings must be right from the start.
    #[must_use]
    pub fn one(source: Source) -> Self {
        Self(Kind::One(source))
    }

    /// A TOML file each, `*.toml` in a folder; files may come, change and go. What is not in a file is as
    /// the defaults say.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>, defaults: ClientDefaults) -> Self {
        Self(Kind::Folder(path.into(), defaults))
    }
}

/// The merchants as of now, and how they are read.
#[derive(Debug)]
pub(crate) struct Registry {
    folder: Option<(PathBuf, ClientDefaults)>,
    /// Locked while files are read, which takes time.
    slots: Mutex<Vec<Slot>>,
    views: Mutex<Arc<Vec<View>>>,
    store: Arc<Store>,
    limits: Limits,
}

/// A merchant's files.
#[derive(Debug)]
struct Slot {
    source: Source,
    file: Option<PathBuf>,
    away: u8,
    seen: Option<(Vec<PathBuf>, Vec<Option<FileMetadata>>)>,
    view: View,
}

/// Time of modification, length and inode, by which a change is seen.
type FileMetadata = (Option<SystemTime>, u64, u64);

/// A merchant as callers see it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) name: String,
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
    pub(crate) fn open(
        merchants: Merchants,
        store: Arc<Store>,
        limits: Limits,
    ) -> Result<Self, StartError> {
        let mut registry = Self {
            folder: None,
            slots: Mutex::default(),
            views: Mutex::default(),
            store,
            limits,
        };
        match merchants.0 {
            Kind::One(source) => {
                let slots = registry.slots.get_mut();
                let slots = slots.unwrap_or_else(std::sync::PoisonError::into_inner);
                slots.push(Slot::new(source, None));
                registry.poll();
                if let Some(broken) = &registry.views()[0].broken {
                    return Err(StartError::new(broken.clone()));
                }
            }
            Kind::Folder(path, defaults) => {
                let unreadable = |error| format!("cannot read {}: {error}", path.display());
                files(&path).map_err(|error| StartError::new(unreadable(error)))?;
                registry.folder = Some((path, defaults));
                registry.poll();
            }
        }
        Ok(registry)
    }

    pub(crate) fn views(&self) -> Arc<Vec<View>> {
        Arc::clone(&lock(&self.views))
    }

    /// Looks for changes, and reads what has changed.
    pub(crate) fn poll(&self) {
        let mut slots = lock(&self.slots);
        if let Some((folder, defaults)) = &self.folder
            // A folder that cannot be read for a moment takes no merchant away.
            && let Ok(files) = files(folder)
        {
            for slot in slots.iter_mut() {
                let is_there = slot.file.as_ref().is_none_or(|file| files.contains(file));
                slot.away = if is_there { 0 } else { slot.away + 1 };
            }
            slots.retain(|slot| slot.away < AWAY);
            for file in files {
                if slots.iter().all(|slot| slot.file.as_ref() != Some(&file)) {
                    slots.push(Slot::new(
                        merchant_file::source(&file, defaults),
                        Some(file),
                    ));
                }
            }
        }
        for at in 0..slots.len() {
            let (before, rest) = slots.split_at_mut(at);
            let (slot, after) = rest.split_first_mut().expect("the place is in the list");
            if slot.away == 0 && slot.has_changed() {
                let others = before.iter().chain(&*after);
                self.read(slot, others);
            }
        }
        let views = slots.iter().map(|slot| slot.view.clone()).collect();
        *lock(&self.views) = Arc::new(views);
    }

    fn read<'a>(&self, slot: &mut Slot, others: impl Iterator<Item = &'a Slot>) {
        // Taken before reading: a change meanwhile is seen the next time.
        let files = slot.seen.take().map(|(files, _)| files).unwrap_or_default();
        let before = metadata(&files);
        let (now, loaded) = (slot.source.load)();
        let before = if now == files { before } else { metadata(&now) };
        slot.seen = Some((now, before));
        let id = |merchant: &Arc<Merchant>| merchant.id();
        let mut taken = others.filter_map(|slot| slot.view.merchant.as_ref().map(id));
        let used = loaded.and_then(|settings| {
            if taken.any(|id| id == settings.id()) {
                return Err(format!(
                    "merchant {} is in another file, too",
                    settings.id()
                ));
            }
            let account = settings
                .account(&self.store)
                .map_err(|error| error.to_string())?;
            match &slot.view.merchant {
                Some(merchant) if merchant.id() == settings.id() => {
                    merchant.replace(settings, account);
                }
                _ => {
                    let merchant = Merchant::new(settings, account, &self.limits);
                    slot.view.merchant = Some(Arc::new(merchant));
                }
            }
            Ok(())
        });
        let name = slot.view.shown();
        match &used {
            Ok(()) => tracing::info!(merchant = name, "settings read"),
            Err(error) if slot.view.merchant.is_some() => {
                tracing::warn!(
                    merchant = name,
                    error,
                    "settings changed and cannot be used, the old ones hold"
                );
            }
            Err(error) => tracing::warn!(merchant = name, error, "settings cannot be used"),
        }
        slot.view.broken = used.err();
    }

    /// The merchant of an id or a file's name, or the only one.
    pub(crate) fn find(&self, name: Option<&str>) -> Result<Arc<Merchant>, Refusal> {
        let views = self.views();
        let mut usable = views
            .iter()
            .filter_map(|view| Some((view, view.merchant.as_ref()?)));
        let advice = "give the merchant id, or the name of its file, by `?merchant=`";
        let Some(name) = name else {
            return match (usable.next(), usable.next()) {
                (Some((_, merchant)), None) => Ok(Arc::clone(merchant)),
                (None, _) => Err(Refusal::not_found("there is no merchant", "see /readyz")),
                (Some(_), Some(_)) => Err(Refusal::not_found(
                    "there is more than one merchant",
                    advice,
                )),
            };
        };
        let found = usable.find(|(view, merchant)| view.name == name || merchant.id() == name);
        let found = found.map(|(_, merchant)| Arc::clone(merchant));
        found.ok_or_else(|| Refusal::not_found("this merchant is not known", advice))
    }
}

impl View {
    /// The file's name, else the merchant's id.
    pub(crate) fn shown(&self) -> String {
        let id = || self.merchant.as_ref().map(|merchant| merchant.id());
        let name = (!self.name.is_empty()).then(|| self.name.clone());
        name.or_else(id).unwrap_or_default()
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let problem = self.merchant.as_ref().map(|merchant| merchant.problem());
        Readiness {
            merchant: self.shown(),
            ready: matches!(problem, Some(None)),
            problem: problem.flatten(),
            broken: self.broken.clone(),
        }
    }
}

impl Slot {
    fn new(source: Source, file: Option<PathBuf>) -> Self {
        let view = View {
            name: source.name.clone(),
            merchant: None,
            broken: None,
        };
        Self {
            source,
            file,
            away: 0,
            seen: None,
            view,
        }
    }

    fn has_changed(&self) -> bool {
        let seen = self.seen.as_ref();
        seen.is_none_or(|(files, seen)| metadata(files) != *seen)
    }
}

/// A source by a name of its own.
pub(crate) fn named(name: String, source: Source) -> Source {
    Source { name, ..source }
}

/// The merchants' files, in the order of their names.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<_> = paths.collect::<io::Result<_>>()?;
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        file.extension().is_some_and(|it| it == "toml") && !name.starts_with('.')
    });
    files.sort();
    Ok(files)
}

fn metadata(files: &[PathBuf]) -> Vec<Option<FileMetadata>> {
    let metadata = |file: &PathBuf| {
        let metadata = fs::metadata(file).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Some((metadata.modified().ok(), metadata.len(), inode))
    };
    files.iter().map(metadata).collect()
}
