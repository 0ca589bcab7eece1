//! Servers and bodies that break the rules.

use std::{
    mem::replace,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;
use wxpay_transport::{ErrorKind, TlsFault};

use crate::support::{Ca, OK, call, post, read_request, refusing, serve, serve_reply, serve_tcp};

#[tokio::test]
async fn nobody_listens() {
    let (addr, _socket) = refusing();

    let error = call(Ca::new().builder(), addr).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(
        error.to_string(),
        format!("cannot connect to localhost:{}", addr.port())
    );
}

#[tokio::test]
async fn the_name_does_not_resolve() {
    let request = Request::post("https://name.invalid/")
        .body(String::new())
        .unwrap();

    let error = Ca::new()
        .builder()
        .build()
        .unwrap()
        .oneshot(request)
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn the_handshake_is_cut() {
    let addr = serve_tcp(|stream| async move { drop(stream) }).await;
    let error = call(Ca::new().builder(), addr).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn the_port_speaks_plain_http() {
    let addr = serve_tcp(|mut stream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            .await;
    })
    .await;

    let error = call(Ca::new().builder(), addr).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Tls(TlsFault::NotTls));
}

/// What becomes of a call that is answered with these bytes and the end of the connection.
async fn kind_after(answer: &str) -> ErrorKind {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), answer).await;
    call(ca.builder(), addr).await.unwrap_err().kind()
}

#[tokio::test]
async fn the_connection_is_cut_before_and_in_the_reply() {
    let cut_in_the_body = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok";
    for answer in ["", "HTTP/1.1 200 OK\r\n", cut_in_the_body] {
        assert_eq!(kind_after(answer).await, ErrorKind::Closed, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_requests_end_is_heard() {
    let ca = Ca::new();
    let addr = serve(ca.server(), |mut stream| async move {
        let _ = stream.read(&mut [0; 1000]).await;
        let early =
            "HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(early.as_bytes()).await;
        let _ = stream.flush().await;
        // To close with bytes unread would be a reset, which may overtake the answer.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let body = Bytes::from(vec![0; 2_000_000]);
    for _ in 0..10 {
        let transport = ca.builder().build().unwrap();
        let reply = transport.oneshot(post(addr, body.clone())).await.unwrap();
        assert_eq!(reply.status(), 413);
    }
}

#[tokio::test]
async fn the_reply_is_not_http() {
    let no_number = "HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n";
    for answer in ["SSH-2.0-OpenSSH_9.2\r\n\r\n", no_number] {
        assert_eq!(kind_after(answer).await, ErrorKind::Http, "{answer:?}");
    }
}

#[tokio::test]
async fn a_reply_of_64_mb_is_refused_without_reading_it() {
    const MIB: usize = 1024 * 1024;
    let ca = Ca::new();
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 64 * MIB);
    let endless = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    for head in [announced, endless] {
        let addr = serve(ca.server(), move |mut stream| {
            let head = head.clone();
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(head.as_bytes()).await;
                // Bounded by 64 MiB, and by the client, which hangs up long before.
                for _ in 0..64 {
                    if stream.write_all(&vec![b'x'; MIB]).await.is_err() {
                        break;
                    }
                }
            }
        })
        .await;

        let error = call(ca.builder().reply_limit(1000), addr)
            .await
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::ReplyTooLarge { limit: 1000 });
    }
}

#[tokio::test]
async fn a_reply_of_just_the_limit_is_taken() {
    let ca = Ca::new();
    for (limit, taken) in [(2, true), (1, false), (0, false)] {
        let addr = serve_reply(ca.server(), OK).await;
        let reply = call(ca.builder().reply_limit(limit), addr).await;
        assert_eq!(reply.is_ok(), taken, "{limit}: {reply:?}");
    }
}

/// Half a body, then an error.
#[derive(Clone)]
struct Torn {
    sent: bool,
}

impl Body for Torn {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let half = (!replace(&mut self.sent, true)).then(|| Frame::data("half".into()));
        Poll::Ready(Some(half.ok_or("torn")))
    }
}

#[tokio::test]
async fn a_body_that_fails_is_told_from_a_server_that_fails() {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), OK).await;
    let uri = format!("https://localhost:{}/", addr.port());
    let request = Request::post(uri).body(Torn { sent: false }).unwrap();

    let error = ca
        .builder()
        .build()
        .unwrap()
        .oneshot(request)
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Body, "{error:?}");
}
