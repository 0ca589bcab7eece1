//! Retries and failover over real sockets and real TLS.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::io::AsyncWriteExt;
use wxpay_transport::{
    CallInfo, Endpoints, Error, ErrorKind, TlsErrorKind, Transport, TransportBuilder,
};

use crate::support::{
    Ca, OK, answer_all, authority, call, post, read_request, refusing, send, serve, serve_no_reply,
    serve_on, serve_silence, serve_tcp,
};

fn pair(ca: &Ca, first: SocketAddr, second: SocketAddr) -> TransportBuilder {
    let endpoints = Endpoints::new([authority(first), authority(second)]).unwrap();
    ca.builder().endpoints(endpoints)
}

/// A server that answers all is well.
async fn healthy(ca: &Ca) -> SocketAddr {
    serve(ca.server(), answer_all).await
}

fn answered_by<B>(reply: &http::Response<B>, addr: SocketAddr, attempts: u32) {
    let info = reply.extensions().get::<CallInfo>().unwrap();
    assert_eq!(
        (info.attempts, &info.endpoint),
        (attempts, &authority(addr))
    );
}

#[tokio::test]
async fn each_attempt_sends_the_same_bytes() {
    let ca = Ca::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    let addr = serve(ca.server(), move |mut stream| {
        let requests = Arc::clone(&requests);
        async move {
            let request = read_request(&mut stream).await;
            let attempt = {
                let mut requests = requests.lock().unwrap();
                requests.push(request);
                requests.len()
            };
            // First a cut, then a fault of the server's own, then an answer.
            match attempt {
                1 => {}
                2 => {
                    let busy =
                        "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = stream.write_all(busy.as_bytes()).await;
                    let _ = stream.shutdown().await;
                }
                _ => stream.write_all(OK.as_bytes()).await.unwrap(),
            }
        }
    })
    .await;
    let body: Vec<u8> = (0..300_000u32).map(|at| (at % 251) as u8).collect();
    let transport: Transport<_> = ca.builder().build().unwrap();
    let reply = send(&transport, post(addr, body.clone())).await.unwrap();
    answered_by(&reply, addr, 3);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    for request in &*seen {
        let (head, sent) = request.split_at(request.len() - body.len());
        let text = String::from_utf8_lossy(head).to_ascii_lowercase();
        assert!(
            text.ends_with("\r\n\r\n") && text.contains("content-length: 300000"),
            "{text}"
        );
        assert!(!text.contains("transfer-encoding"), "{text}");
        assert!(sent == body, "the same bytes");
    }
}

#[tokio::test]
async fn a_first_endpoint_that_hangs_leaves_the_second_enough_time() {
    let ca = Ca::new();
    let healthy = healthy(&ca).await;
    for first in [serve_silence().await, serve_no_reply(ca.server()).await] {
        let builder = pair(&ca, first, healthy)
            .connect_timeout(Duration::from_millis(400))
            .timeout(Duration::from_secs(2));
        let start = Instant::now();
        let reply = call(builder, first).await.unwrap();
        answered_by(&reply, healthy, 2);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn nobody_there_moves_the_call_at_once() {
    let ca = Ca::new();
    let healthy = healthy(&ca).await;
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let builder = pair(&ca, nobody, healthy).timeout(Duration::from_secs(20));
    let start = Instant::now();
    let reply = call(builder, nobody).await.unwrap();
    answered_by(&reply, healthy, 2);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_endpoint_that_is_back_is_found_by_a_probe() {
    let ca = Ca::new();
    let healthy = healthy(&ca).await;
    let (first, socket) = refusing();
    let transport: Transport<_> = pair(&ca, first, healthy)
        .failover_after(1)
        .probe_interval(Duration::ZERO)
        .build()
        .unwrap();
    let is_in_service = || transport.endpoints()[0].is_in_service;

    let reply = send(&transport, post(first, "hello")).await;
    answered_by(&reply.unwrap(), healthy, 2);
    assert!(!is_in_service());
    let reply = send(&transport, post(first, "hello")).await;
    answered_by(&reply.unwrap(), healthy, 1);

    let listener = socket.listen(8).unwrap();
    serve_on(listener, ca.server(), answer_all);
    while !is_in_service() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let reply = send(&transport, post(first, "hello")).await;
    answered_by(&reply.unwrap(), first, 1);
}

#[tokio::test]
async fn a_handshake_that_is_cut_moves_the_call_and_a_wrong_certificate_does_not() {
    let ca = Ca::new();
    let healthy = healthy(&ca).await;
    let cutting = serve_tcp(|stream| async move { drop(stream) }).await;
    let reply = call(pair(&ca, cutting, healthy), cutting).await.unwrap();
    answered_by(&reply, healthy, 2);

    let strange = self::healthy(&Ca::named("another authority")).await;
    let error: Error = call(pair(&ca, strange, healthy), strange)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls(TlsErrorKind::UnknownIssuer));
    assert_eq!(
        error.info().map(|it| (it.attempts, &it.endpoint)),
        Some((1, &authority(strange)))
    );
}
