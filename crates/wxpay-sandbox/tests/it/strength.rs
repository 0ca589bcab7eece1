//! Clients that stall, send garbage, or are many at once: an honest one is served meanwhile.

use std::{
    future::pending,
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    support::{Bench, block_on},
    tls::connect,
};

/// Both ends of each connection are in this process, which may have 1,024 files open.
const MANY: usize = 150;

/// The head of an upload that is the last of its connection.
pub(crate) fn head(length: usize) -> String {
    format!(
        "POST /secapi/mch/uploadmedia HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: multipart/form-data; boundary=edge\r\ncontent-length: {length}\r\n\r\n"
    )
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// An honest upload succeeds within 30 seconds.
fn assert_uploads_soon(bench: &Bench) {
    let start = Instant::now();
    bench.assert_uploads();
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn connections_that_stall_delay_nobody() {
    let bench = Bench::new();
    block_on(async {
        let mut silent = Vec::new();
        for _ in 0..MANY {
            silent.push(TcpStream::connect(bench.sandbox.addr()).await.unwrap());
        }
        for half_open in &mut silent[..50] {
            half_open.write_all(b"\x16\x03\x01\x02").await.unwrap();
        }
        let mut in_requests = Vec::new();
        for start in [&head(1000)[..60], &(head(1000) + "--edge\r\n")] {
            let mut tls = connect(&bench, false).await.unwrap();
            tls.write_all(start.as_bytes()).await.unwrap();
            in_requests.push(tls);
        }
        assert_uploads_soon(&bench);
        drop((silent, in_requests));
    });
    bench.assert_uploads();
}

#[test]
fn bodies_that_stop_in_the_middle_delay_nobody() {
    let bench = Bench::new();
    block_on(async {
        let mut stalled = JoinSet::new();
        for _ in 0..MANY {
            let mut tls = connect(&bench, false).await.unwrap();
            stalled.spawn(async move {
                // All together more than the memory for bodies, and without an end.
                tls.write_all(head(1_000_000_000).as_bytes()).await?;
                tls.write_all(&vec![b'x'; 1 << 20]).await?;
                pending::<std::io::Result<()>>().await
            });
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_uploads_soon(&bench);
        drop(stalled);
    });
    bench.assert_uploads();
}

#[test]
fn two_hundred_uploads_of_two_mebibytes_at_once_all_succeed() {
    let bench = Bench::new();
    let mut picture = b"\xff\xd8\xff\xe0".to_vec();
    picture.resize(2_097_149, 0x55);
    picture.extend(b"\xff\xd9");
    bench.write("test.jpg", &picture);
    let body = bench.written_form();
    let request: Arc<[u8]> = [head(body.len()).as_bytes(), &body].concat().into();
    block_on(async {
        let mut uploads = JoinSet::new();
        for _ in 0..200 {
            let mut tls = connect(&bench, true).await.unwrap();
            let request = Arc::clone(&request);
            uploads.spawn(async move {
                tls.write_all(&request).await.unwrap();
                let mut answer = String::new();
                tls.read_to_string(&mut answer).await.unwrap();
                answer
            });
        }
        for answer in uploads.join_all().await {
            assert!(answer.contains("<media_id>"), "{answer}");
        }
    });
}

#[test]
fn clients_that_send_requests_and_never_read_delay_nobody() {
    let bench = Bench::new();
    block_on(async {
        let mut deaf = JoinSet::new();
        for _ in 0..8 {
            let mut tls = connect(&bench, false).await.unwrap();
            deaf.spawn(async move {
                let call = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
                while tls.write_all(call).await.is_ok() {}
            });
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_uploads_soon(&bench);
        deaf.shutdown().await;
    });
    bench.assert_uploads();
    assert_eq!(bench.sandbox.requests().len(), 200);
}

#[test]
fn bytes_that_are_not_tls_do_no_harm() {
    let bench = Bench::new();
    // Waits until the sandbox closes, maybe by a reset.
    let send = |bytes: &[u8]| {
        let mut tcp = std::net::TcpStream::connect(bench.sandbox.addr()).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let _early = tcp.write_all(bytes);
        let _half = tcp.shutdown(Shutdown::Write);
        if let Err(error) = tcp.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
    };
    send(b"");
    send(head(9).as_bytes());
    let handshake = b"\x16\x03\x01\x02\x00\x01";
    for length in [1, 5, 100, 100_000] {
        send(&random(length));
        send(&[handshake, &*random(length)].concat());
    }
    bench.assert_uploads();
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
            // With an answer or without, the connection ends.
            let _end = tls.read_to_end(&mut Vec::new()).await;
        }
    });
    bench.assert_uploads();
}

/// The client looks for the answer only when it can send no more.
#[test]
fn a_body_without_an_end_is_answered() {
    let bench = Bench::new();
    let answer = block_on(async {
        let mut tls = connect(&bench, true).await.unwrap();
        // Without `connection: close`, which the answer must say by itself.
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
