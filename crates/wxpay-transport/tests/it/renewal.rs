//! Identities that change under a running transport.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use rustls_pki_types::CertificateDer;
use tokio::{
    io::AsyncWriteExt,
    sync::{mpsc, watch},
    time,
};
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};
use wxpay_transport::{Identity, IdentityFiles, IdentityHandle, IdentitySource, Transport};

use crate::support::{
    Ca, OK, Pair, Tls, answer, call, post, read_request, send, serve, serve_reporting,
    serve_response,
};

fn write(folder: &Path, pair: &Pair) {
    fs::write(folder.join("cert.pem"), &pair.cert).unwrap();
    fs::write(folder.join("key.pem"), &pair.key).unwrap();
}

fn watch(folder: &Path) -> IdentityFiles {
    let files = IdentityFiles::pem(folder.join("cert.pem"), folder.join("key.pem"));
    files.unwrap().poll_interval(Duration::ZERO)
}

/// The client's certificate.
fn certificate(stream: &Tls) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

/// The client's certificate, and the kind of handshake.
type Seen = (CertificateDer<'static>, HandshakeKind);

/// A server that reports every request, and answers it when it may.
async fn server(
    config: ServerConfig,
    keep_alive: bool,
    go: watch::Receiver<bool>,
) -> (SocketAddr, mpsc::UnboundedReceiver<Seen>) {
    let (sender, seen) = mpsc::unbounded_channel();
    let addr = serve(config, move |mut stream| {
        let (sender, mut go) = (sender.clone(), go.clone());
        async move {
            while !read_request(&mut stream).await.is_empty() {
                let handshake = stream.get_ref().1.handshake_kind().unwrap();
                sender.send((certificate(&stream), handshake)).unwrap();
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
    let upload = || {
        let transport = transport.clone();
        tokio::spawn(async move { send(&transport, post(addr, "hello")).await })
    };

    let mut uploads: Vec<_> = (0..16).map(|_| upload()).collect();
    for _ in 0..16 {
        assert_eq!(seen.recv().await.unwrap().0, old.der());
    }
    write(folder.path(), &new);
    uploads.push(upload());
    assert_eq!(seen.recv().await.unwrap().0, new.der());

    go.send(true).unwrap();
    for upload in uploads {
        assert_eq!(upload.await.unwrap().unwrap().body(), "ok");
    }
    for _ in 0..20 {
        upload().await.unwrap().unwrap();
        assert_eq!(seen.recv().await.unwrap().0, new.der());
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
                send(&transport, post(addr, "hello")).await.unwrap();
                let (certificate, handshake) = seen.recv().await.unwrap();
                assert_eq!(certificate, pair.der());
                // On a kept connection the handshake is the first one.
                let full = first || keep_alive;
                assert_eq!(handshake == HandshakeKind::Full, full);
            }
        }
    }
}

#[tokio::test]
async fn connections_of_the_old_identity_are_closed() {
    let ca = Ca::new();
    let handle = IdentityHandle::new(ca.pair().identity());
    let server = async |mut stream: Tls| {
        while !answer(&mut stream).await.is_empty() {}
        certificate(&stream)
    };
    let (addr, mut ends) = serve_reporting(ca.demanding_server(), server).await;
    let renewed = ca.pair();
    let builder = ca.builder().identity_source(handle.clone());
    let transport: Transport<Full<Bytes>> = builder.build().unwrap();
    send(&transport, post(addr, "hello")).await.unwrap();

    handle.set(renewed.identity());
    send(&transport, post(addr, "hello")).await.unwrap();

    let ended = time::timeout(Duration::from_secs(20), ends.recv()).await;
    let ended = ended.expect("the connection must be closed").unwrap();
    assert_ne!(ended, renewed.der());
}

/// A source that reads the identity each time, so that no two of its identities are one.
#[derive(Debug)]
struct Anew(Pair, Arc<AtomicUsize>);

impl IdentitySource for Anew {
    fn current(&self) -> Identity {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.identity()
    }
}

#[tokio::test]
async fn a_source_whose_identity_is_always_another_is_asked_once_a_call() {
    let ca = Ca::new();
    let addr = serve_response(ca.demanding_server(), OK).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let source = Anew(ca.pair(), Arc::clone(&asked));
    let response = call(ca.builder().identity_source(source), addr).await;
    assert_eq!(response.unwrap().body(), "ok");
    // By the builder and by the call.
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
