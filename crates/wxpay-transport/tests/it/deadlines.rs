//! Servers that hang, under a clock that stands still until nothing else can happen.

use std::{net::SocketAddr, pin::pin, time::Duration};

use tokio::{io::AsyncWriteExt, sync::mpsc, time};
use tower::ServiceExt;
use wxpay_transport::{Deadline, Error, ErrorKind};

use crate::support::{Ca, OK, call, post, read_request, serve, serve_reply, serve_tcp};

const SHORT: Duration = Duration::from_secs(7);
const LONG: Duration = Duration::from_secs(700);

fn assert_timeout(error: &Error, deadline: Deadline) {
    assert_eq!(error.kind(), ErrorKind::Timeout(deadline), "{error}");
}

/// Accepts, and never says a word.
async fn silent_server() -> SocketAddr {
    serve_tcp(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_speaks_tls_hits_the_deadline_for_connecting() {
    let addr = silent_server().await;
    let builder = Ca::new()
        .builder()
        .connect_deadline(SHORT)
        .call_deadline(LONG);

    assert_timeout(&call(builder, addr).await.unwrap_err(), Deadline::Connect);
}

#[tokio::test(start_paused = true)]
async fn the_calls_deadline_counts_connecting() {
    let addr = silent_server().await;
    let builder = Ca::new()
        .builder()
        .connect_deadline(LONG)
        .call_deadline(SHORT);

    let error = call(builder.attempt_deadline(LONG), addr)
        .await
        .unwrap_err();

    assert_timeout(&error, Deadline::Call);
}

#[tokio::test]
async fn no_deadline_is_too_long() {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), OK).await;
    let forever = ca
        .builder()
        .connect_deadline(Duration::MAX)
        .attempt_deadline(Duration::MAX)
        .call_deadline(Duration::MAX)
        .pool_idle_timeout(Duration::MAX);

    let inspection = forever.inspect(format!("localhost:{}", addr.port()).parse().unwrap());
    assert!(inspection.await.unwrap().error().is_none());
    assert_eq!(call(forever, addr).await.unwrap().body(), "ok");
    // The pool's own timer starts after the call.
    time::sleep(Duration::from_millis(1)).await;
}

/// Answers with `part` of a reply, then nothing more; tells when it has.
async fn stalled(part: &'static str, attempt: Duration, deadline: Duration) -> Error {
    let ca = Ca::new();
    let (sender, mut sent) = mpsc::unbounded_channel();
    let addr = serve(ca.server(), move |mut stream| {
        let sender = sender.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(part.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            sender.send(()).unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let builder = ca
        .builder()
        .attempt_deadline(attempt)
        .call_deadline(deadline);
    let call = tokio::spawn(call(builder, addr));
    // The clock runs while the two sides shake hands, and stops when only waiting is left.
    sent.recv().await.unwrap();
    time::pause();
    call.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn no_answer_at_all_hits_the_attempts_deadline() {
    assert_timeout(&stalled("", SHORT, LONG).await, Deadline::Attempt);
}

#[tokio::test]
async fn a_stall_in_the_head_hits_the_attempts_deadline() {
    assert_timeout(
        &stalled("HTTP/1.1 200 OK\r\ncont", SHORT, LONG).await,
        Deadline::Attempt,
    );
}

#[tokio::test]
async fn a_stall_in_the_body_hits_the_attempts_deadline() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok";
    assert_timeout(&stalled(half, SHORT, LONG).await, Deadline::Attempt);
}

#[tokio::test]
async fn a_stall_in_the_body_hits_the_calls_deadline() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok";
    assert_timeout(&stalled(half, LONG, SHORT).await, Deadline::Call);
}

#[tokio::test]
async fn waiting_for_a_place_is_under_the_calls_deadline() {
    let ca = Ca::new();
    let (sender, mut sent) = mpsc::unbounded_channel();
    let addr = serve(ca.server(), move |mut stream| {
        let sender = sender.clone();
        async move {
            read_request(&mut stream).await;
            sender.send(()).unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let transport = ca
        .builder()
        .concurrency(1)
        .call_deadline(SHORT)
        .build()
        .unwrap();
    // Not polled once it has the place: its own deadline must not free it for the second.
    let mut first = pin!(transport.clone().oneshot(post(addr, "first")));
    tokio::select! {
        reply = &mut first => panic!("the server never answers: {reply:?}"),
        request = sent.recv() => request.unwrap(),
    }
    time::pause();

    let waiting = transport.oneshot(post(addr, "second")).await.unwrap_err();

    assert_timeout(&waiting, Deadline::Call);
    assert!(
        sent.try_recv().is_err(),
        "the second call must never have reached the server"
    );
}
