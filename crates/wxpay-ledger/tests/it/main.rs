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

use wxpay_ledger::{
    Account, Content, Entry, Error, ErrorKind, FileState, Ledger, Outcome, Reader, Reason, Record,
    Selection, Status, forget,
};

fn content(number: u8) -> Content {
    let (md5, bytes) = (format!("{number:032x}"), 1000 + u64::from(number));
    Content { md5, bytes }
}

fn state(content: &Content) -> FileState {
    let (bytes, mtime) = (content.bytes, Some(1_700_000_000_123));
    FileState {
        bytes,
        mtime,
        inode: u64::MAX,
    }
}

fn uploaded(media_id: &str) -> Outcome {
    let media_id = media_id.to_owned();
    let endpoint = "https://gateway.test".to_owned();
    Outcome::Uploaded {
        media_id,
        attempts: 2,
        endpoint,
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
    ledger
        .account("1900000109", "mainland", "https://api.test")
        .unwrap()
}

/// Writes all, and waits until they are on the disk.
fn write(ledger: &Ledger, records: impl IntoIterator<Item = Record>) -> Result<(), Error> {
    let (sender, receiver) = mpsc::channel();
    for record in records {
        let sender = sender.clone();
        ledger.record(account(ledger), record, move |result| {
            sender.send(result).unwrap();
        });
    }
    drop(sender);
    receiver.into_iter().collect()
}

/// What is known of a file that has this content now.
fn look(ledger: &Path, account: Account, path: &str, content: &Content) -> Option<Entry> {
    let reader = Reader::open(ledger).unwrap();
    let [found] = reader
        .files(account, &[(path, state(content))])
        .unwrap()
        .try_into()
        .unwrap();
    found
}

/// A folder, and a ledger in it.
fn opened() -> (Folder, PathBuf, Ledger) {
    let folder = Folder::new();
    let path = folder.ledger();
    let ledger = Ledger::open(&path).unwrap();
    (folder, path, ledger)
}

/// All paths of an export, and its rows.
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
    let [status] = Reader::open(path)
        .unwrap()
        .status()
        .unwrap()
        .try_into()
        .unwrap();
    status
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn ledger(&self) -> PathBuf {
        self.0.path().join("shop.ledger")
    }
}

#[test]
fn what_is_recorded_is_known_after_the_file_is_opened_again() {
    let folder = Folder::new();
    let path = folder.ledger();
    let (one, two) = (content(1), content(2));
    let id = {
        let ledger = Ledger::open(&path).unwrap();
        let refused = Outcome::Refused(reason("too small"));
        let records = [
            record("/a", &one, uploaded("ID")),
            record("/b", &two, refused),
        ];
        write(&ledger, records).unwrap();
        write(&ledger, [record("/c", &one, None)]).unwrap();
        account(&ledger)
    };
    let known = |path_: &str, content| look(&path, id, path_, content);
    assert_eq!(known("/a", &one).unwrap().outcome, uploaded("ID"));
    assert_eq!(known("/c", &one), known("/a", &one));
    assert_eq!(
        known("/b", &two).unwrap().outcome,
        Outcome::Refused(reason("too small"))
    );
    assert_eq!(known("/b", &one), None);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.content(id, &one).unwrap(), known("/a", &one));
    let shorter = Content { bytes: 1, ..one };
    assert_eq!(reader.content(id, &shorter).unwrap(), None);
    let [status] = reader.status().unwrap().try_into().unwrap();
    assert_eq!((status.uploaded, status.refused, status.failed), (2, 1, 0));
    assert_eq!(status.pictures, 1);
    assert_eq!(status.last.as_deref(), Some("2025-11-26T05:00:00Z"));
}

#[test]
fn a_file_is_new_when_anything_of_its_state_is_another() {
    let folder = Folder::new();
    let ledger = Ledger::open(&folder.ledger()).unwrap();
    let one = content(1);
    write(&ledger, [record("/a", &one, uploaded("ID"))]).unwrap();
    let reader = Reader::open(&folder.ledger()).unwrap();
    let now = state(&one);
    let states = [
        FileState { bytes: 1, ..now },
        FileState {
            mtime: Some(1),
            ..now
        },
        FileState { mtime: None, ..now },
        FileState { inode: 1, ..now },
    ];
    let files = states.map(|state| ("/a", state));
    assert_eq!(
        reader.files(account(&ledger), &files).unwrap(),
        [None, None, None, None]
    );
    let other = ledger
        .account("1900000109", "hongkong", "https://api.test")
        .unwrap();
    assert_eq!(reader.files(other, &[("/a", now)]).unwrap(), [None]);
    assert_eq!(reader.content(other, &one).unwrap(), None);
}

