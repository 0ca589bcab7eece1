//! A ledger as a program uses it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

mod model;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;
use wxpay_ledger::{
    Account, Content, Entry, Error, ErrorKind, FileState, Ledger, Outcome, Reader, Reason, Record,
    Selection, Status, forget,
};

fn content(number: u8) -> Content {
    let (md5, bytes) = (format!("{number:032x}"), 1000 + u64::from(number));
    Content { md5, bytes }
}

fn state(content: &Content) -> FileState {
    FileState {
        bytes: content.bytes,
        mtime: Some(1_700_000_000_123),
        inode: u64::MAX,
    }
}

fn uploaded(media_id: &str) -> Outcome {
    Outcome::Uploaded {
        media_id: media_id.to_owned(),
        attempts: 2,
        endpoint: "https://gateway.test".to_owned(),
    }
}

fn reason(message: &str) -> Reason {
    Reason {
        kind: "gateway".to_owned(),
        code: Some("PARAM_ERROR".to_owned()),
        message: message.to_owned(),
        advice: "send another".to_owned(),
    }
}

fn record(path: &str, content: &Content, outcome: impl Into<Option<Outcome>>) -> Record {
    Record {
        path: Some(path.into()),
        file: state(content),
        content: Some(content.clone()),
        outcome: outcome.into(),
        at: UNIX_EPOCH + Duration::from_secs(1_764_133_200),
    }
}

fn account(ledger: &Ledger) -> Account {
    let account = ledger.account("1900000109", "mainland", "https://api.test");
    account.unwrap()
}

/// Writes these records, and waits until they are on the disk.
fn write(ledger: &Ledger, records: impl IntoIterator<Item = Record>) -> Result<(), Error> {
    write_for(account(ledger), ledger, records)
}

fn write_for(
    account: Account,
    ledger: &Ledger,
    records: impl IntoIterator<Item = Record>,
) -> Result<(), Error> {
    let (sender, receiver) = mpsc::channel();
    for record in records {
        let sender = sender.clone();
        ledger.record(account, record, move |result| sender.send(result).unwrap());
    }
    drop(sender);
    receiver.into_iter().collect()
}

/// The entry of a file that has this content now.
fn look(ledger: &Path, account: Account, path: &str, content: &Content) -> Option<Entry> {
    let reader = Reader::open(ledger).unwrap();
    let found = reader.files(account, &[(path, state(content))]);
    found.unwrap().remove(0)
}

/// A folder, and the path of a ledger in it that is not there yet.
fn new_path() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.ledger");
    (folder, path)
}

/// A folder with a ledger.
fn opened() -> (TempDir, PathBuf, Ledger) {
    let (folder, path) = new_path();
    let ledger = Ledger::open(&path).unwrap();
    (folder, path, ledger)
}

/// The kind of an error.
fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    result.unwrap_err().kind().clone()
}

/// The paths of an export, and the rest of its rows.
fn export(path: &Path) -> (Vec<String>, Vec<(Entry, Option<String>)>) {
    let (mut paths, mut rows) = (Vec::new(), Vec::new());
    let exported = Reader::open(path).unwrap().export(|path, entry, at| {
        paths.push(path.to_owned());
        rows.push((entry, at.map(str::to_owned)));
        Ok::<_, ()>(())
    });
    exported.unwrap().unwrap();
    (paths, rows)
}

fn status(path: &Path) -> Status {
    let status = Reader::open(path).unwrap().status();
    let [status] = status.unwrap().try_into().unwrap();
    status
}

