//! What is no call at all: the sandbox stays, and serves others meanwhile.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
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
    send(
        &bench,
        b"POST /secapi/mch/uploadmedia HTTP/1.1\r\nhost: localhost\r\n\r\n",
    );
    for length in [1, 5, 100, 100_000] {
        send(&bench, &random(length));
        // With the head of a record, of a handshake.
        send(
            &bench,
            &[b"\x16\x03\x01\x02\x00\x01", &*random(length)].concat(),
        );
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
        let mut head = connect(&bench, None).await.unwrap();
        head.write_all(b"POST /secapi/mch/uploadmedia HTTP/1.1\r\nhost:")
            .await
            .unwrap();
        let mut body = connect(&bench, None).await.unwrap();
        let start = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n--edge\r\n";
        body.write_all(start).await.unwrap();
        bench.assert_uploads();
        drop((head, body));
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
            let mut tls = connect(&bench, None).await.unwrap();
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
    let credentials = bench.credentials();
    let identity = Some((credentials.cert_pem(), credentials.key_pem()));
    let answer = block_on(async {
        let mut tls = connect(&bench, identity).await.unwrap();
        let head = "POST /secapi/mch/uploadmedia HTTP/1.1\r\nhost: localhost\r\n\
            content-type: multipart/form-data; boundary=edge\r\ncontent-length: 1000000000\r\n\r\n";
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
