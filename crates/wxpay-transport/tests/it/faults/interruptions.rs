//! Servers that stop, early or in the middle.

use std::{error::Error, iter, time::Duration};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use wxpay_transport::{ErrorKind, TimeoutKind, TransportBuilder};

use super::world::{
    Outcome::{Fails, Response},
    World,
};
use crate::support::{Ca, Tls, call, read_request, serve};

/// More than fits into the buffers between the two sides.
const LARGE: usize = 8 << 20;

fn large() -> Vec<u8> {
    b"secretbody".repeat(LARGE / 10)
}

#[tokio::test]
async fn a_server_that_reads_nothing_is_given_up() {
    let world = World::new();
    let hasty = |builder: TransportBuilder| {
        let timeout = Duration::from_millis(300);
        builder.response_timeout(timeout).stall_timeout(timeout)
    };
    // The system accepts a small body in the server's place.
    let small = b"secretbody".to_vec();
    for (name, body, kind) in [
        ("a small body", small, TimeoutKind::Response),
        ("a large body", large(), TimeoutKind::Stall),
    ] {
        let hang = world.hang();
        let addr = serve(world.server(), move |stream| hang.clone().hold(stream)).await;
        let expected = Fails(ErrorKind::Timeout(kind));
        world.check_with(name, hasty, body, addr, expected).await;
    }
}

/// The connection's own task writes on another thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_sent_bytes_are_counted() {
    let ca = Ca::new();
    let hang = |mut stream: Tls| async move { drop(copy(&mut stream, &mut sink()).await) };
    let addr = serve(ca.server(), hang).await;
    for _ in 0..100 {
        let hasty = ca.builder().response_timeout(Duration::from_millis(5));
        let said = call(hasty, addr).await.unwrap_err().to_string();
        assert!(said.ends_with(", 5 of 5 bytes were sent"), "{said}");
    }
}

/// Resets the connection, so that the client's next read or write fails.
fn reset(stream: Tls) {
    stream.get_ref().0.set_zero_linger().unwrap();
    drop(stream);
}

#[tokio::test]
async fn a_reset_in_the_middle_is_a_closed_connection() {
    let world = World::new();
    let in_the_request = serve(world.server(), |mut stream| async move {
        let _ = stream.read(&mut [0; 1000]).await;
        reset(stream);
    })
    .await;
    let in_the_answer = serve(world.server(), |mut stream| async move {
        read_request(&mut stream).await;
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok";
        stream.write_all(half).await.unwrap();
        stream.flush().await.unwrap();
        reset(stream);
    })
    .await;
    let expected = Fails(ErrorKind::Closed);
    for (name, addr) in [
        ("in the request", in_the_request),
        ("in the answer", in_the_answer),
    ] {
        world
            .check_with(name, |it| it, large(), addr, expected)
            .await;
    }
}

#[tokio::test]
async fn the_cause_of_a_cut_is_in_plain_words() {
    let world = World::new();
    let addr = serve(world.ca.server(), |mut stream| async move {
        read_request(&mut stream).await;
        // TCP ends, TLS does not.
        let _ = stream.get_mut().0.shutdown().await;
    })
    .await;
    let error = call(world.ca.builder(), addr).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let causes = iter::successors(error.source(), |&cause| cause.source());
    let root = causes.last().unwrap().to_string();
    assert_eq!(root, "the connection ended without TLS's close_notify");
}

#[tokio::test]
async fn a_response_before_the_end_of_the_request_is_read() {
    let world = World::new();
    let addr = serve(world.server(), |mut stream| async move {
        let _ = stream.read(&mut [0; 1000]).await;
        let early =
            "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        let _ = stream.write_all(early.as_bytes()).await;
        let _ = stream.shutdown().await;
        // A close with unread bytes is a reset, which may overtake the response.
        let _ = copy(&mut stream, &mut sink()).await;
    })
    .await;
    for _ in 0..5 {
        world
            .check_with("early", |it| it, large(), addr, Response(413, "no"))
            .await;
    }
}