#[test]
fn records_are_known_after_the_file_is_opened_again() {
    let (_folder, path, ledger) = opened();
    let (one, two) = (content(1), content(2));
    let refused = Outcome::Refused(reason("too small"));
    let a = record("/a", &one, uploaded("ID"));
    write(&ledger, [a, record("/b", &two, refused.clone())]).unwrap();
    write(&ledger, [record("/c", &one, None)]).unwrap();
    let id = account(&ledger);
    drop(ledger);
    let known = |path_: &str, content| look(&path, id, path_, content);
    assert_eq!(known("/a", &one).unwrap().outcome, uploaded("ID"));
    assert_eq!(known("/c", &one), known("/a", &one));
    assert_eq!(known("/b", &two).unwrap().outcome, refused);
    assert_eq!(known("/b", &one), None);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.content(id, &one).unwrap(), known("/a", &one));
    let shorter = Content { bytes: 1, ..one };
    assert_eq!(reader.content(id, &shorter).unwrap(), None);
    let status = status(&path);
    assert_eq!((status.uploaded, status.refused, status.failed), (2, 1, 0));
    assert_eq!(status.pictures, 1);
    assert_eq!(status.last.as_deref(), Some("2025-11-26T05:00:00Z"));
}

#[test]
fn a_file_is_new_when_any_part_of_its_state_or_the_account_differs() {
    let (_folder, path, ledger) = opened();
    let one = content(1);
    write(&ledger, [record("/a", &one, uploaded("ID"))]).unwrap();
    let reader = Reader::open(&path).unwrap();
    let mut files = [("/a", state(&one)); 4];
    files[0].1.bytes = 1;
    files[1].1.mtime = Some(1);
    files[2].1.mtime = None;
    files[3].1.inode = 1;
    let found = reader.files(account(&ledger), &files).unwrap();
    assert_eq!(found, [None, None, None, None]);
    let other = ledger.account("1900000109", "hongkong", "https://api.test");
    let other = other.unwrap();
    let found = reader.files(other, &[("/a", state(&one))]);
    assert_eq!(found.unwrap(), [None]);
    assert_eq!(reader.content(other, &one).unwrap(), None);
}

#[test]
fn a_file_that_was_just_written_has_no_time_of_change() {
    let (_folder, path) = new_path();
    fs::write(&path, "a").unwrap();
    assert_eq!(FileState::of(&fs::metadata(&path).unwrap()).mtime, None);
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3))
        .unwrap();
    assert!(FileState::of(&fs::metadata(&path).unwrap()).mtime.is_some());
}

#[test]
fn a_failure_is_tried_again_and_does_not_hide_what_is_known() {
    let (_folder, path, ledger) = opened();
    let (one, two) = (content(1), content(2));
    let failed = Outcome::Failed(reason("gone"));
    let unread = |path| Record {
        content: None,
        ..record(path, &one, failed.clone())
    };
    write(&ledger, [record("/a", &one, uploaded("ID"))]).unwrap();
    write(&ledger, [unread("/a"), unread("/b")]).unwrap();
    let known = |path_, content| look(&path, account(&ledger), path_, content);
    assert_eq!(known("/a", &one).unwrap().outcome, uploaded("ID"));
    assert_eq!(known("/b", &one), None);

    // The file has other bytes now, so its id is not this one any more.
    write(&ledger, [record("/a", &two, failed)]).unwrap();
    assert_eq!(known("/a", &one), None);
    let status = status(&path);
    assert_eq!((status.uploaded, status.failed, status.pictures), (0, 2, 1));
}

#[test]
fn an_id_is_not_taken_back_by_a_refusal_and_a_refusal_gives_way_to_an_id() {
    let (_folder, path, ledger) = opened();
    let refused = Outcome::Refused(reason("no"));
    let (one, two) = (content(1), content(2));
    let first = record("/a", &one, uploaded("ID"));
    write(&ledger, [first, record("/b", &two, refused.clone())]).unwrap();
    let later = record("/d", &two, uploaded("LATER"));
    write(&ledger, [record("/c", &one, refused), later]).unwrap();
    for (file, content, id) in [
        ("/a", &one, "ID"),
        ("/c", &one, "ID"),
        ("/b", &two, "LATER"),
        ("/d", &two, "LATER"),
    ] {
        let known = look(&path, account(&ledger), file, content).unwrap();
        assert_eq!(known.outcome, uploaded(id), "{file}");
    }
    let it = status(&path);
    assert_eq!((it.uploaded, it.refused, it.pictures), (4, 0, 2));
}

