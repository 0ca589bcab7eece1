//! Media ids that are known: in memory, or in a ledger.

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use tokio::sync::oneshot;
use wxpay_ledger::{Content, Error, Ledger, Outcome, Reader, Record};

use crate::answer::Entry;

/// How many pictures are known in memory at most, some 15 MB: at ten a second those of more than an hour.
const MAX_ENTRIES: usize = 50_000;

/// WeChat Pay keeps media for some days, and says of no API how many; after so long no id is given again.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Media ids by merchant and bytes.
///
/// In memory they are lost with the process: then equal bytes are sent once more. A ledger keeps them, and
/// an id is answered after it is on the disk.
///
/// ```
/// let store = wxpay_agent::Store::in_memory();
/// # let _ = store;
/// ```
#[derive(Debug)]
pub struct Store(Kind);

#[derive(Debug)]
enum Kind {
    Memory(Mutex<Memory>),
    Ledger {
        ledger: Ledger,
        reader: Mutex<Reader>,
        path: PathBuf,
    },
}

/// A merchant in a region, in this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    Memory(usize),
    Ledger(wxpay_ledger::Account),
}

impl Store {
    /// A store that ends with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Mutex::default()))
    }

    /// A ledger, which is created where there is none.
    ///
    /// # Errors
    ///
    /// [`wxpay_ledger::Error`] when it cannot be used, or another process uploads by it.
    pub fn in_ledger(path: &Path) -> Result<Self, Error> {
        Ok(Self(Kind::Ledger {
            ledger: Ledger::open(path)?,
            reader: Mutex::new(Reader::open(path)?),
            path: path.to_owned(),
        }))
    }

    pub(crate) fn account(
        &self,
        merchant: &str,
        region: &str,
        endpoint: &str,
    ) -> Result<Account, Error> {
        match &self.0 {
            Kind::Memory(memory) => Ok(Account::Memory(lock(memory).account(merchant, region))),
            Kind::Ledger { ledger, .. } => {
                let account = ledger.account(merchant, region, endpoint)?;
                Ok(Account::Ledger(account))
            }
        }
    }

    /// The entry of bytes, where it is not too old; of a hash alone, without a length.
    ///
    /// It may read from the disk.
    pub(crate) fn find(
        &self,
        account: Account,
        md5: &str,
        bytes: Option<u64>,
    ) -> Result<Option<Entry>, Error> {
        let found = match (&self.0, account) {
            (Kind::Memory(memory), Account::Memory(account)) => {
                let key = (account, md5.to_owned());
                lock(memory).entries.get(&key).cloned()
            }
            (Kind::Ledger { reader, .. }, Account::Ledger(account)) => {
                lock(reader).uploaded(account, md5)?.and_then(of_ledger)
            }
            _ => None,
        };
        let is_right = |entry: &Entry| bytes.is_none_or(|bytes| entry.bytes == bytes);
        Ok(found.filter(|entry| is_right(entry) && entry.age() < LONGEST))
    }

    /// Keeps an entry, and returns when it is safe.
    pub(crate) async fn record(&self, account: Account, entry: &Entry) -> Result<(), Error> {
        match (&self.0, account) {
            (Kind::Memory(memory), Account::Memory(account)) => {
                lock(memory).insert(account, entry.clone());
                Ok(())
            }
            (Kind::Ledger { ledger, .. }, Account::Ledger(account)) => {
                let (sender, written) = oneshot::channel();
                let done = move |result| drop(sender.send(result));
                ledger.record(account, record(entry), done);
                // The ledger's thread ends after its last record.
                written.await.unwrap_or(Ok(()))
            }
            _ => Ok(()),
        }
    }

    /// Forgets bytes, so that they are sent again. It may wait for the disk.
    pub(crate) fn forget(&self, account: Account, md5: &str) -> Result<(), Error> {
        match (&self.0, account) {
            (Kind::Memory(memory), Account::Memory(account)) => {
                lock(memory).entries.remove(&(account, md5.to_owned()));
            }
            (Kind::Ledger { path, .. }, Account::Ledger(_)) => {
                let what = wxpay_ledger::Selection::Hash(md5.to_owned());
                wxpay_ledger::forget(path, &what)?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Memory {
    accounts: Vec<(String, String)>,
    entries: HashMap<(usize, String), Entry>,
    /// The keys in their order, the oldest first, with the time of their entry.
    order: VecDeque<(usize, String, u64)>,
}

impl Memory {
    fn account(&mut self, merchant: &str, region: &str) -> usize {
        let account = (merchant.to_owned(), region.to_owned());
        let known = self.accounts.iter().position(|it| *it == account);
        known.unwrap_or_else(|| {
            self.accounts.push(account);
            self.accounts.len() - 1
        })
    }

    fn insert(&mut self, account: usize, entry: Entry) {
        if self.order.len() == MAX_ENTRIES
            && let Some((account, md5, at)) = self.order.pop_front()
        {
            let key = (account, md5);
            if self.entries.get(&key).is_some_and(|entry| entry.at == at) {
                self.entries.remove(&key);
            }
        }
        let md5 = entry.media_hash.clone();
        self.order.push_back((account, md5.clone(), entry.at));
        self.entries.insert((account, md5), entry);
    }
}

fn record(entry: &Entry) -> Record {
    let outcome = Outcome::Uploaded {
        media_id: entry.media_id.clone(),
        attempts: entry.attempts,
        endpoint: entry.endpoint.clone(),
    };
    let content = Content {
        md5: entry.media_hash.clone(),
        bytes: entry.bytes,
    };
    Record {
        path: None,
        file: wxpay_ledger::FileState::default(),
        content: Some(content),
        outcome: Some(outcome),
        at: UNIX_EPOCH + Duration::from_secs(entry.at),
    }
}

fn of_ledger(entry: wxpay_ledger::Entry) -> Option<Entry> {
    let content = entry.content?;
    match entry.outcome {
        Outcome::Uploaded {
            media_id,
            attempts,
            endpoint,
        } => Some(Entry {
            media_id,
            media_hash: content.md5,
            bytes: content.bytes,
            attempts,
            endpoint,
            at: entry.at,
        }),
        _ => None,
    }
}

/// The guarded data is valid after any statement, so a poisoned lock is safe to reuse.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
