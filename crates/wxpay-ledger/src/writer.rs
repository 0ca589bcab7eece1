//! One thread that writes, several outcomes a transaction.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior, params};

use crate::{
    error::{Error, ErrorKind},
    file,
    record::{Account, Outcome, Record, key, seconds},
};

/// A commit waits for the disk, so several outcomes share one: so many, or those of so long.
const GROUP: usize = 16;
const WINDOW: Duration = Duration::from_millis(20);

/// A ledger that this process, and no other, writes outcomes into.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let ledger = wxpay_ledger::Ledger::open(&folder.path().join("shop.ledger"))?;
/// let account = ledger.account("1900000109", "mainland", "https://api.mch.weixin.qq.com")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ledger {
    store: Arc<Store>,
    records: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    _lock: File,
}

#[derive(Debug)]
struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
    place: [Option<(u64, u64)>; 2],
}

type Message = (Account, Record, Box<dyn FnOnce(Result<(), Error>) + Send>);

impl Ledger {
    /// Opens a ledger, and creates it where there is none. After a crash it is as at the last commit.
    ///
    /// # Errors
    ///
    /// [`Error`] when another process uploads by it, or when the file is not a ledger, of a newer
    /// version, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // First the ledger: a lock beside a file that is none would be litter.
        let store = Arc::new(Store {
            connection: Mutex::new(file::open(path, true)?),
            path: path.to_owned(),
            place: file::place(path),
        });
        let lock = file::lock(path).map_err(|cause| Error::new(path, cause))?;
        let (sender, receiver) = mpsc::channel();
        let writer = Arc::clone(&store);
        Ok(Self {
            store,
            records: Some(sender),
            thread: Some(thread::spawn(move || writer.run(&receiver))),
            _lock: lock,
        })
    }

    /// The account of a merchant in a region, with the endpoint that usually answers.
    ///
    /// # Errors
    ///
    /// [`Error`] when the ledger cannot be written.
    pub fn account(&self, merchant: &str, region: &str, endpoint: &str) -> Result<Account, Error> {
        self.store.ask(|connection| {
            connection.execute(
                "INSERT INTO accounts (merchant, region, endpoint) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                [merchant, region, endpoint],
            )?;
            let select = "SELECT id FROM accounts WHERE merchant = ?1 AND region = ?2";
            connection.query_row(select, [merchant, region], |row| row.get(0).map(Account))
        })
    }

    /// Writes the outcome of a picture, and calls `done` on the ledger's own thread when that is on the disk.
    pub fn record(
        &self,
        account: Account,
        record: Record,
        done: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) {
        if let Some(records) = &self.records {
            // The thread has ended only if another `done` has panicked.
            let _ = records.send((account, record, Box::new(done)));
        }
    }
}

/// Waits until all that was recorded is on the disk.
impl Drop for Ledger {
    fn drop(&mut self) {
        self.records = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Store {
    fn run(&self, messages: &Receiver<Message>) {
        while let Ok(first) = messages.recv() {
            let until = Instant::now() + WINDOW;
            let mut group = vec![first];
            while group.len() < GROUP {
                match messages.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(message) => group.push(message),
                    Err(_) => break,
                }
            }
            let mut result = self.ask(|connection| write(connection, &group));
            if result.is_ok() && file::place(&self.path) != self.place {
                result = Err(Error::new(&self.path, ErrorKind::Removed));
            }
            for (.., done) in group {
                done(result.clone());
            }
        }
    }

    fn ask<T>(&self, it: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let connection = self.connection.lock();
        let answer = it(&mut connection.unwrap_or_else(PoisonError::into_inner));
        answer.map_err(|error| Error::new(&self.path, error))
    }
}

/// An id that was given is not taken back by a later refusal of the same bytes.
const CONTENT: &str = "INSERT INTO contents VALUES (?1, unhex(?2), ?3, ?4, ?5, ?6, ?7,
        nullif(?8, (SELECT endpoint FROM accounts WHERE id = ?1)), ?9, ?10, ?11, ?12)
    ON CONFLICT DO UPDATE SET outcome = excluded.outcome, at = excluded.at,
        media_id = excluded.media_id, attempts = excluded.attempts, endpoint = excluded.endpoint,
        kind = excluded.kind, code = excluded.code, message = excluded.message,
        advice = excluded.advice
    WHERE excluded.outcome <= contents.outcome";

/// A file whose content says what became of it.
const FILE: &str = "INSERT INTO paths (account, path, bytes, mtime, inode, md5, outcome)
    SELECT account, ?4, bytes, ?5, ?6, md5, outcome FROM contents
    WHERE account = ?1 AND md5 = unhex(?2) AND bytes = ?3
    ON CONFLICT DO UPDATE SET bytes = excluded.bytes, mtime = excluded.mtime, inode = excluded.inode,
        md5 = excluded.md5, outcome = excluded.outcome,
        at = NULL, kind = NULL, code = NULL, message = NULL, advice = NULL";

/// A file with a reason of its own. One that cannot be read any more keeps what is known of it.
const FILE_WITH_REASON: &str = "INSERT INTO paths
    VALUES (?1, ?4, ?3, ?5, ?6, unhex(?2), ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT DO UPDATE SET bytes = excluded.bytes, mtime = excluded.mtime, inode = excluded.inode,
        md5 = excluded.md5, outcome = excluded.outcome, at = excluded.at, kind = excluded.kind,
        code = excluded.code, message = excluded.message, advice = excluded.advice
    WHERE excluded.outcome = 2 OR excluded.md5 IS NOT NULL OR paths.outcome = 3";

fn write(connection: &mut Connection, group: &[Message]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut contents = transaction.prepare(CONTENT)?;
    let mut files = transaction.prepare(FILE)?;
    let mut files_with_reason = transaction.prepare(FILE_WITH_REASON)?;
    for (account, record, _) in group {
        let (account, at, file) = (account.0, seconds(record.at), &record.file);
        let md5 = record.content.as_ref().map(|it| &it.md5);
        let bytes = record.content.as_ref().map_or(file.bytes, |it| it.bytes) as i64;
        let (outcome, id, attempts, by, why) = match &record.outcome {
            None => (0, None, None, None, None),
            Some(Outcome::Uploaded {
                media_id,
                attempts,
                endpoint,
            }) => (1, Some(media_id), Some(attempts), Some(endpoint), None),
            Some(Outcome::Refused(it)) => (2, None, None, None, Some(it)),
            Some(Outcome::Failed(it)) => (3, None, None, None, Some(it)),
        };
        let (kind, code) = (why.map(|it| &it.kind), why.map(|it| &it.code));
        let (message, advice) = (why.map(|it| &it.message), why.map(|it| &it.advice));
        let is_of_content = md5.is_some() && outcome != 3;
        if is_of_content && outcome != 0 {
            contents.execute(params![
                account, md5, bytes, outcome, at, id, attempts, by, kind, code, message, advice
            ])?;
        }
        let Some(path) = &record.path else { continue };
        let (path, mtime, inode) = (key(path), file.mtime, file.inode as i64);
        if is_of_content {
            files.execute(params![account, md5, bytes, path, mtime, inode])?;
        } else {
            files_with_reason.execute(params![
                account, md5, bytes, path, mtime, inode, outcome, at, kind, code, message, advice
            ])?;
        }
    }
    drop((contents, files, files_with_reason));
    transaction.commit()
}