#[test]
fn an_export_has_a_row_for_each_path() {
    let (_folder, path, ledger) = opened();
    let one = content(1);
    let not_a_picture = Outcome::Refused(reason("text"));
    let unread = Record {
        content: None,
        ..record("/b", &one, not_a_picture.clone())
    };
    write(&ledger, [unread, record("/a", &one, uploaded("ID"))]).unwrap();
    #[cfg(target_os = "linux")]
    {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let mut not_utf8 = record("", &one, None);
        not_utf8.path = Some(OsStr::from_bytes(b"/\xff").into());
        write(&ledger, [not_utf8]).unwrap();
    }
    let (paths, rows) = export(&path);
    assert_eq!(paths[..2], ["/a", "/b"]);
    #[cfg(target_os = "linux")]
    assert_eq!(paths[2..], ["/\u{fffd}"]);
    assert_eq!(rows[0].1.as_deref(), Some("2025-11-26T05:00:00Z"));
    assert_eq!(rows[0].0.outcome, uploaded("ID"));
    assert_eq!((&rows[1].0.outcome, &rows[1].1), (&not_a_picture, &None));
    assert_eq!(rows[1].0.content, None);
    let mut rows = 0;
    let stopped = Reader::open(&path).unwrap().export(|_, _, _| {
        rows += 1;
        Err("enough")
    });
    assert_eq!((stopped.unwrap(), rows), (Err("enough"), 1));
}

#[test]
fn rows_are_forgotten_by_path_by_hash_and_by_age_while_the_ledger_is_in_use() {
    let (_folder, path, ledger) = opened();
    let fill = || {
        let files = [("/1", 1), ("/2", 2), ("/3", 3), ("/also-1", 1)];
        let mut records = files.map(|(path, it)| record(path, &content(it), uploaded("ID")));
        records[2].at += Duration::from_secs(100);
        write(&ledger, records).unwrap();
    };
    let left = || {
        let (left, _) = export(&path);
        assert_eq!(status(&path).uploaded, left.len() as u64);
        left.join(" ")
    };
    let at = record("", &content(1), None).at;
    for (selection, files, rest) in [
        (Selection::Path("/1".into()), 2, "/2 /3"),
        (Selection::Path("/none".into()), 0, "/1 /2 /3 /also-1"),
        (Selection::Hash(content(2).md5), 1, "/1 /3 /also-1"),
        (Selection::Hash("nonsense".into()), 0, "/1 /2 /3 /also-1"),
        (Selection::Before(at + Duration::from_secs(1)), 3, "/3"),
        (Selection::Before(at), 0, "/1 /2 /3 /also-1"),
    ] {
        fill();
        assert_eq!(forget(&path, &selection).unwrap(), files, "{selection:?}");
        assert_eq!(left(), rest, "{selection:?}");
    }
}

#[test]
fn records_are_written_while_many_rows_are_forgotten() {
    let (_folder, path, ledger) = opened();
    account(&ledger);
    let database = rusqlite::Connection::open(&path).unwrap();
    let fill = "INSERT INTO contents WITH RECURSIVE number(it) AS (VALUES (1) UNION ALL SELECT it + 1 FROM number
            WHERE it < 50000) SELECT 1, randomblob(16), it, 1, 0, 'ID', 1, '', NULL, NULL, NULL, NULL FROM number;
        INSERT INTO paths SELECT 1, '/old/' || bytes, bytes, 0, 0, md5, 1, NULL, NULL, NULL, NULL, NULL FROM contents;";
    database.execute_batch(fill).unwrap();
    let all = Selection::Before(UNIX_EPOCH + Duration::from_secs(1));
    let forgetting = thread::spawn({
        let path = path.clone();
        move || forget(&path, &all).unwrap()
    });
    let mut writes = 0;
    while !forgetting.is_finished() {
        write(&ledger, [record("/new", &content(1), uploaded("ID"))]).unwrap();
        writes += 1;
    }
    assert_eq!(forgetting.join().unwrap(), 50_000);
    // At least one in each of four pauses, and others between.
    assert!(writes >= 8, "{writes}");
    assert_eq!(status(&path).uploaded, 1);
}

