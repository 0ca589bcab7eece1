//! The store of known media ids: in memory, or in a ledger.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use time::OffsetDateTime;
use tokio::sync::oneshot;
use wxpay_ledger::{
    Account, Content, Error, FileState, Ledger, Outcome, Reader, Record, Selection,
};

use crate::response::{Entry, Refusal};

/// Maximum number of a merchant's entries in memory, about 15 MB: an hour at ten a second. At the
/// maximum the entries that are not recent are dropped, or all of them.
const MAX_ENTRIES: usize = 50_000;
const RECENT: Duration = Duration::from_secs(60 * 60);

/// Maximum age of an id that is found: the gateway is known to forget ids.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The place where media ids are kept.
///
/// A store in memory is lost with the process: equal bytes are then uploaded once more. With a
/// ledger, an id is answered after it is on the disk.
///
/// ```
/// use wxpay_agent::Store;
///
/// let in_memory = Store::in_memory();
/// # let folder = tempfile::tempdir()?;
/// let on_disk = Store::in_ledger(&folder.path().join("shop.ledger"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Store(Option<Arc<File>>);

#[derive(Debug)]
pub(crate) struct File {
    ledger: Ledger,
    reader: Mutex<Reader>,
    path: PathBuf,
}

impl Store {
    /// A store that is lost with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(None)
    }

    /// A store in a ledger, which is created where there is none.
    ///
    /// # Errors
    ///
    /// [`wxpay_ledger::Error`] when the ledger cannot be used, or another process uploads with it.
    pub fn in_ledger(path: &Path) -> Result<Self, Error> {
        let file = File {
            ledger: Ledger::open(path)?,
            reader: Mutex::new(Reader::open(path)?),
            path: path.to_owned(),
        };
        Ok(Self(Some(Arc::new(file))))
    }

    /// The ids of a merchant in a region with this primary endpoint.
    pub(crate) fn of(&self, id: &str, region: &str, endpoint: &str) -> Result<MediaIds, Error> {
        Ok(match &self.0 {
            None => MediaIds::Memory(Mutex::default()),
            Some(file) => {
                let account = file.ledger.account(id, region, endpoint)?;
                MediaIds::File(Arc::clone(file), account)
            }
        })
    }
}

/// The media ids of a merchant.
#[derive(Debug)]
pub(crate) enum MediaIds {
    Memory(Mutex<HashMap<String, Entry>>),
    File(Arc<File>, Account),
}

impl MediaIds {
    /// Finds an entry that is not too old by the MD5 of a picture, and by its length where that is
    /// given. It may read from the disk.
    pub(crate) fn find(&self, md5: &str, bytes: Option<u64>) -> Result<Option<Entry>, Error> {
        let found = match self {
            Self::Memory(memory) => lock(memory).get(md5).cloned(),
            Self::File(file, account) => lock(&file.reader)
                .uploaded(*account, md5)?
                .and_then(of_ledger),
        };
        let is_right = |entry: &Entry| bytes.is_none_or(|bytes| entry.bytes == bytes);
        Ok(found.filter(|entry| is_right(entry) && entry.age() < MAX_AGE))
    }

    /// Keeps an entry; a ledger has it on the disk when this returns.
    pub(crate) async fn record(&self, entry: &Entry) -> Result<(), Refusal> {
        match self {
            Self::Memory(memory) => {
                let mut memory = lock(memory);
                if memory.len() >= MAX_ENTRIES {
                    memory.retain(|_, entry| entry.age() < RECENT);
                    if memory.len() >= MAX_ENTRIES {
                        memory.clear();
                    }
                }
                memory.insert(entry.media_hash.clone(), entry.clone());
                Ok(())
            }
            Self::File(file, account) => {
                let (sender, written) = oneshot::channel();
                let outcome = Outcome::Uploaded {
                    media_id: entry.media_id.clone(),
                    attempts: entry.attempts,
                    endpoint: entry.endpoint.clone(),
                };
                let (md5, bytes) = (entry.media_hash.clone(), entry.bytes);
                let record = Record {
                    path: None,
                    file: FileState::default(),
                    content: Some(Content { md5, bytes }),
                    outcome: Some(outcome),
                    at: entry.uploaded_at.into(),
                };
                let done = move |result| drop(sender.send(result));
                file.ledger.record(*account, record, done);
                Ok(written.await.map_err(|_| Refusal::stopping())??)
            }
        }
    }

    /// Forgets a picture, so that it is uploaded again. It may wait for the disk.
    pub(crate) fn forget(&self, md5: &str) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => drop(lock(memory).remove(md5)),
            Self::File(file, _) => {
                let what = Selection::Hash(md5.to_owned());
                wxpay_ledger::forget(&file.path, &what)?;
            }
        }
        Ok(())
    }
}

fn of_ledger(entry: wxpay_ledger::Entry) -> Option<Entry> {
    let Content { md5, bytes } = entry.content?;
    let Outcome::Uploaded {
        media_id,
        attempts,
        endpoint,
    } = entry.outcome
    else {
        return None;
    };
    Some(Entry {
        media_id,
        media_hash: md5,
        bytes,
        reused: true,
        uploaded_at: OffsetDateTime::from_unix_timestamp(entry.at as i64).ok()?,
        attempts,
        endpoint,
    })
}

/// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
