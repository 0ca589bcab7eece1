//! Identities in files that are replaced.

use std::{fs, path::Path, time::Duration};

use tokio::{io::AsyncWriteExt, sync::mpsc, time};
use wxpay_transport::{
    Identity, IdentityFiles, IdentitySource, InvalidIdentity, InvalidIdentityFiles,
};

use crate::{
    log::Log,
    support::{Ca, OK, Pair, call, read_request, serve},
};

pub(crate) fn write(folder: &Path, pair: &Pair) {
    fs::write(folder.join("cert.pem"), &pair.cert).unwrap();
    fs::write(folder.join("key.pem"), &pair.key).unwrap();
}

pub(crate) fn watch(folder: &Path) -> IdentityFiles {
    let files = IdentityFiles::pem(folder.join("cert.pem"), folder.join("key.pem"));
    files.unwrap().every(Duration::ZERO)
}

/// What a server sees of an identity.
async fn certificate_of(ca: &Ca, identity: Identity) -> Vec<u8> {
    let (sender, mut certificates) = mpsc::unbounded_channel();
    let addr = serve(ca.demanding_server(), move |mut stream| {
        let sender = sender.clone();
        async move {
            read_request(&mut stream).await;
            let certificates = stream.get_ref().1.peer_certificates().unwrap();
            sender.send(certificates[0].to_vec()).unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    call(ca.builder_for_one_attempt().identity(identity), addr)
        .await
        .unwrap();
    certificates.recv().await.unwrap()
}

#[tokio::test]
async fn a_half_written_pair_is_never_used() {
    let ca = Ca::new();
    let (old, new) = (ca.pair(), ca.pair());
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    write("cert.pem", &old.cert);
    write("key.pem", &old.key);
    let files = watch(folder.path());

    let (half, _) = new.cert.split_at(new.cert.len() / 2);
    for (name, content) in [
        ("cert.pem", ""),
        ("cert.pem", half),
        ("cert.pem", &new.cert),
        ("key.pem", ""),
    ] {
        write(name, content);
        files.refresh().await;
        assert_eq!(
            certificate_of(&ca, files.current()).await,
            old.der(),
            "{name}: {content}"
        );
    }
    fs::remove_file(folder.path().join("key.pem")).unwrap();
    files.refresh().await;
    assert_eq!(certificate_of(&ca, files.current()).await, old.der());

    write("key.pem", &new.key);
    files.refresh().await;
    assert_eq!(certificate_of(&ca, files.current()).await, new.der());
}

#[tokio::test]
async fn a_change_that_cannot_be_used_is_warned_of_once() {
    let ca = Ca::new();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &ca.pair());
    let files = watch(folder.path());
    let log = Log::capture();

    for certificate in [ca.pair().cert, "no certificate".to_owned()] {
        fs::write(folder.path().join("cert.pem"), certificate).unwrap();
        for _ in 0..3 {
            files.refresh().await;
        }
    }
    write(folder.path(), &ca.pair());
    files.refresh().await;

    let log = log.text();
    assert_eq!(log.matches("the old identity holds").count(), 2, "{log}");
    assert_eq!(log.matches("identity renewed").count(), 1, "{log}");
}

#[tokio::test(start_paused = true)]
async fn files_are_looked_at_once_in_an_interval_and_read_when_they_have_changed() {
    let ca = Ca::new();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &ca.pair());
    let (sender, mut loads) = mpsc::unbounded_channel();
    let paths = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let files = IdentityFiles::watch(paths, move |[cert, key]| {
        sender.send(()).unwrap();
        Identity::from_pem(cert, key)
    });
    let files = files.unwrap().every(Duration::from_secs(60));
    let mut loaded = || std::iter::from_fn(|| loads.try_recv().ok()).count();
    assert_eq!(loaded(), 1);

    // Nothing has changed.
    time::advance(Duration::from_secs(60)).await;
    files.refresh().await;
    assert_eq!(loaded(), 0);

    write(folder.path(), &ca.pair());
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
fn what_changes_while_it_is_read_is_not_taken() {
    let pair = Ca::new().pair();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.pem");
    fs::write(&path, format!("{}{}", pair.cert, pair.key)).unwrap();
    let meanwhile = path.clone();
    let files = IdentityFiles::watch([path], move |[pem]| {
        fs::write(&meanwhile, "shorter").unwrap();
        Identity::from_pem(pem, pem)
    });
    assert!(matches!(files.unwrap_err(), InvalidIdentityFiles::Changing));
}

#[tokio::test]
async fn a_file_moved_into_place_is_seen_whatever_its_time() {
    let ca = Ca::new();
    let (old, new) = (ca.pair(), ca.pair());
    let folder = tempfile::tempdir().unwrap();
    let both = |pair: &Pair| format!("{}{}", pair.cert, pair.key);
    let (path, next) = (
        folder.path().join("client.pem"),
        folder.path().join("next.pem"),
    );
    fs::write(&path, both(&old)).unwrap();
    let files = IdentityFiles::watch([&path], |[pem]| Identity::from_pem(pem, pem));
    let files = files.unwrap().every(Duration::ZERO);

    fs::write(&next, both(&new)).unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::File::open(&next)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    fs::rename(&next, &path).unwrap();
    files.refresh().await;

    assert_eq!(certificate_of(&ca, files.current()).await, new.der());
}

#[test]
fn files_that_hold_no_identity_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pair = Ca::new().pair();
    fs::write(path("cert.pem"), &pair.cert).unwrap();
    fs::write(path("other.pem"), Ca::new().pair().key).unwrap();
    fs::write(path("large.pem"), vec![b'x'; 1024 * 1024 + 1]).unwrap();
    fs::create_dir(path("folder")).unwrap();
    let refused = |key| IdentityFiles::pem(path("cert.pem"), path(key)).unwrap_err();

    assert!(
        matches!(refused("none.pem"), InvalidIdentityFiles::Read { path: at, .. } if at == path("none.pem"))
    );
    assert!(matches!(
        refused("folder"),
        InvalidIdentityFiles::NotAFile { .. }
    ));
    assert!(matches!(
        refused("large.pem"),
        InvalidIdentityFiles::TooLarge { .. }
    ));
    let mismatch = refused("other.pem");
    let InvalidIdentityFiles::Identity { paths, source } = &mismatch else {
        panic!("{mismatch:?}");
    };
    assert!(matches!(source, InvalidIdentity::Mismatch));
    assert_eq!(*paths, [path("cert.pem"), path("other.pem")]);
    assert!(mismatch.to_string().contains("other.pem"), "{mismatch}");
}
