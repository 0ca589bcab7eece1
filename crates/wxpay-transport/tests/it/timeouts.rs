//! Servers that hang, under a clock that stands still until nothing else can happen.

use std::{pin::pin, time::Duration};

use tokio::{io::AsyncWriteExt, sync::mpsc, time};
use tower::ServiceExt;
use wxpay_transport::{Error, ErrorKind, TimeoutKind, TransportBuilder};

use crate::support::{Ca, OK, call, post, read_request, serve, serve_reply, serve_silence};

const SHORT: Duration = Duration::from_secs(7);
const LONG: Duration = Duration::from_secs(700);

fn assert_timeout(error: &Error, deadline: TimeoutKind) {
    assert_eq!(error.kind(), ErrorKind::Timeout(deadline), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_speaks_tls_is_given_up_and_the_handshake_named() {
    let addr = serve_silence().await;
    let builder = Ca::new().builder_for_one_attempt().connect_timeout(SHORT);

    let start = time::Instant::now();
    let error = call(builder, addr).await.unwrap_err();

    assert_timeout(&error, TimeoutKind::Connect);
    assert_eq!(start.elapsed().as_secs(), SHORT.as_secs());
    let server = format!("localhost:{}", addr.port());
    let said = format!("the tls handshake with {server} took longer than 7 s");
    assert_eq!(error.to_string(), said);
}

#[tokio::test(start_paused = true)]
async fn the_calls_timeout_counts_connecting() {
    let addr = serve_silence().await;
    let builder = Ca::new().builder().connect_timeout(LONG).timeout(SHORT);

    let error = call(builder, addr).await.unwrap_err();

    assert_timeout(&error, TimeoutKind::Total);
    assert!(
        error
            .to_string()
            .contains("took longer than 7 s, at last the tls handshake with"),
        "{error}"
    );
}

#[tokio::test]
async fn no_timeout_is_too_long() {
    let ca = Ca::new();
    let addr = serve_reply(ca.server(), OK).await;
    let forever = ca
        .builder()
        .connect_timeout(Duration::MAX)
        .stall_timeout(Duration::MAX)
        .response_timeout(Duration::MAX)
        .timeout(Duration::MAX)
        .pool_idle_timeout(Duration::MAX);

    assert_eq!(call(forever, addr).await.unwrap().body(), "ok");
    // The pool's own timer starts after the call.
    time::sleep(Duration::from_millis(1)).await;
}

/// Answers with `part` of a response, then nothing more.
async fn stalled(
    part: &'static str,
    change: impl FnOnce(TransportBuilder) -> TransportBuilder,
) -> (Error, Duration) {
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
    let call = tokio::spawn(call(change(ca.builder_for_one_attempt()), addr));
    // The clock runs during the TLS handshake, and stops when only waiting is left.
    sent.recv().await.unwrap();
    time::pause();
    let start = time::Instant::now();
    let error = call.await.unwrap().unwrap_err();
    let took = start.elapsed();
    time::resume();
    (error, took)
}

#[tokio::test]
async fn a_server_that_stops_before_its_response_is_whole_is_given_up_in_time() {
    for part in [
        "",
        "HTTP/1.1 200 OK\r\ncont",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok",
    ] {
        let (error, took) = stalled(part, |it| it.response_timeout(SHORT)).await;
        assert_timeout(&error, TimeoutKind::Response);
        assert!((6..=7).contains(&took.as_secs()), "{took:?}");
        let said = error.to_string();
        let expected = " took longer than 7 s, 5 of 5 bytes were sent";
        assert!(said.ends_with(expected), "{said}");

        let (error, _) = stalled(part, |it| it.response_timeout(LONG).timeout(SHORT)).await;
        assert_timeout(&error, TimeoutKind::Total);
        let said = error.to_string();
        assert!(
            said.contains(
                "the call took longer than 7 s, at last waiting for the whole response of"
            ),
            "{said}"
        );

        let (error, took) = stalled(part, |it| it).await;
        assert_timeout(&error, TimeoutKind::Response);
        assert!(
            (29..=30).contains(&took.as_secs()),
            "30 s unless told otherwise: {took:?}"
        );
    }
}

#[tokio::test]
async fn waiting_for_a_place_is_under_the_calls_timeout() {
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
    let transport = ca.builder().concurrency(1).timeout(SHORT).build().unwrap();
    // Not polled once it has the place: its own deadline must not free it for the second.
    let mut first = pin!(transport.clone().oneshot(post(addr, "first")));
    tokio::select! {
        reply = &mut first => panic!("the server never answers: {reply:?}"),
        request = sent.recv() => request.unwrap(),
    }
    time::pause();

    let waiting = transport.oneshot(post(addr, "second")).await.unwrap_err();

    assert_timeout(&waiting, TimeoutKind::Total);
    assert!(
        waiting
            .to_string()
            .contains("at last waiting for a turn to call"),
        "{waiting}"
    );
    assert!(
        sent.try_recv().is_err(),
        "the second call must never have reached the server"
    );
}
