//! The ledger's file: opening, creating, locking, and forgetting rows.

#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params, types::Value};

use crate::{
    error::{Cause, Error, ErrorKind},
    record::{key, seconds},
};

/// "wxpl", SQLite's `application_id` in the header of the file.
const APPLICATION: i64 = 0x7778_706c;
const SCHEMA: i64 = 1;

/// The longest transaction takes about a second on an idle disk.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Size of the cache, for the upper levels of a million rows. SQLite takes KiB as a negative
/// number.
const CACHE: i64 = -8192;

/// Opens a ledger, or creates it if `create` is set. A file of another program is left as it is.
pub(crate) fn open(path: &Path, create: bool) -> Result<Connection, Error> {
    connect(path, create).map_err(|cause| Error::new(path, cause))
}

fn connect(path: &Path, create: bool) -> Result<Connection, Cause> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(ErrorKind::Foreign)?,
        Err(error) if !create || error.kind() != io::ErrorKind::NotFound => Err(error)?,
        _ => {}
    }
    if create {
        // The system's error is more precise than that of SQLite.
        File::options().append(true).create(true).open(path)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Checked in one transaction: another process may be creating the ledger.
    let is_ours = is_ledger(&*connection.unchecked_transaction()?)?;
    match (is_ours, create) {
        (true, _) => {}
        (false, true) => initialize(&mut connection)?,
        (false, false) => Err(ErrorKind::Foreign)?,
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    Ok(connection)
}

/// Whether the file is a ledger; an empty one is not.
fn is_ledger(connection: &Connection) -> Result<bool, Cause> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let version = number("PRAGMA user_version")?;
    match number("PRAGMA application_id")? {
        APPLICATION if version == SCHEMA => Ok(true),
        APPLICATION => Err(ErrorKind::Newer(version).into()),
        0 if version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 => Ok(false),
        _ => Err(ErrorKind::Foreign.into()),
    }
}

fn initialize(connection: &mut Connection) -> Result<(), Cause> {
    let pragma = "PRAGMA journal_mode = WAL";
    let mode: String = connection.query_row(pragma, [], |row| row.get(0))?;
    if mode != "wal" {
        let problem = "its file system has no shared memory: put it on a local disk";
        return Err(ErrorKind::Other(problem.to_owned()).into());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !is_ledger(&transaction)? {
        transaction.execute_batch(include_str!("schema.sql"))?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", SCHEMA)?;
    }
    Ok(transaction.commit()?)
}

/// Locks out a second writer until this process ends. A lock on the ledger itself could block
/// SQLite.
pub(crate) fn lock(path: &Path) -> Result<File, Cause> {
    let path = beside(path, "-lock");
    let file = File::options().append(true).create(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ErrorKind::InUse.into()),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The device and inode of the ledger and of its log.
pub(crate) type Place = [Option<(u64, u64)>; 2];

/// Finds out which files the ledger has now: rows that are written to a removed file are lost.
pub(crate) fn place(path: &Path) -> Place {
    #[cfg(unix)]
    let number = |it: fs::Metadata| (it.dev(), it.ino());
    #[cfg(not(unix))]
    let number = |_| (0, 0);
    [path.to_owned(), beside(path, "-wal")].map(|file| fs::metadata(file).ok().map(number))
}

/// The rows to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// A file, its bytes, and all other files with the same bytes.
    Path(PathBuf),
    /// Bytes by their MD5, 32 hex digits, and all files with these bytes.
    Hash(String),
    /// Files and bytes whose outcome is older than a time.
    Before(SystemTime),
}

/// Forgets files and bytes, so that they are uploaded again; returns the number of files. The
/// ledger may be in use meanwhile.
///
/// # Errors
///
/// [`Error`] when the file is no ledger or cannot be written.
///
/// ```
/// use wxpay_ledger::{ErrorKind, Selection, forget};
///
/// let error = forget("missing.ledger".as_ref(), &Selection::Path("licence.jpg".into()));
/// assert_eq!(error.unwrap_err().kind(), &ErrorKind::Missing);
/// ```
pub fn forget(ledger: &Path, selection: &Selection) -> Result<usize, Error> {
    let forgotten = forget_in(&open(ledger, false)?, selection);
    forgotten.map_err(|error| Error::new(ledger, error))
}

/// Forgets bytes, then files without bytes; after a crash in between, the view does not show such
/// files.
fn forget_in(connection: &Connection, selection: &Selection) -> rusqlite::Result<usize> {
    const GONE: &str = "kind IS NULL AND NOT EXISTS (SELECT 1 FROM contents
        WHERE account = paths.account AND md5 = paths.md5 AND bytes = paths.bytes)";

    let of_path = "(md5, bytes) IN (SELECT md5, bytes FROM paths WHERE account = ?1 AND path = ?3)";
    let (contents, paths, value) = match selection {
        Selection::Path(path) => (of_path, "path = ?3", key(path)),
        Selection::Hash(md5) => ("md5 = unhex(?3)", "md5 = unhex(?3)", md5.clone().into()),
        Selection::Before(time) => ("at < ?3", "at < ?3", seconds(*time).into()),
    };
    let paths = format!("{paths} OR {GONE}");
    let mut accounts = connection.prepare("SELECT id FROM accounts")?;
    let accounts = accounts.query_map([], |row| row.get(0))?;
    // Read to the end: a write cannot start from a snapshot that other writes have outdated.
    let accounts = accounts.collect::<rusqlite::Result<Vec<i64>>>()?;
    let forgotten = accounts.into_iter().map(|account| {
        delete(connection, account, ("contents", "md5"), contents, &value)?;
        delete(connection, account, ("paths", "path"), &paths, &value)
    });
    forgotten.sum()
}

/// Maximum number of rows in one transaction, which takes about half a second.
const BATCH: usize = 20_000;

/// Pause between two batches: SQLite tries every 100 ms to get the lock.
const PAUSE: Duration = Duration::from_millis(120);

/// Deletes the rows that meet a condition, in batches, so that another process can write in
/// between.
fn delete(
    connection: &Connection,
    account: i64,
    (table, key): (&str, &str),
    condition: &str,
    value: &Value,
) -> rusqlite::Result<usize> {
    let mut select = connection.prepare(&format!(
        "SELECT {key} FROM {table} WHERE account = ?1 AND {key} > ?2 AND ({condition})
         ORDER BY {key} LIMIT {BATCH}"
    ))?;
    let delete = format!("DELETE FROM {table} WHERE account = ?1 AND {key} = ?2 AND ({condition})");
    let mut delete = connection.prepare(&delete)?;
    // SQLite sorts numbers before texts and blobs.
    let (mut last, mut deleted) = (Value::Integer(0), 0);
    loop {
        let keys = select.query_map(params![account, last, value], |row| row.get(0))?;
        let keys = keys.collect::<rusqlite::Result<Vec<Value>>>()?;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        for key in &keys {
            deleted += delete.execute(params![account, key, value])?;
        }
        transaction.commit()?;
        match keys.last() {
            Some(key) if keys.len() == BATCH => last = key.clone(),
            _ => return Ok(deleted),
        }
        thread::sleep(PAUSE);
    }
}
