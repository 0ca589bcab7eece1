//! The writer: one thread, with several outcomes in each transaction.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior, params};

use crate::{
    error::{Error, ErrorKind},
    file::{self, Place},
    record::{Account, Outcome, Record, key, seconds},
};

/// Maximum number of outcomes in a transaction, whose commit waits for the disk.
const MAX_GROUP: usize = 16;
/// Maximum time that the first outcome of a transaction waits for others.
const WINDOW: Duration = Duration::from_millis(20);

/// A ledger that only this process writes outcomes to.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let ledger = wxpay_ledger::Ledger::open(&folder.path().join("shop.ledger"))?;
/// let account = ledger.account("1900000109", "mainland", "https://api.mch.weixin.qq.com")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    place: Place,
    /// For accounts; the thread has its own.
    connection: Mutex<Connection>,
    thread: Option<(Sender<Message>, JoinHandle<()>)>,
    _lock: File,
}

type Message = (Account, Record, Box<dyn FnOnce(Result<(), Error>) + Send>);

impl Ledger {
    /// Opens a ledger, or creates it. After a crash it is in the state of the last commit.
    ///
    /// # Errors
    ///
    /// [`Error`] when another process uploads with it, or when the file is not a ledger, has a
    /// newer version, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        // The ledger comes first: no lock is left beside a file of another program.
        let mut connection = file::open(path, true)?;
        let lock = file::lock(path).map_err(|cause| Error::new(path, cause))?;
        let (sender, receiver) = mpsc::channel();
        let (path, place) = (path.to_owned(), file::place(path));
        let accounts = file::open(&path, false)?;
        let of = path.clone();
        let thread = thread::spawn(move || run(&mut connection, &of, place, &receiver));
        Ok(Self {
            path,
            place,
            connection: Mutex::new(accounts),
            thread: Some((sender, thread)),
            _lock: lock,
        })
    }

    /// The account of a merchant in a region; its primary endpoint is stored once for all contents.
    ///
    /// # Errors
    ///
    /// [`Error`] when the ledger cannot be written, or was removed or replaced.
    pub fn account(&self, merchant: &str, region: &str, endpoint: &str) -> Result<Account, Error> {
        const INSERT: &str = "INSERT INTO accounts (merchant, region, endpoint)
            VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        const SELECT: &str = "SELECT id FROM accounts WHERE merchant = ?1 AND region = ?2";

        let connection = self.connection.lock();
        let connection = connection.unwrap_or_else(PoisonError::into_inner);
        let inserted = connection.execute(INSERT, [merchant, region, endpoint]);
        let select = |_| connection.query_row(SELECT, [merchant, region], |row| row.get(0));
        let id = inserted.and_then(select);
        let id = id.map_err(|error| Error::new(&self.path, error))?;
        check_place(&self.path, self.place)?;
        Ok(Account(id))
    }

    /// Writes an outcome, and calls `done` on the ledger's own thread after the commit.
    pub fn record(
        &self,
        account: Account,
        record: Record,
        done: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) {
        if let Some((sender, _)) = &self.thread {
            // This fails only after another `done` has panicked.
            let _ = sender.send((account, record, Box::new(done)));
        }
    }
}

/// Waits until all outcomes are on the disk.
impl Drop for Ledger {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

/// Writes the outcomes that come, until the ledger is dropped.
fn run(connection: &mut Connection, path: &Path, place: Place, messages: &Receiver<Message>) {
    while let Ok(first) = messages.recv() {
        let until = Instant::now() + WINDOW;
        let mut group = vec![first];
        let left = || until.saturating_duration_since(Instant::now());
        while group.len() < MAX_GROUP
            && let Ok(message) = messages.recv_timeout(left())
        {
            group.push(message);
        }
        let written = write(connection, &group).map_err(|error| Error::new(path, error));
        let result = written.and_then(|()| check_place(path, place));
        for (.., done) in group {
            done(result.clone());
        }
    }
}

/// Fails if the ledger is not at its path any more.
fn check_place(path: &Path, place: Place) -> Result<(), Error> {
    match file::place(path) == place {
        true => Ok(()),
        false => Err(Error::new(path, ErrorKind::Removed)),
    }
}

/// Writes an outcome of bytes. A later refusal does not replace an id.
const CONTENT: &str = "INSERT INTO contents VALUES (?1, unhex(?2), ?3, ?4, ?5, ?6, ?7,
        nullif(?8, (SELECT endpoint FROM accounts WHERE id = ?1)), ?9, ?10, ?11, ?12)
    ON CONFLICT DO UPDATE SET outcome = excluded.outcome, at = excluded.at,
        media_id = excluded.media_id, attempts = excluded.attempts, endpoint = excluded.endpoint,
        kind = excluded.kind, code = excluded.code, message = excluded.message,
        advice = excluded.advice
    WHERE excluded.outcome <= contents.outcome";

/// Writes a file whose outcome is that of its content.
const FILE: &str = "INSERT INTO paths (account, path, bytes, mtime, inode, md5, outcome)
    SELECT account, ?4, bytes, ?5, ?6, md5, outcome FROM contents
    WHERE account = ?1 AND md5 = unhex(?2) AND bytes = ?3
    ON CONFLICT DO UPDATE SET bytes = excluded.bytes, mtime = excluded.mtime, inode = excluded.inode,
        md5 = excluded.md5, outcome = excluded.outcome,
        at = NULL, kind = NULL, code = NULL, message = NULL, advice = NULL";

/// Writes a file with a reason of its own. A file that cannot be read any more keeps its earlier
/// outcome.
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
