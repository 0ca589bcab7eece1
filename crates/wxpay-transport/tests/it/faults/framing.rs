//! Responses that follow HTTP/1.1, and responses that do not.

use wxpay_transport::{
    ErrorKind::{self, Closed, Http},
    TransportBuilder,
};

use super::world::{
    Outcome::{self, Fails, Response},
    World,
};
use crate::support::serve_response;

/// Each line has a name, the bytes that the server sends before it closes (`»` is `HTTP/1.1 `, `↵`
/// the end of a line), and the outcome of the call.
const RESPONSES: &str = "
plain | »200 OK↵content-length: 14↵↵secretresponse | 200 secretresponse
100-continue that nobody asked for | »100 Continue↵↵»200 OK↵content-length: 2↵↵ok | 200 ok
several interim responses | »103 Early Hints↵link: </>↵↵»100 Continue↵↵»200 OK↵content-length: 2↵↵ok | 200 ok
only 100-continue | »100 Continue↵↵ | Closed
redirect | »302 Found↵location: https://localhost:1/↵content-length: 0↵↵ | 302 nothing
gzip that nobody asked for | »200 OK↵content-encoding: gzip↵content-length: 4↵↵\x1f\x0b\x08\x01 | 200 \x1f\x0b\x08\x01
no body | »204 No Content↵↵ | 204 nothing
error without a body | »500 ↵content-length: 0↵↵ | 500 nothing
content-length: short | »200 OK↵content-length: 1↵↵ok | 200 o
content-length: long | »200 OK↵content-length: 3↵↵ok | Closed
content-length: no number | »200 OK↵content-length: two↵↵ok | Http
content-length: negative | »200 OK↵content-length: -2↵↵ok | Http
content-length: beyond 64 bits | »200 OK↵content-length: 18446744073709551618↵↵ok | Http
content-length: two that differ | »200 OK↵content-length: 2↵content-length: 3↵↵ok | Http
chunked | »200 OK↵transfer-encoding: chunked↵↵1↵o↵1;x=y↵k↵0↵↵ | 200 ok
chunked with trailers | »200 OK↵transfer-encoding: chunked↵↵2↵ok↵0↵x: y↵↵ | 200 ok
chunked, cut | »200 OK↵transfer-encoding: chunked↵↵2↵ok↵ | Closed
chunked, the size no number | »200 OK↵transfer-encoding: chunked↵↵xyz↵ok↵ | Http
chunked, the size beyond 64 bits | »200 OK↵transfer-encoding: chunked↵↵10000000000000000↵ok↵ | Http
HTTP/1.0 | HTTP/1.0 200 OK↵↵ok | 200 ok
HTTP/1.0 with a length | HTTP/1.0 200 OK↵content-length: 2↵↵ok | 200 ok
HTTP/1.1 until the end | »200 OK↵↵ok | 200 ok
HTTP/2 | HTTP/2 200↵↵ | Http
another protocol | SSH-2.0-OpenSSH_9.2↵↵ | Http
a status of two digits | »20 OK↵↵ | Http
a control character in a header | »200 OK↵x: \x01↵↵ | Http
cut before a word |  | Closed
cut in the head | »200 OK↵content-le | Closed
cut in the body | »200 OK↵content-length: 11↵↵secret | Closed
";

#[tokio::test]
async fn every_response_has_the_outcome_in_the_table() {
    let world = World::new();
    let lines = RESPONSES.lines().filter(|line| !line.is_empty());
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(" | ").collect()).collect();
    assert_eq!(rows.len(), 29);
    for row in rows {
        let [name, response, expected] = row[..] else {
            panic!("{row:?}");
        };
        let expected: Outcome = match expected.split_once(' ') {
            Some((status, body)) => {
                Response(status.parse().unwrap(), body.trim_start_matches("nothing"))
            }
            None if expected == "Closed" => Fails(Closed),
            None => Fails(Http),
        };
        let response = response.replace('»', "HTTP/1.1 ").replace('↵', "\r\n");
        let addr = serve_response(world.server(), response).await;
        world.check(name, addr, expected).await;
    }
}

#[tokio::test]
async fn a_head_without_an_end_is_given_up() {
    let world = World::new();
    let one_line = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(4 << 20));
    let many_lines = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(100_000));
    for (name, head) in [("one line", one_line), ("many lines", many_lines)] {
        let addr = serve_response(world.server(), head).await;
        world.check(name, addr, Fails(Http)).await;
    }
}

#[tokio::test]
async fn a_response_of_64_mb_is_refused_without_reading_it() {
    const LENGTH: usize = 64 << 20;
    let world = World::new();
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
    let endless = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    let expected = Fails(ErrorKind::ResponseTooLarge(1000));
    for head in [announced, endless] {
        let mut response = head.clone().into_bytes();
        response.resize(response.len() + LENGTH, b'x');
        let addr = serve_response(world.server(), response).await;
        let bounded = |it: TransportBuilder| it.max_response_bytes(1000);
        world
            .check_with(&head, bounded, "secretbody", addr, expected)
            .await;
    }
}
