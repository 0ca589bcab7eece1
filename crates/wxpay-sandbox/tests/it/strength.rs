//! Many at once, and all of them up to no good but one.

use std::{
    future::pending,
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

/// Each test has its connections' other ends in the same process, which may have 1,024 in all.
const MANY: usize = 150;

/// The head of an upload that is the last of its connection.
pub(crate) fn head(length: usize) -> String {
    format!(
        "POST /secapi/mch/uploadmedia HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: multipart/form-data; boundary=edge\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// An honest client, which must be served while the others are there.
fn assert_uploads_soon(bench: &Bench) {
    let start = Instant::now();
    bench.assert_uploads();
    let passed = start.elapsed();
    assert!(passed < Duration::from_secs(30), "{passed:?}");
}

#[test]
fn connections_that_say_nothing_hold_nobody_up() {
    let bench = Bench::new();
    block_on(async {
        let mut silent = Vec::new();
        for _ in 0..MANY {
            silent.push(TcpStream::connect(bench.sandbox.addr()).await.unwrap());
        }
        assert_uploads_soon(&bench);
        drop(silent);
    });
    bench.assert_uploads();
}

#[test]
fn bodies_that_stop_in_the_middle_hold_nobody_up() {
    let bench = Bench::new();
    block_on(async {
        let mut stalled = JoinSet::new();
        for _ in 0..MANY {
            let mut tls = connect(&bench, false).await.unwrap();
            stalled.spawn(async move {
                // All together more than there is memory for, and the end never comes.
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
fn clients_that_send_rubbish_all_the_time_hold_nobody_up() {
    let bench = Bench::new();
    block_on(async {
        let mut rubbish = JoinSet::new();
        for _ in 0..8 {
            let mut tls = connect(&bench, false).await.unwrap();
            rubbish.spawn(async move {
                let call = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
                // It sends and never reads, until it can send no more.
                while tls.write_all(call).await.is_ok() {}
            });
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_uploads_soon(&bench);
        rubbish.shutdown().await;
    });
    bench.assert_uploads();
    assert_eq!(bench.sandbox.requests().len(), 200);
}
