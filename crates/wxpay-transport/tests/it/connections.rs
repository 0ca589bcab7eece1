//! How connections are kept, closed and used again.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc as std_mpsc,
    },
    thread,
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    runtime,
    sync::{Mutex, mpsc},
    time,
};
use tokio_rustls::rustls::{
    HandshakeKind::{Full, Resumed},
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use wxpay_transport::TransportBuilder;

use crate::support::{Ca, Tls, answer, answer_all, post, send, serve, serve_telling, server_with};

/// Makes calls one after the other, and says how many connections they took.
async fn connections_of(
    builder: impl FnOnce(TransportBuilder) -> TransportBuilder,
    calls: usize,
) -> usize {
    let ca = Ca::new();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let addr = serve(ca.server(), move |stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        answer_all(stream)
    })
    .await;
    let transport = builder(ca.builder_for_one_attempt()).build().unwrap();
    for _ in 0..calls {
        // As a clone, for all clones have one pool.
        send(&transport, post(addr, "hello")).await.unwrap();
    }
    connections.load(Ordering::SeqCst)
}

#[tokio::test]
async fn calls_one_after_the_other_use_one_connection() {
    assert_eq!(connections_of(|builder| builder, 5).await, 1);
}

#[tokio::test]
async fn where_none_may_be_idle_every_call_connects() {
    let none_idle = |builder: TransportBuilder| builder.pool_max_idle_per_host(0);
    assert_eq!(connections_of(none_idle, 5).await, 5);
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time_though_no_call_comes() {
    let ca = Ca::new();
    let server = async |stream| {
        answer_all(stream).await;
        time::Instant::now()
    };
    let (addr, mut ends) = serve_telling(ca.server(), server).await;
    let idle = Duration::from_secs(7);
    let builder = ca.builder_for_one_attempt().pool_idle_timeout(idle);
    let transport = builder.build().unwrap();
    send(&transport, post(addr, "hello")).await.unwrap();
    let start = time::Instant::now();

    // From here on the clock jumps to whatever is waited for.
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
        let (addr, mut handshakes) = serve_telling(config, server).await;
        let transport = ca.builder_for_one_attempt().build().unwrap();
        for kind in [Full, Resumed, Resumed] {
            send(&transport, post(addr, "hello")).await.unwrap();
            assert_eq!(handshakes.recv().await.unwrap(), Some(kind), "{version:?}");
        }
    }
}

/// A server in a thread of its own, which goes on while this one stands still. It answers one request
/// a connection, and ends the connection when told to: by a close or by a reset.
struct Ending {
    addr: SocketAddr,
    orders: mpsc::UnboundedSender<()>,
    done: std_mpsc::Receiver<()>,
}

impl Ending {
    fn start(ca: &Ca, by_reset: bool) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let received = Arc::new(Mutex::new(received));
        let (done_sender, done) = std_mpsc::channel();
        let (addr_sender, addr) = std_mpsc::channel();
        let config = ca.server();
        let handle = move |mut stream: Tls| {
            let (orders, done) = (received.clone(), done_sender.clone());
            async move {
                answer(&mut stream).await;
                orders.lock().await.recv().await;
                if by_reset {
                    stream.get_ref().0.set_zero_linger().unwrap();
                } else {
                    stream.shutdown().await.unwrap();
                }
                drop(stream);
                let _ = done.send(());
            }
        };
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                addr_sender.send(serve(config, handle).await).unwrap();
                pending::<()>().await;
            });
        });
        Self {
            addr: addr.recv().unwrap(),
            orders,
            done,
        }
    }

    /// Ends the connection, with this thread standing still meanwhile.
    fn end(&self) {
        self.orders.send(()).unwrap();
        self.done.recv().unwrap();
    }
}

#[tokio::test]
async fn a_call_into_a_connection_that_was_just_closed_takes_another() {
    let ca = Ca::new();
    for by_reset in [false, true] {
        let server = Ending::start(&ca, by_reset);
        let transport = ca.builder_for_one_attempt().build().unwrap();
        for _ in 0..20 {
            let call = send(&transport, post(server.addr, "hello"));
            assert_eq!(call.await.unwrap().body(), "ok");
            // The client has had no chance to see it before it makes the next call.
            server.end();
        }
    }
}