/// `forget` leaves such a file between its two steps, and a crash there for longer.
#[test]
fn a_file_without_its_bytes_is_new_and_is_removed_by_the_next_forget() {
    let (_folder, path, ledger) = opened();
    let one = content(1);
    let first = record("/1", &one, uploaded("ID"));
    let second = record("/2", &content(2), uploaded("ID"));
    write(&ledger, [first, second]).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    let forget_bytes = "DELETE FROM contents WHERE bytes = 1001";
    database.execute(forget_bytes, []).unwrap();
    assert_eq!(look(&path, account(&ledger), "/1", &one), None);
    assert_eq!(export(&path).0, ["/2"]);
    assert_eq!(forget(&path, &Selection::Path("/none".into())).unwrap(), 1);
    assert_eq!(status(&path).uploaded, 1);
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_is() {
    let (folder, path) = new_path();
    let other = folder.path().join("other.db");
    let database = rusqlite::Connection::open(&other).unwrap();
    database.execute_batch("CREATE TABLE notes (text)").unwrap();
    drop(database);
    let text = b"some text, and no database".to_vec();
    for foreign in [text, vec![0; 5000], fs::read(other).unwrap()] {
        fs::write(&path, &foreign).unwrap();
        assert_eq!(kind(Ledger::open(&path)), ErrorKind::Foreign);
        assert_eq!(kind(Reader::open(&path)), ErrorKind::Foreign);
        assert_eq!(fs::read(&path).unwrap(), foreign);
        assert!(!folder.path().join("shop.ledger-lock").exists());
    }
    assert_eq!(kind(Ledger::open(folder.path())), ErrorKind::Foreign);
    for missing in ["missing.ledger", "no/such/folder"] {
        let missing = folder.path().join(missing);
        assert_eq!(kind(Reader::open(&missing)), ErrorKind::Missing);
    }
    let missing = folder.path().join("no/such/folder");
    assert_eq!(kind(Ledger::open(&missing)), ErrorKind::Missing);
}

#[test]
fn a_newer_file_is_refused_and_an_empty_one_becomes_a_ledger() {
    let (_folder, path) = new_path();
    fs::write(&path, "").unwrap();
    assert_eq!(kind(Reader::open(&path)), ErrorKind::Foreign);
    drop(Ledger::open(&path).unwrap());
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(database);
    let error = Ledger::open(&path).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Newer(7));
    let words = "shop.ledger: a newer wxpay has written it, with schema 7";
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let (_folder, path, ledger) = opened();
    assert_eq!(kind(Ledger::open(&path)), ErrorKind::InUse);
    let reader = Reader::open(&path).unwrap();
    write(&ledger, [record("/a", &content(1), uploaded("ID"))]).unwrap();
    assert_eq!(reader.status().unwrap()[0].uploaded, 1);
    drop(ledger);
    Ledger::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn records_and_accounts_fail_after_the_file_or_its_log_was_removed() {
    for name in ["shop.ledger", "shop.ledger-wal"] {
        let (folder, _path, ledger) = opened();
        let id = account(&ledger);
        write(&ledger, [record("/a", &content(1), uploaded("ID"))]).unwrap();
        fs::remove_file(folder.path().join(name)).unwrap();
        let lost = record("/b", &content(2), uploaded("ID"));
        let written = write_for(id, &ledger, [lost]);
        assert_eq!(kind(written), ErrorKind::Removed, "{name}");
        let other = ledger.account("1900000110", "mainland", "https://b.test");
        assert_eq!(kind(other), ErrorKind::Removed, "{name}");
    }
}

#[test]
fn no_account_of_a_ledger_that_replaces_the_file_is_given() {
    let (folder, path, ledger) = opened();
    account(&ledger);
    let new = folder.path().join("new.ledger");
    drop(Ledger::open(&new).unwrap());
    fs::rename(&new, &path).unwrap();
    let other = ledger.account("1900000110", "mainland", "https://b.test");
    assert_eq!(kind(other), ErrorKind::Removed);
}
