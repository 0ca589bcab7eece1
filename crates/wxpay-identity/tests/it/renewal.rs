//! Identities in files that are replaced.

use std::{fs, io::ErrorKind, path::Path, time::Duration};

use tokio::{sync::mpsc, time};
use wxpay_identity::{Identity, IdentityError, IdentityFiles, IdentityFilesError, IdentitySource};

use crate::{log::Log, support::Pair};

fn files(folder: &Path) -> IdentityFiles {
    let files = IdentityFiles::pem(folder.join("cert.pem"), folder.join("key.pem"));
    files.unwrap().poll_interval(Duration::ZERO)
}

/// Returns true if the current identity has this certificate.
fn holds(files: &IdentityFiles, pair: &Pair) -> bool {
    let (current, expected) = (files.current(), pair.identity());
    current.certificates().eq(expected.certificates())
}

#[tokio::test]
async fn a_half_written_pair_is_never_used() {
    let (old, new) = (Pair::new(), Pair::new());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    write("cert.pem", &old.cert);
    write("key.pem", &old.key);
    let files = files(folder.path());

    let (half, _) = new.cert.split_at(new.cert.len() / 2);
    for (name, content) in [
        ("cert.pem", ""),
        ("cert.pem", half),
        ("cert.pem", &new.cert),
        ("key.pem", ""),
    ] {
        write(name, content);
        files.refresh().await;
        assert!(holds(&files, &old), "{name}: {content}");
    }
    fs::remove_file(folder.path().join("key.pem")).unwrap();
    files.refresh().await;
    assert!(holds(&files, &old));

    write("key.pem", &new.key);
    files.refresh().await;
    assert!(holds(&files, &new));
}

#[tokio::test]
async fn an_invalid_change_gives_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    Pair::new().write(folder.path());
    let files = files(folder.path());
    let log = Log::capture();

    for certificate in [Pair::new().cert, "no certificate".to_owned()] {
        fs::write(folder.path().join("cert.pem"), certificate).unwrap();
        for _ in 0..3 {
            files.refresh().await;
        }
    }
    Pair::new().write(folder.path());
    files.refresh().await;

    let log = log.text();
    assert_eq!(log.matches("the old identity holds").count(), 2, "{log}");
    assert_eq!(log.matches("identity renewed").count(), 1, "{log}");
}

#[tokio::test(start_paused = true)]
async fn files_are_read_once_in_an_interval_and_loaded_when_they_have_changed() {
    let folder = tempfile::tempdir().unwrap();
    Pair::new().write(folder.path());
    let (sender, mut loads) = mpsc::unbounded_channel();
    let paths = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let files = IdentityFiles::new(paths, move |[cert, key]| {
        sender.send(()).unwrap();
        Identity::from_pem(cert, key)
    });
    let files = files.unwrap().poll_interval(Duration::from_secs(60));
    let mut loaded = || std::iter::from_fn(|| loads.try_recv().ok()).count();
    assert_eq!(loaded(), 1);

    // Nothing has changed.
    time::advance(Duration::from_secs(60)).await;
    files.refresh().await;
    assert_eq!(loaded(), 0);

    Pair::new().write(folder.path());
    time::advance(Duration::from_secs(59)).await;
    files.refresh().await;
    assert_eq!(loaded(), 0);

    time::advance(Duration::from_secs(1)).await;
    files.clone().refresh().await;
    assert_eq!(loaded(), 1);
    files.refresh().await;
    assert_eq!(loaded(), 0);
}

#[test]
fn files_that_change_while_they_are_read_are_refused() {
    let pair = Pair::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.pem");
    fs::write(&path, pair.both()).unwrap();
    let meanwhile = path.clone();
    let files = IdentityFiles::new([path], move |[pem]| {
        fs::write(&meanwhile, "shorter").unwrap();
        Identity::from_pem(pem, pem)
    });
    assert!(matches!(files.unwrap_err(), IdentityFilesError::Changing));
}

#[tokio::test]
async fn a_moved_file_is_noticed_with_any_modification_time() {
    let (old, new) = (Pair::new(), Pair::new());
    let folder = tempfile::tempdir().unwrap();
    let [path, next] = ["client.pem", "next.pem"].map(|name| folder.path().join(name));
    fs::write(&path, old.both()).unwrap();
    let files = IdentityFiles::new([&path], |[pem]| Identity::from_pem(pem, pem));
    let files = files.unwrap().poll_interval(Duration::ZERO);

    fs::write(&next, new.both()).unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let file = fs::File::open(&next).unwrap();
    file.set_modified(modified).unwrap();
    fs::rename(&next, &path).unwrap();
    files.refresh().await;

    assert!(holds(&files, &new));
}

#[test]
fn files_without_an_identity_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pair = Pair::new();
    fs::write(path("cert.pem"), &pair.cert).unwrap();
    fs::write(path("other.pem"), Pair::new().key).unwrap();
    fs::write(path("large.pem"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    fs::create_dir(path("folder")).unwrap();
    let refused = |key| IdentityFiles::pem(path("cert.pem"), path(key)).unwrap_err();
    for (name, kind) in [
        ("none.pem", ErrorKind::NotFound),
        ("folder", ErrorKind::InvalidInput),
        ("large.pem", ErrorKind::FileTooLarge),
    ] {
        match refused(name) {
            IdentityFilesError::Read { path: at, source } => {
                assert_eq!((at, source.kind()), (path(name), kind));
            }
            other => panic!("{other:?}"),
        }
    }
    let mismatch = refused("other.pem");
    let IdentityFilesError::Identity { paths, source } = &mismatch else {
        panic!("{mismatch:?}");
    };
    assert!(matches!(source, IdentityError::Mismatch));
    assert_eq!(*paths, [path("cert.pem"), path("other.pem")]);
    assert!(mismatch.to_string().contains("other.pem"), "{mismatch}");
}
