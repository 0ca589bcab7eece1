//! How connections are kept, closed and used again.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc as std_mpsc,
    },
    time::Duration,
};

use crate::support::{
    Ca, Tls, answer, answer_all, post, refusing, send, serve, serve_reporting, server_with,
};
use tokio::{
    io::AsyncWriteExt,
    runtime::{self, Runtime},
    sync::{Mutex, mpsc},
    time,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        HandshakeKind::{Full, Resumed},
        SupportedProtocolVersion,
        version::{TLS12, TLS13},
    },
};
use wxpay_transport::Endpoints;

#[tokio::test]
async fn calls_one_after_the_other_use_one_connection_unless_none_may_be_idle() {
    let ca = Ca::new();
    for (max_idle, expected) in [(usize::MAX, 1), (0, 5)] {
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let server = serve(ca.server(), move |stream| {
            counter.fetch_add(1, Ordering::SeqCst);
            answer_all(stream)
        });
        let addr = server.await;
        let transport = ca
            .builder()
            .pool_max_idle_per_host(max_idle)
            .build()
            .unwrap();
        for _ in 0..5 {
            // Each call is made on a clone: all clones have one pool.
            send(&transport, post(addr, "hello")).await.unwrap();
        }
        assert_eq!(connections.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time_without_a_further_call() {
    let ca = Ca::new();
    let server = async |stream| {
        answer_all(stream).await;
        time::Instant::now()
    };
    let (addr, mut ends) = serve_reporting(ca.server(), server).await;
    let idle = Duration::from_secs(7);
    let builder = ca.builder().pool_idle_timeout(idle);
    let transport = builder.build().unwrap();
    send(&transport, post(addr, "hello")).await.unwrap();
    let start = time::Instant::now();

    // From here on the clock jumps to the next timer.
    time::pause();
    let end = time::timeout(100 * idle, ends.recv()).await;

    let end = end.expect("the connection must be closed").unwrap() - start;
    // The pool looks once in that time.
    assert!(
        idle <= end + Duration::from_secs(1) && end <= 2 * idle,
        "{end:?}"
    );
}

#[tokio::test]
async fn the_next_connection_resumes_the_tls_session() {
    let ca = Ca::new();
    let versions: [&'static SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    for version in versions {
        let server = async |mut stream: Tls| {
            answer(&mut stream).await;
            let _ = stream.shutdown().await;
            stream.get_ref().1.handshake_kind()
        };
        let config = server_with(&ca.pair(), &[version]);
        let (addr, mut handshakes) = serve_reporting(config, server).await;
        let transport = ca.builder().build().unwrap();
        for kind in [Full, Resumed, Resumed] {
            send(&transport, post(addr, "hello")).await.unwrap();
            assert_eq!(handshakes.recv().await.unwrap(), Some(kind), "{version:?}");
        }
    }
}

#[test]
fn a_call_into_a_connection_that_was_just_closed_takes_another() {
    let ca = Ca::new();
    // The server's threads go on while the client's only thread waits for them.
    let servers = Runtime::new().unwrap();
    let client = runtime::Builder::new_current_thread().enable_all().build();
    client.unwrap().block_on(async {
        for by_reset in [false, true] {
            let (close, order) = mpsc::unbounded_channel();
            let order = Arc::new(Mutex::new(order));
            let (closing, closed) = std_mpsc::channel();
            let server = serve(ca.server(), move |mut stream: Tls| {
                let (order, closing) = (order.clone(), closing.clone());
                async move {
                    answer(&mut stream).await;
                    order.lock().await.recv().await;
                    if by_reset {
                        stream.get_ref().0.set_zero_linger().unwrap();
                    } else {
                        stream.shutdown().await.unwrap();
                    }
                    drop(stream);
                    let _ = closing.send(());
                }
            });
            let addr = servers.spawn(server).await.unwrap();
            let transport = ca.builder().build().unwrap();
            for _ in 0..20 {
                let response = send(&transport, post(addr, "hello")).await.unwrap();
                assert_eq!(response.body(), "ok");
                close.send(()).unwrap();
                closed.recv().unwrap();
            }
        }
    });
}

#[tokio::test]
async fn a_probe_over_tcp_finds_an_endpoint_that_is_back() {
    let ca = Ca::new();
    let backup = serve(ca.server(), answer_all).await;
    let (first, socket) = refusing();
    let authority = |addr: SocketAddr| format!("localhost:{}", addr.port()).parse().unwrap();
    let endpoints = [first, backup].map(authority);
    let builder = ca.builder().endpoints(Endpoints::new(endpoints).unwrap());
    let builder = builder.max_retries(1).failover_after(1);
    let transport = builder.probe_interval(Duration::ZERO).build().unwrap();
    send(&transport, post(first, "hello")).await.unwrap();
    assert!(!transport.endpoints()[0].is_in_service);

    let listener = socket.listen(8).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(ca.server()));
    let probes = async {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let _ = acceptor.accept(tcp).await;
        }
    };
    let is_back = async {
        while !transport.endpoints()[0].is_in_service {
            time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = is_back => {}
        never = probes => never,
    }
}
