//! Identities that change under a running transport.

use std::{fs, path::Path, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use tokio::{
    io::AsyncWriteExt,
    sync::{mpsc, watch},
    time,
};
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};
use tower::ServiceExt;
use wxpay_transport::{
    Identity, IdentityFiles, IdentityHandle, IdentitySource, InvalidIdentity, InvalidIdentityFiles,
    Transport,
};

use crate::{
    log::Log,
    support::{Ca, OK, Pair, Tls, call, post, read_request, serve},
};

/// The certificate that the client has shown.
fn shown(stream: &Tls) -> Vec<u8> {
    let certificates = stream.get_ref().1.peer_certificates().unwrap();
    certificates[0].to_vec()
}

/// What a server saw of one request.
struct Seen {
    certificate: Vec<u8>,
    handshake: HandshakeKind,
}

/// A server that answers every request once it may, and says what it saw of it before.
async fn server(
    config: ServerConfig,
    keep_alive: bool,
    go: watch::Receiver<bool>,
) -> (std::net::SocketAddr, mpsc::UnboundedReceiver<Seen>) {
    let (sender, seen) = mpsc::unbounded_channel();
    let addr = serve(config, move |mut stream| {
        let (sender, mut go) = (sender.clone(), go.clone());
        async move {
            while !read_request(&mut stream).await.is_empty() {
                let seen = Seen {
                    certificate: shown(&stream),
                    handshake: stream.get_ref().1.handshake_kind().unwrap(),
                };
                sender.send(seen).unwrap();
                go.wait_for(|go| *go).await.unwrap();
                stream.write_all(OK.as_bytes()).await.unwrap();
                if !keep_alive {
                    let _ = stream.shutdown().await;
                    break;
                }
            }
        }
    })
    .await;
    (addr, seen)
}

fn write(folder: &Path, pair: &Pair) {
    fs::write(folder.join("cert.pem"), &pair.cert).unwrap();
    fs::write(folder.join("key.pem"), &pair.key).unwrap();
}

fn watch(folder: &Path) -> IdentityFiles {
    let files = IdentityFiles::pem(folder.join("cert.pem"), folder.join("key.pem"));
    files.unwrap().every(Duration::ZERO)
}

#[tokio::test]
async fn uploads_under_way_finish_while_the_files_are_replaced() {
    let ca = Ca::new();
    let (old, new) = (ca.pair(), ca.pair());
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &old);
    let (go, may_go) = watch::channel(false);
    let (addr, mut seen) = server(ca.demanding_server(), true, may_go).await;
    let builder = ca.builder().identity_source(watch(folder.path()));
    let transport: Transport<Full<Bytes>> = builder.build().unwrap();
    let upload = || tokio::spawn(transport.clone().oneshot(post(addr, "hello")));

    let mut uploads: Vec<_> = (0..16).map(|_| upload()).collect();
    for _ in 0..16 {
        assert_eq!(seen.recv().await.unwrap().certificate, old.der());
    }
    write(folder.path(), &new);
    uploads.push(upload());
    assert_eq!(seen.recv().await.unwrap().certificate, new.der());

    go.send(true).unwrap();
    for upload in uploads {
        assert_eq!(upload.await.unwrap().unwrap().body(), "ok");
    }
    for _ in 0..20 {
        upload().await.unwrap().unwrap();
        assert_eq!(seen.recv().await.unwrap().certificate, new.der());
    }
}

#[tokio::test]
async fn no_connection_and_no_session_of_the_old_identity_is_used_again() {
    let ca = Ca::new();
    let pairs = [ca.pair(), ca.pair()];
    for keep_alive in [true, false] {
        let (_go, may_go) = watch::channel(true);
        let (addr, mut seen) = server(ca.demanding_server(), keep_alive, may_go).await;
        let handle = IdentityHandle::new(pairs[0].identity());
        let builder = ca.builder().identity_source(handle.clone());
        let transport: Transport<Full<Bytes>> = builder.build().unwrap();
        for pair in [&pairs[0], &pairs[1], &pairs[0]] {
            handle.set(pair.identity());
            for first in [true, false, false] {
                transport
                    .clone()
                    .oneshot(post(addr, "hello"))
                    .await
                    .unwrap();
                let seen = seen.recv().await.unwrap();
                assert_eq!(seen.certificate, pair.der());
                // Where the connection is kept, there is but the first handshake.
                let full = first || keep_alive;
                assert_eq!(seen.handshake == HandshakeKind::Full, full);
            }
        }
    }
}

#[tokio::test]
async fn connections_of_the_old_identity_are_closed() {
    let ca = Ca::new();
    let handle = IdentityHandle::new(ca.pair().identity());
    let (sender, mut ends) = mpsc::unbounded_channel();
    let addr = serve(ca.demanding_server(), move |mut stream| {
        let sender = sender.clone();
        async move {
            while !read_request(&mut stream).await.is_empty() {
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
            sender.send(shown(&stream)).unwrap();
        }
    })
    .await;
    let renewed = ca.pair();
    let builder = ca.builder().identity_source(handle.clone());
    let transport: Transport<Full<Bytes>> = builder.build().unwrap();
    transport
        .clone()
        .oneshot(post(addr, "hello"))
        .await
        .unwrap();

    handle.set(renewed.identity());
    transport
        .clone()
        .oneshot(post(addr, "hello"))
        .await
        .unwrap();

    let ended = time::timeout(Duration::from_secs(20), ends.recv()).await;
    assert_ne!(
        ended.expect("the pool lets go of it").unwrap(),
        renewed.der()
    );
}

/// What a server sees of an identity.
async fn certificate_of(ca: &Ca, identity: Identity) -> Vec<u8> {
    let (_go, may_go) = watch::channel(true);
    let (addr, mut seen) = server(ca.demanding_server(), true, may_go).await;
    call(ca.builder().identity(identity), addr).await.unwrap();
    seen.recv().await.unwrap().certificate
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
