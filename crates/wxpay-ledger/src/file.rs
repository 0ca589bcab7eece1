//! The file: opened, checked, created, locked; and rows taken out of it.

#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use rusqlite::{
    Connection, OpenFlags, Row, Transaction, TransactionBehavior, params, types::Value,
};

use crate::{
    error::{Cause, Error, ErrorKind},
    record::{key, seconds},
};

/// "wxpl": SQLite keeps it in the header of the file.
const APPLICATION: i64 = 0x7778_706c;
const SCHEMA: i64 = 1;

/// The longest transaction takes about a second; a disk may be busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// In kibibytes, which SQLite wants negative: for the upper levels of a million rows.
const CACHE: i64 = -8192;

/// Opens a file, or creates it where it may; a file of another program is left as it is.
pub(crate) fn open(path: &Path, create: bool) -> Result<Connection, Error> {
    let is_ours = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(ErrorKind::Foreign.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && create => Ok(()),
        Err(error) => Err(error.into()),
    };
    let connection = is_ours.and_then(|()| connect(path, create));
    connection.map_err(|cause| Error::new(path, cause))
}

fn connect(path: &Path, create: bool) -> Result<Connection, Cause> {
    if create {
        // The system says better than SQLite why it cannot be opened.
        File::options().append(true).create(true).open(path)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // One snapshot: another process may be creating it.
    let is_ours = is_ledger(&*connection.unchecked_transaction()?)?;
    if !is_ours {
        if !create {
            return Err(ErrorKind::Foreign.into());
        }
        initialize(&mut connection)?;
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    Ok(connection)
}

/// Whether it is a ledger; an empty file is not yet one.
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
    let text = |row: &Row<'_>| row.get::<_, String>(0);
    if connection.query_row("PRAGMA journal_mode = WAL", [], text)? != "wal" {
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

/// Keeps a second process away until this one ends. A lock on the ledger itself could shut SQLite out.
pub(crate) fn lock(path: &Path) -> Result<File, Cause> {
    let mut options = File::options();
    let file = options
        .append(true)
        .create(true)
        .open(beside(path, "-lock"))?;
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

/// Which files a ledger consists of: what is written into one that was removed is lost with the process.
pub(crate) fn place(path: &Path) -> [Option<(u64, u64)>; 2] {
    #[cfg(unix)]
    let number = |it: fs::Metadata| (it.dev(), it.ino());
    #[cfg(not(unix))]
    let number = |_| (0, 0);
    [path.to_owned(), beside(path, "-wal")].map(|file| fs::metadata(file).ok().map(number))
}

/// What to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// A file and its bytes; other files with the same bytes are forgotten with it.
    Path(PathBuf),
    /// Bytes by their MD5, 32 hex digits, and all files that have them.
    Hash(String),
    /// What became of files and bytes before a time.
    Before(SystemTime),
}

/// Forgets files and bytes, so that they are sent again, and tells how many files, also while it is in use.
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

/// Forgets bytes, then files without bytes, which the view does not show if a crash comes in between.
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
    // All at once: a snapshot that is read on would be too old to write from.
    let accounts = accounts.collect::<rusqlite::Result<Vec<i64>>>()?;
    let forgotten = accounts.into_iter().map(|account| {
        delete(connection, account, ("contents", "md5"), contents, &value)?;
        delete(connection, account, ("paths", "path"), &paths, &value)
    });
    forgotten.sum()
}

/// Rows of one transaction, which takes about half a second.
const BATCH: usize = 20_000;

/// SQLite looks every 100 ms whether it is its turn to write.
const PAUSE: Duration = Duration::from_millis(120);

/// Deletes the rows that a condition holds for, in batches, so that another process can write in between.
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
    // SQLite sorts numbers before text and bytes.
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
