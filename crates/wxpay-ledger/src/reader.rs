//! Reading a ledger, which another process may be writing.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    error::Error,
    file,
    record::{Account, Content, Entry, FileState, Outcome, Reason, key},
};

/// A reader of a ledger. Other processes may write to it meanwhile.
///
/// ```
/// use wxpay_ledger::{Content, FileState, Ledger, Reader};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = &folder.path().join("a.ledger");
/// let account = Ledger::open(path)?.account("1900000109", "mainland", "https://gateway.test")?;
/// let reader = Reader::open(path)?;
/// let state = FileState::of(&std::fs::metadata(path)?);
/// assert_eq!(reader.files(account, &[("licence.jpg", state)])?, [None]); // not uploaded yet
/// let md5 = "900150983cd24fb0d6963f7d28e17f72".to_owned();
/// assert_eq!(reader.uploaded(account, &md5)?, None);
/// assert_eq!(reader.content(account, &Content { md5, bytes: 3 })?, None);
/// assert_eq!(reader.status()?[0].uploaded, 0);
/// reader.export(|file, _entry, _uploaded_at| {
///     println!("{file}");
///     Ok::<_, std::io::Error>(())
/// })??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// The totals of a merchant in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The merchant.
    pub merchant: String,
    /// The region.
    pub region: String,
    /// Number of files with a media id.
    pub uploaded: u64,
    /// Number of refused files.
    pub refused: u64,
    /// Number of files that the next run tries again.
    pub failed: u64,
    /// Number of uploaded pictures; files with equal bytes are one.
    pub pictures: u64,
    /// The time of the last upload, in RFC 3339, UTC.
    pub last: Option<String>,
}

/// The columns of a file for [`entry`].
const ENTRY: &str = "SELECT outcome, at, media_hash, bytes, media_id, attempts, endpoint,
    error_kind, error_code, error_message, error_advice";

/// The same columns of bytes, whether a file has them or not.
const CONTENT: &str = "SELECT iif(outcome = 1, 'uploaded', 'refused'), at, lower(hex(md5)), bytes,
    media_id, attempts, coalesce(contents.endpoint, accounts.endpoint), kind, code, message, advice
    FROM contents JOIN accounts ON id = account WHERE account = ?1 AND md5 = unhex(?2)";

impl Reader {
    /// Opens an existing ledger.
    ///
    /// # Errors
    ///
    /// [`Error`] when there is none.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = file::open(path, false)?;
        let path = path.to_owned();
        Ok(Self { connection, path })
    }

    /// The entries of unchanged files, in the given order and from one transaction. A file that is
    /// new, has changed, or is to be tried again, has none.
    ///
    /// # Errors
    ///
    /// [`Error`] when the ledger cannot be read.
    pub fn files(
        &self,
        account: Account,
        files: &[(impl AsRef<Path>, FileState)],
    ) -> Result<Vec<Option<Entry>>, Error> {
        self.ask(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let mut select = transaction.prepare(&format!(
                "{ENTRY} FROM files WHERE account = ?1 AND path = ?2 AND bytes = ?3 AND mtime = ?4 AND inode = ?5
                 AND outcome <> 'failed'"
            ))?;
            let entries = files.iter().map(|(path, state)| {
                let (path, bytes) = (key(path.as_ref()), state.bytes as i64);
                let file = params![account.0, path, bytes, state.mtime, state.inode as i64];
                select.query_row(file, entry).optional()
            });
            entries.collect()
        })
    }

    /// The entry of these bytes.
    ///
    /// # Errors
    ///
    /// [`Error`] when the ledger cannot be read.
    pub fn content(&self, account: Account, it: &Content) -> Result<Option<Entry>, Error> {
        self.ask(|connection| {
            let content = params![account.0, it.md5, it.bytes as i64];
            let select = format!("{CONTENT} AND bytes = ?3");
            connection.query_row(&select, content, entry).optional()
        })
    }

    /// The entry of uploaded bytes by their MD5 alone; the latest one, if bytes of several lengths
    /// have it.
    ///
    /// # Errors
    ///
    /// [`Error`] when the ledger cannot be read.
    pub fn uploaded(&self, account: Account, md5: &str) -> Result<Option<Entry>, Error> {
        self.ask(|connection| {
            let select = format!("{CONTENT} AND outcome = 1 ORDER BY at DESC LIMIT 1");
            let mut select = connection.prepare(&select)?;
            select.query_row(params![account.0, md5], entry).optional()
        })
    }

    /// The totals of each merchant and region.
    ///
    /// # Errors
    ///
    /// [`Error`] when the ledger cannot be read.
    pub fn status(&self) -> Result<Vec<Status>, Error> {
        let status = |row: &Row<'_>| {
            let count = |column| row.get::<_, i64>(column).map(|it| it as u64);
            Ok(Status {
                merchant: row.get(0)?,
                region: row.get(1)?,
                uploaded: count(2)?,
                refused: count(3)?,
                failed: count(4)?,
                pictures: count(5)?,
                last: row.get(6)?,
            })
        };
        self.ask(|connection| {
            let mut select = connection.prepare(
                "SELECT merchant, region, files_uploaded, files_refused, files_failed, pictures,
                    strftime('%Y-%m-%dT%H:%M:%SZ', last, 'unixepoch') FROM accounts ORDER BY id",
            )?;
            select.query_map([], status)?.collect()
        })
    }

    /// Calls `take` for each file, sorted by absolute path, until it fails: with the path (U+FFFD
    /// for bytes that are not UTF-8), the entry, and the time of the upload in RFC 3339, UTC.
    ///
    /// # Errors
    ///
    /// [`Error`] when the ledger cannot be read.
    pub fn export<E>(
        &self,
        mut take: impl FnMut(&str, Entry, Option<&str>) -> Result<(), E>,
    ) -> Result<Result<(), E>, Error> {
        self.ask(|connection| {
            let mut select = connection.prepare(&format!(
                "{ENTRY}, path, uploaded_at FROM files ORDER BY account, path"
            ))?;
            let mut rows = select.query([])?;
            let mut taken = Ok(());
            while let (Ok(()), Some(row)) = (&taken, rows.next()?) {
                let path = String::from_utf8_lossy(row.get_ref(11)?.as_bytes()?);
                taken = take(&path, entry(row)?, row.get_ref(12)?.as_str_or_null()?);
            }
            Ok(taken)
        })
    }

    fn ask<T>(&self, it: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        it(&self.connection).map_err(|error| Error::new(&self.path, error))
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let text = |column| row.get::<_, Option<String>>(column);
    let outcome = row.get_ref(0)?.as_str()?;
    let bytes = row.get::<_, Option<i64>>(3)?.map(|bytes| bytes as u64);
    let content = text(2)?.zip(bytes);
    let outcome = if outcome == "uploaded" {
        Outcome::Uploaded {
            media_id: row.get(4)?,
            attempts: row.get(5)?,
            endpoint: row.get(6)?,
        }
    } else {
        let reason = Reason {
            kind: text(7)?.unwrap_or_default(),
            code: text(8)?,
            message: text(9)?.unwrap_or_default(),
            advice: text(10)?.unwrap_or_default(),
        };
        match outcome {
            "refused" => Outcome::Refused(reason),
            _ => Outcome::Failed(reason),
        }
    };
    Ok(Entry {
        content: content.map(|(md5, bytes)| Content { md5, bytes }),
        outcome,
        at: row.get::<_, i64>(1)? as u64,
    })
}
