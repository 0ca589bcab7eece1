//! The file: opened, checked, created, locked; and rows taken out of it.

#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior, named_params};

use crate::{
    Error, ErrorKind,
    error::Cause,
    record::{key, seconds},
};

/// "wxpl": SQLite keeps it in the header of the file.
const APPLICATION: i64 = 0x7778_706c;
const SCHEMA: i64 = 1;

/// To forget a million files takes a minute on a busy machine.
const BUSY_TIMEOUT: Duration = Duration::from_secs(300);

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

/// Keeps a second process from uploading by the same file until this one ends, however it does. A lock on
/// the ledger itself would shut SQLite out on some systems.
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

/// Which files a ledger consists of, to see whether they are still there: what is written into a file
/// that was removed is lost with the process.
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

/// Forgets files and bytes, so that they are sent again, and tells how many files. Another process may
/// upload by the ledger meanwhile.
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
    let mut connection = open(ledger, false)?;
    let forgotten = forget_in(&mut connection, selection);
    forgotten.map_err(|error| Error::new(ledger, error))
}

fn forget_in(connection: &mut Connection, selection: &Selection) -> rusqlite::Result<usize> {
    let (contents, paths, value) = match selection {
        Selection::Path(path) => (
            "(account, md5, bytes) IN (SELECT account, md5, bytes FROM paths WHERE path = :it)",
            "path = :it",
            key(path),
        ),
        Selection::Hash(md5) => ("md5 = unhex(:it)", "md5 = unhex(:it)", md5.clone().into()),
        Selection::Before(time) => ("at < :it", "at < :it", seconds(*time).into()),
    };
    let value = named_params! {":it": value};
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TEMP TABLE chosen (account, md5, bytes, PRIMARY KEY (account, md5, bytes)) WITHOUT ROWID",
    )?;
    let choose = "INSERT INTO chosen SELECT account, md5, bytes FROM contents WHERE ";
    transaction.execute(&format!("{choose}{contents}"), value)?;
    let is_chosen = "(account, md5, bytes) IN (SELECT account, md5, bytes FROM chosen)";
    let files = format!("DELETE FROM paths WHERE {paths} OR kind IS NULL AND {is_chosen}");
    let files = transaction.execute(&files, value)?;
    transaction.execute(&format!("DELETE FROM contents WHERE {is_chosen}"), [])?;
    transaction.execute_batch("DROP TABLE chosen")?;
    transaction.commit()?;
    Ok(files)
}
