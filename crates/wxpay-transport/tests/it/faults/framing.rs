//! Replies as HTTP/1.1 allows them, and as it does not.

use wxpay_transport::ErrorKind::{self, Closed, Http};

use super::world::{
    Outcome::{self, Fails, Reply},
    World,
};
use crate::support::serve_reply;

/// Each with the bytes that the server sends before it closes, and what becomes of the call.
const REPLIES: [(&str, &str, Outcome); 29] = [
    (
        "plain",
        "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nsecretreply",
        Reply(200, "secretreply"),
    ),
    (
        "100-continue that nobody asked for",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Reply(200, "ok"),
    ),
    (
        "several interim replies",
        "HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
         HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Reply(200, "ok"),
    ),
    (
        "only 100-continue",
        "HTTP/1.1 100 Continue\r\n\r\n",
        Fails(Closed),
    ),
    (
        "redirect",
        "HTTP/1.1 302 Found\r\nlocation: https://localhost:1/\r\ncontent-length: 0\r\n\r\n",
        Reply(302, ""),
    ),
    (
        "gzip that nobody asked for",
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x0b\x08\x01",
        Reply(200, "\x1f\x0b\x08\x01"),
    ),
    ("no body", "HTTP/1.1 204 No Content\r\n\r\n", Reply(204, "")),
    (
        "error without a body",
        "HTTP/1.1 500 \r\ncontent-length: 0\r\n\r\n",
        Reply(500, ""),
    ),
    // The length.
    (
        "content-length: short",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nok",
        Reply(200, "o"),
    ),
    (
        "content-length: long",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
        Fails(Closed),
    ),
    (
        "content-length: no number",
        "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok",
        Fails(Http),
    ),
    (
        "content-length: negative",
        "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
        Fails(Http),
    ),
    (
        "content-length: beyond 64 bits",
        "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551618\r\n\r\nok",
        Fails(Http),
    ),
    (
        "content-length: two that differ",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        Fails(Http),
    ),
    // Chunks.
    (
        "chunked",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n",
        Reply(200, "ok"),
    ),
    (
        "chunked with trailers",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx: y\r\n\r\n",
        Reply(200, "ok"),
    ),
    (
        "chunked, cut",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        Fails(Closed),
    ),
    (
        "chunked, the size no number",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nok\r\n",
        Fails(Http),
    ),
    (
        "chunked, the size beyond 64 bits",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\nok\r\n",
        Fails(Http),
    ),
    // Versions.
    ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nok", Reply(200, "ok")),
    (
        "HTTP/1.0 with a length",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        Reply(200, "ok"),
    ),
    (
        "HTTP/1.1 until the end",
        "HTTP/1.1 200 OK\r\n\r\nok",
        Reply(200, "ok"),
    ),
    ("HTTP/2", "HTTP/2 200\r\n\r\n", Fails(Http)),
    (
        "another protocol",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        Fails(Http),
    ),
    (
        "a status of two digits",
        "HTTP/1.1 20 OK\r\n\r\n",
        Fails(Http),
    ),
    (
        "a control character in a header",
        "HTTP/1.1 200 OK\r\nx: \x01\r\n\r\n",
        Fails(Http),
    ),
    // Cuts.
    ("cut before a word", "", Fails(Closed)),
    (
        "cut in the head",
        "HTTP/1.1 200 OK\r\ncontent-le",
        Fails(Closed),
    ),
    (
        "cut in the body",
        "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nsecret",
        Fails(Closed),
    ),
];

#[tokio::test]
async fn every_reply_ends_as_the_table_says() {
    let world = World::new();
    for (name, reply, expected) in REPLIES {
        let addr = serve_reply(world.server(), reply).await;
        world.check(name, addr, expected).await;
    }
}

#[tokio::test]
async fn a_head_without_end_is_given_up() {
    let world = World::new();
    let one_line = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(4 << 20));
    let many_lines = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(100_000));
    for (name, head) in [("one line", one_line), ("many lines", many_lines)] {
        let addr = serve_reply(world.server(), head).await;
        world.check(name, addr, Fails(Http)).await;
    }
}

#[tokio::test]
async fn a_reply_of_64_mb_is_refused_without_reading_it() {
    const LENGTH: usize = 64 << 20;
    let world = World::new();
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
    let endless = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    let expected = Fails(ErrorKind::ResponseTooLarge { limit: 1000 });
    for head in [announced, endless] {
        let mut reply = head.clone().into_bytes();
        reply.resize(reply.len() + LENGTH, b'x');
        let addr = serve_reply(world.server(), reply).await;
        world
            .check_with(
                &head,
                |it| it.max_response_bytes(1000),
                "secretbody",
                addr,
                expected,
            )
            .await;
    }
}
