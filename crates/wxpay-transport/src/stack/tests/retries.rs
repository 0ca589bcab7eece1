//! What is repeated, how often, and when.

use bytes::Bytes;
use proptest::{prelude::*, sample::select};

use super::*;

#[tokio::test(start_paused = true)]
async fn only_what_may_pass_is_repeated() {
    for (script, expected) in [
        ("refuse", "0s a, 0s a = 200 a (2)"),
        ("stall", "0s a, 5s a = 200 a (2)"),
        ("cut", "0s a, 0s a = 200 a (2)"),
        ("500", "0s a, 0s a = 200 a (2)"),
        // And all others wait, too.
        ("429", "0s a, 1s a = 200 a (2)"),
        ("404", "0s a = 404 a (1)"),
        ("302", "0s a = 302 a (1)"),
        ("forge", "0s a = Tls(UnknownIssuer) (1)"),
        ("garbage", "0s a = Http (1)"),
        ("hang", "0s a = Timeout(Call) (1)"),
        // The last reply is the reply, the last error the error.
        ("503 503 502", "0s a, 0s a, 0s a = 502 a (3)"),
        ("refuse 503 cut", "0s a, 0s a, 0s a = Closed (3)"),
        // What asks for 7 s gets 7 s; what asks for more than there is gets no further attempt.
        ("wait", "0s a, 7s a = 200 a (2)"),
        ("wait wait wait", "0s a, 7s a, 14s a = 503 a (3)"),
    ] {
        check(builder(), &[0], &[("a", script)], expected).await;
    }
    let short = builder().call_deadline(Duration::from_secs(6));
    check(short, &[0], &[("a", "wait")], "0s a = 503 a (1)").await;
    let none = builder().retries(0);
    check(none, &[0], &[("a", "refuse")], "0s a = Connect (1)").await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_says_what_came_before() {
    let network = Network::new(&[("a", "cut hang")]);
    let request = http::Request::get("https://a/")
        .body(String::new())
        .unwrap();
    let error = network
        .transport(&builder())
        .oneshot(request)
        .await
        .unwrap_err();
    assert_eq!(outcome(Err(error)), "Timeout(Call) (2)");

    let network = Network::new(&[("a", "cut hang")]);
    let request = http::Request::get("https://a/")
        .body(String::new())
        .unwrap();
    let error = network
        .transport(&builder())
        .oneshot(request)
        .await
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(
        source.to_string().contains("closed the connection"),
        "{source}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_callers_classifier_is_asked() {
    let judge = |reply: &Response<Bytes>| match reply.status().as_u16() {
        404 => Judgement::Again,
        _ => Judgement::Done,
    };
    let builder = builder().classifier(judge);
    check(
        builder.clone(),
        &[0],
        &[("a", "404 503")],
        "0s a, 0s a = 503 a (2)",
    )
    .await;
    check(
        builder,
        &[0],
        &[("a", "404 404 404")],
        "0s a, 0s a, 0s a = 404 a (3)",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn attempts_back_off_with_jitter() {
    let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    let mut took = Vec::new();
    for _ in 0..100 {
        let network = Network::new(&[("a", "503 503")]);
        let request = http::Request::get("https://a/")
            .body(String::new())
            .unwrap();
        let start = tokio::time::Instant::now();
        let transport = network.transport(&builder().backoff(backoff));
        transport.oneshot(request).await.unwrap();
        took.push(start.elapsed());
    }
    // Up to 1 s and up to 2 s.
    let (least, most) = (took.iter().min().unwrap(), took.iter().max().unwrap());
    assert!(*most <= Duration::from_millis(3002), "{most:?}");
    assert!(
        *most - *least > Duration::from_millis(500),
        "{least:?}–{most:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied() {
    let attempts = |word: &'static str| async move {
        let words = vec![word; 10_000].join(" ");
        let network = Network::new(&[("a", words.leak())]);
        let transport = network.transport(&builder());
        for _ in 0..1000 {
            let request = http::Request::get("https://a/")
                .body(String::new())
                .unwrap();
            let _ = transport.clone().oneshot(request).await;
        }
        network.take_log().split(", ").count()
    };
    // At most ten in a second, for the ten seconds that are remembered.
    let made = attempts("503").await;
    assert!((1050..=1110).contains(&made), "{made}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn there_is_a_bound_to_attempts_and_time(
        a in prop::collection::vec(select(vec!["refuse", "stall", "hang", "cut", "503", "429", "wait", "200", "forge"]), 0..8),
        b in prop::collection::vec(select(vec!["refuse", "stall", "hang", "cut", "503", "429", "wait", "200", "forge"]), 0..8),
        retries in 0u32..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let script = [("a", &*a.join(" ").leak()), ("b", &*b.join(" ").leak())];
            let script = script.map(|(host, words)| (host, if words.is_empty() { "200" } else { words }));
            let network = Network::new(&script);
            let transport = network.transport(&pair().retries(retries));
            let start = tokio::time::Instant::now();
            let request = http::Request::get("https://a/").body(String::new()).unwrap();
            let result = transport.oneshot(request).await;
            assert!(start.elapsed() <= Duration::from_millis(20_002));
            let attempts = match &result {
                Ok(reply) => reply.extensions().get::<Trip>().unwrap().attempts(),
                Err(error) => error.attempts(),
            };
            let log = network.take_log();
            assert_eq!(log.split(", ").count(), attempts as usize, "{log}");
            assert!((1..=retries + 1).contains(&attempts), "{log}");
        });
    }
}
