//! Servers that stop, early or in the middle.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::sleep,
};
use wxpay_transport::{ErrorKind, TimeoutKind, TransportBuilder};

use super::world::{
    Outcome::{Fails, Reply},
    World,
};
use crate::support::{Tls, read_request, serve};

/// More than fits into the buffers between the two sides.
const LARGE: usize = 8 << 20;

fn large() -> Vec<u8> {
    b"secretbody".repeat(LARGE / 10)
}

fn hasty(builder: TransportBuilder) -> TransportBuilder {
    let timeout = Duration::from_millis(300);
    builder.response_timeout(timeout).stall_timeout(timeout)
}

/// A server that reads the request, says these words, and then does nothing for as long as it can.
async fn stopping_after(world: &World, words: &'static str) -> SocketAddr {
    let hang = world.hang();
    serve(world.server(), move |mut stream| {
        let hang = hang.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(words.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            hang.until_over().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_server_that_stops_gives_no_response_in_time() {
    let world = World::new();
    let expected = Fails(ErrorKind::Timeout(TimeoutKind::Response));
    for (name, words) in [
        ("black hole after the request", ""),
        (
            "black hole after an interim reply",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ),
        ("black hole in the head", "HTTP/1.1 200 OK\r\ncont"),
        (
            "black hole in the body",
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok",
        ),
        (
            "black hole in the chunks",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nok",
        ),
    ] {
        let addr = stopping_after(&world, words).await;
        world
            .check_with(name, hasty, "secretbody", addr, expected)
            .await;
    }
}

#[tokio::test]
async fn a_server_that_reads_nothing_is_given_up() {
    let world = World::new();
    for (name, body, kind) in [
        // The system takes it in the server's place.
        (
            "a small body",
            b"secretbody".to_vec(),
            TimeoutKind::Response,
        ),
        ("a large body", large(), TimeoutKind::Stall),
    ] {
        let expected = Fails(ErrorKind::Timeout(kind));
        let hang = world.hang();
        let addr = serve(world.server(), move |stream| {
            let hang = hang.clone();
            async move {
                hang.until_over().await;
                drop(stream);
            }
        })
        .await;
        world.check_with(name, hasty, body, addr, expected).await;
    }
}

#[tokio::test]
async fn a_response_that_drips_does_not_outlive_its_time() {
    let world = World::new();
    let addr = serve(world.server(), |mut stream| async move {
        read_request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
        for byte in head.iter().copied().chain(std::iter::repeat(b'x')) {
            if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                break;
            }
            // More than a byte a second, so that the head is over before the deadline is.
            sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    let expected = Fails(ErrorKind::Timeout(TimeoutKind::Response));
    world
        .check_with("trickle", hasty, "secretbody", addr, expected)
        .await;
}

/// Ends the connection by a reset, so that the other side's next read or write fails.
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
    world
        .check_with(
            "reset in the request",
            |it| it,
            large(),
            in_the_request,
            expected,
        )
        .await;
    world
        .check("reset in the answer", in_the_answer, expected)
        .await;
}

#[tokio::test]
async fn an_answer_before_the_requests_end_is_heard() {
    let world = World::new();
    let addr = serve(world.server(), |mut stream| async move {
        let _ = stream.read(&mut [0; 1000]).await;
        let early =
            "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        let _ = stream.write_all(early.as_bytes()).await;
        let _ = stream.shutdown().await;
        // To close with bytes unread would be a reset, which may overtake the answer.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    for _ in 0..5 {
        world
            .check_with("early", |it| it, large(), addr, Reply(413, "no"))
            .await;
    }
}