#[test]
fn a_file_that_was_just_written_tells_no_changes() {
    let folder = Folder::new();
    let path = folder.0.path().join("a.jpg");
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
    write(
        &ledger,
        [
            record("/a", &one, uploaded("ID")),
            record("/b", &two, refused.clone()),
        ],
    )
    .unwrap();
    write(
        &ledger,
        [
            record("/c", &one, refused),
            record("/d", &two, uploaded("LATER")),
        ],
    )
    .unwrap();
    for (file, content, id) in [
        ("/a", &one, "ID"),
        ("/c", &one, "ID"),
        ("/b", &two, "LATER"),
        ("/d", &two, "LATER"),
    ] {
        let known = look(&path, account(&ledger), file, content).unwrap();
        assert_eq!(known.outcome, uploaded(id), "{file}");
    }
    let status = status(&path);
    assert_eq!(
        (status.uploaded, status.refused, status.pictures),
        (4, 0, 2)
    );
}

#[test]
fn an_export_has_a_row_a_path() {
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
        let odd = OsStr::from_bytes(b"/\xff").into();
        write(
            &ledger,
            [Record {
                path: Some(odd),
                ..record("", &one, None)
            }],
        )
        .unwrap();
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
fn rows_are_forgotten_by_path_by_hash_and_by_age_while_it_is_in_use() {
    let (_folder, path, ledger) = opened();
    let fill = || {
        let mut records: Vec<_> = (1..=3)
            .map(|it| record(&format!("/{it}"), &content(it), uploaded("ID")))
            .collect();
        records.push(record("/also-1", &content(1), uploaded("ID")));
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
fn a_run_goes_on_while_many_rows_are_forgotten() {
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
    // One and more in each of four pauses.
    assert!(writes >= 8, "{writes}");
    assert_eq!(status(&path).uploaded, 1);
}

/// Between the two halves, or after a crash there, such a file is not taken for done.
#[test]
fn a_file_whose_bytes_alone_are_forgotten_is_new_and_goes_with_the_next() {
    let (_folder, path, ledger) = opened();
    let (one, two) = (content(1), content(2));
    let records = [
        record("/1", &one, uploaded("ID")),
        record("/2", &two, uploaded("ID")),
    ];
    write(&ledger, records).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute("DELETE FROM contents WHERE bytes = 1001", [])
        .unwrap();
    assert_eq!(look(&path, account(&ledger), "/1", &one), None);
    assert_eq!(export(&path).0, ["/2"]);
    assert_eq!(forget(&path, &Selection::Path("/none".into())).unwrap(), 1);
    assert_eq!(status(&path).uploaded, 1);
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let path = folder.ledger();
    let database = rusqlite::Connection::open(folder.0.path().join("other.db")).unwrap();
    database.execute_batch("CREATE TABLE notes (text)").unwrap();
    drop(database);
    let database = fs::read(folder.0.path().join("other.db")).unwrap();
    for foreign in [
        b"some text, and no database".to_vec(),
        vec![0; 5000],
        database,
    ] {
        fs::write(&path, &foreign).unwrap();
        assert_eq!(Ledger::open(&path).unwrap_err().kind(), &ErrorKind::Foreign);
        assert_eq!(Reader::open(&path).unwrap_err().kind(), &ErrorKind::Foreign);
        assert_eq!(fs::read(&path).unwrap(), foreign);
        assert!(!folder.0.path().join("shop.ledger-lock").exists());
    }
    assert_eq!(
        Ledger::open(folder.0.path()).unwrap_err().kind(),
        &ErrorKind::Foreign
    );
    let missing = folder.0.path().join("no/such/folder");
    assert_eq!(
        Ledger::open(&missing).unwrap_err().kind(),
        &ErrorKind::Missing
    );
    assert_eq!(
        Reader::open(&missing).unwrap_err().kind(),
        &ErrorKind::Missing
    );
}

#[test]
fn a_newer_file_is_refused_and_an_empty_one_taken() {
    let folder = Folder::new();
    let path = folder.ledger();
    fs::write(&path, "").unwrap();
    assert_eq!(Reader::open(&path).unwrap_err().kind(), &ErrorKind::Foreign);
    drop(Ledger::open(&path).unwrap());
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(database);
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Newer(7)), "{error}");
    assert!(
        error
            .to_string()
            .contains("shop.ledger: a newer wxpay has written it, with schema 7"),
        "{error}"
    );
}

#[test]
fn a_second_writer_is_told_and_readers_are_not_in_its_way() {
    let (_folder, path, ledger) = opened();
    assert_eq!(Ledger::open(&path).unwrap_err().kind(), &ErrorKind::InUse);
    let reader = Reader::open(&path).unwrap();
    write(&ledger, [record("/a", &content(1), uploaded("ID"))]).unwrap();
    assert_eq!(reader.status().unwrap()[0].uploaded, 1);
    drop(ledger);
    Ledger::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn nothing_is_taken_for_done_in_a_file_that_was_removed() {
    for name in ["shop.ledger", "shop.ledger-wal"] {
        let folder = Folder::new();
        let path = folder.ledger();
        let ledger = Ledger::open(&path).unwrap();
        write(&ledger, [record("/a", &content(1), uploaded("ID"))]).unwrap();
        fs::remove_file(folder.0.path().join(name)).unwrap();
        let error = write(&ledger, [record("/b", &content(2), uploaded("ID"))]).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Removed, "{name}");
    }
}
