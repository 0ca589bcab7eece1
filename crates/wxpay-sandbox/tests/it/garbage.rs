//! Bytes that are no call at all: the sandbox stays, and serves others meanwhile.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    strength::head,
    support::{Bench, block_on},
    tls::connect,
};

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// Sends bytes over plain TCP and waits until the sandbox closes.
fn send(bench: &Bench, bytes: &[u8]) {
    let mut tcp = TcpStream::connect(bench.sandbox.addr()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // It may close while this is still being sent, and that may be a reset.
    let _early = tcp.write_all(bytes);
    let _half = tcp.shutdown(std::net::Shutdown::Write);
    match tcp.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn bytes_that_are_not_tls_do_no_harm() {
    let bench = Bench::new();
    send(&bench, b"");
    send(&bench, head(9).as_bytes());
    let handshake = b"\x16\x03\x01\x02\x00\x01";
    for length in [1, 5, 100, 100_000] {
        send(&bench, &random(length));
        send(&bench, &[handshake, &*random(length)].concat());
    }
    bench.assert_uploads();
}

#[test]
fn connections_that_stay_half_open_hold_nobody_up() {
    let bench = Bench::new();
    let addr = bench.sandbox.addr();
    let silent: Vec<_> = (0..50).map(|_| TcpStream::connect(addr).unwrap()).collect();
    for mut tcp in &silent {
        tcp.write_all(b"\x16\x03\x01\x02").unwrap();
    }
    block_on(async {
        let mut open = Vec::new();
        for start in [&head(1000)[..60], &(head(1000) + "--edge\r\n")] {
            let mut tls = connect(&bench, false).await.unwrap();
            tls.write_all(start.as_bytes()).await.unwrap();
            open.push(tls);
        }
        bench.assert_uploads();
        drop(open);
    });
    drop(silent);
}

#[test]
fn bytes_that_are_not_http_do_no_harm() {
    let bench = Bench::new();
    block_on(async {
        for bytes in [
            b"\r\n\r\n".to_vec(),
            b"POST\r\n\r\n".to_vec(),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_vec(),
            [b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'x'; 1_000_000]].concat(),
            random(10_000),
        ] {
            let mut tls = connect(&bench, false).await.unwrap();
            let _early = tls.write_all(&bytes).await;
            let _half = tls.shutdown().await;
            // Whether there is an answer does not matter: there is an end.
            let _end = tls.read_to_end(&mut Vec::new()).await;
        }
    });
    bench.assert_uploads();
}

/// A client that sends on and on, and looks for the answer only when it can send no more.
#[test]
fn a_body_without_an_end_is_answered() {
    let bench = Bench::new();
    let answer = block_on(async {
        let mut tls = connect(&bench, true).await.unwrap();
        // Without the wish to close, for the answer to say that by itself.
        let head = head(1_000_000_000).replace("connection: close\r\n", "");
        tls.write_all(head.as_bytes()).await.unwrap();
        let megabyte = vec![b'x'; 1 << 20];
        for _ in 0..66 {
            tls.write_all(&megabyte).await.unwrap();
        }
        let mut answer = String::new();
        tls.read_to_string(&mut answer).await.unwrap();
        answer
    });
    assert!(answer.contains("Image format error"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}
