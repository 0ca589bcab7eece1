//! The timeouts of a call, and their errors.

use std::pin::pin;

use tokio::time::timeout;
use wxpay_transport::{
    ErrorKind,
    TimeoutKind::{self, Connect, Response, Stall, Total},
};

use super::*;

const SHORT: Duration = Duration::from_secs(7);
const LONG: Duration = Duration::from_secs(700);

/// The failure of a call to a server that follows this word, and its time in seconds.
async fn failure(builder: TransportBuilder, word: &str) -> (TimeoutKind, u64, String) {
    let network = Network::new(&[("a", word)]);
    let transport = network.transport(builder.max_retries(0));
    let request = Request::post("https://a/").body("x".repeat(150_000));
    let error = send(&transport, request.unwrap()).await.unwrap_err();
    let ErrorKind::Timeout(kind) = error.kind() else {
        panic!("{word}: {error:?}");
    };
    (kind, network.0.start.elapsed().as_secs(), error.to_string())
}

#[tokio::test(start_paused = true)]
async fn the_error_has_the_step_the_server_the_time_and_the_bytes_sent() {
    let response = "waiting for the whole response of a";
    for (word, kind, step) in [
        ("stall", Connect, "the tls handshake with a"),
        ("stuck", Stall, "sending the request to a"),
        ("hang", Response, response),
        ("hang-after-continue", Response, response),
        ("hang-in-head", Response, response),
        ("hang-in-body", Response, response),
        ("hang-in-chunks", Response, response),
    ] {
        let each = builder().timeout(None).connect_timeout(SHORT);
        let each = each.stall_timeout(SHORT).response_timeout(SHORT);
        let (came, seconds, said) = failure(each, word).await;
        assert_eq!(came, kind, "{word}: {said}");
        // The server may read some bytes first.
        assert!((7..12).contains(&seconds), "{word}: {seconds} s");
        let verb = match kind {
            Stall => "stood still for",
            _ => "took longer than",
        };
        assert!(said.starts_with(&format!("{step} {verb} 7 s")), "{said}");
        if kind != Connect {
            let end = " of 150000 bytes were sent";
            assert!(said.ends_with(end), "{said}");
        }
        let whole = kind != Response || said.ends_with(", 150000 of 150000 bytes were sent");
        assert!(whole, "{said}");

        let call = builder().timeout(SHORT).connect_timeout(LONG);
        let call = call.stall_timeout(LONG).response_timeout(LONG);
        let (came, seconds, said) = failure(call, word).await;
        assert_eq!((came, seconds), (Total, 7), "{word}");
        let expected = format!("the call took longer than 7 s, at last {step}");
        assert!(said.starts_with(&expected), "{said}");

        let (came, seconds, said) = failure(Transport::builder(), word).await;
        let default = if kind == Connect { 10 } else { 30 };
        assert_eq!(came, kind);
        assert!(
            (default..default + 5).contains(&seconds),
            "{seconds}: {said}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_call_includes_the_wait_for_a_place() {
    let network = Network::new(&[("a", "hang")]);
    let transport = network.transport(builder().concurrency(1).timeout(SHORT));
    // It is not polled again, so that it keeps the place beyond its own deadline.
    let mut first = pin!(post(&transport, "https://a/"));
    let polled = timeout(Duration::from_secs(1), &mut first).await;
    assert!(polled.is_err() && network.0.requests.lock().unwrap().len() == 1);

    let waiting = post(&transport, "https://a/").await;
    assert_eq!(outcome(&waiting), "Timeout(Total) (0)");
    let said = waiting.unwrap_err().to_string();
    let expected = "at last waiting for a turn to call a";
    assert!(said.contains(expected), "{said}");
    assert_eq!(network.take_log(), "0s a");
}

#[tokio::test(start_paused = true)]
async fn no_timeout_is_too_long() {
    let forever = builder()
        .connect_timeout(Duration::MAX)
        .stall_timeout(Duration::MAX)
        .response_timeout(Duration::MAX)
        .timeout(Duration::MAX)
        .pool_idle_timeout(Duration::MAX);
    let transport = Network::new(&[]).keeping_connections(forever);
    assert_eq!(outcome(&post(&transport, "https://a/").await), "200 a (1)");
    // The pool starts its timer after the call.
    sleep(Duration::from_secs(1)).await;
}
