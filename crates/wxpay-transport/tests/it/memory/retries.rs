//! Repeated attempts, their number and their waits.

use wxpay_transport::RetryClass;

use super::*;

#[tokio::test(start_paused = true)]
async fn only_temporary_failures_are_repeated() {
    for (script, expected) in [
        ("refuse", "0s a, 0s a = 200 a (2)"),
        ("stall", "0s a, 5s a = 200 a (2)"),
        ("cut", "0s a, 0s a = 200 a (2)"),
        ("500", "0s a, 0s a = 200 a (2)"),
        // The rate limiter adds a second.
        ("429", "0s a, 1s a = 200 a (2)"),
        ("404", "0s a = 404 a (1)"),
        ("302", "0s a = 302 a (1)"),
        ("forge", "0s a = Tls(UnknownIssuer) (1)"),
        ("garbage", "0s a = Http (1)"),
        ("hang", "0s a = Timeout(Total) (1)"),
        ("drip", "0s a = Timeout(Total) (1)"),
        ("half", "0s a, 0s a = 200 a (2)"),
        // The result is the last response or the last error.
        ("503 503 502", "0s a, 0s a, 0s a = 502 a (3)"),
        ("refuse 503 cut", "0s a, 0s a, 0s a = Closed (3)"),
        // `Retry-After` asks for 7 s, for which there is no time in the end.
        ("wait", "0s a, 7s a = 200 a (2)"),
        ("wait wait wait", "0s a, 7s a, 14s a = 503 a (3)"),
    ] {
        check(builder(), &[0], &[("a", script)], expected).await;
    }
    let short = builder().timeout(Duration::from_secs(6));
    check(short, &[0], &[("a", "wait")], "0s a = 503 a (1)").await;
    let none = builder().max_retries(0);
    check(none, &[0], &[("a", "refuse")], "0s a = Connect (1)").await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_repeated_by_default() {
    let by_default = || Transport::builder().connect_timeout(Duration::from_secs(5));
    for (script, expected) in [
        ("refuse", "0s a = Connect (1)"),
        ("stall", "0s a = Timeout(Connect) (1)"),
        ("cut", "0s a = Closed (1)"),
        ("500", "0s a = 500 a (1)"),
        ("429", "0s a = 429 a (1)"),
        ("hang", "0s a = Timeout(Response) (1)"),
    ] {
        check(by_default(), &[0], &[("a", script)], expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_of_a_timeout_is_the_error_of_the_attempt_before() {
    let network = Network::new(&[("a", "cut hang")]);
    let result = post(&network.transport(builder()), "https://a/").await;
    let error = result.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("closed the connection"), "{source}");
    assert_eq!(outcome(&Err(error)), "Timeout(Total) (2)");
}

#[tokio::test(start_paused = true)]
async fn a_cut_on_a_reused_connection_is_repeated_at_once_at_the_same_endpoint() {
    // The server closes at the second request, which looks like an earlier close.
    let served = Arc::new(Mutex::new(0));
    let network = Network::new(&[]);
    let ca = network.0.ca.roots();
    let acceptor = network.0.honest.clone();
    let counter = served.clone();
    let transport: Transport<String> = pair()
        .roots(ca)
        .dialer(move |_| {
            let (ours, theirs) = duplex(16 * 1024);
            let (acceptor, counter) = (acceptor.clone(), counter.clone());
            tokio::spawn(async move {
                let mut stream = acceptor.accept(theirs).await.unwrap();
                for answers in [true, false] {
                    if read_request(&mut stream).await.is_empty() {
                        return;
                    }
                    *counter.lock().unwrap() += 1;
                    if answers {
                        write(&mut stream, crate::support::OK).await;
                    }
                }
            });
            async { Ok(ours) }
        })
        .build()
        .unwrap();
    for expected in ["200 a (1)", "200 a (2)", "200 a (2)"] {
        assert_eq!(outcome(&post(&transport, "https://a/").await), expected);
    }
    assert_eq!(*served.lock().unwrap(), 5);
    assert_eq!(transport.endpoints()[0].failures, 0);
}

#[tokio::test(start_paused = true)]
async fn the_callers_classifier_decides() {
    let classify = |response: &Response<Bytes>| match response.status().as_u16() {
        404 => RetryClass::Retry,
        _ => RetryClass::Done,
    };
    let builder = builder().classifier(classify);
    for (script, expected) in [
        ("404 503", "0s a, 0s a = 503 a (2)"),
        ("404 404 404", "0s a, 0s a, 0s a = 404 a (3)"),
    ] {
        check(builder.clone(), &[0], &[("a", script)], expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_back_off_with_jitter() {
    let backing_off = builder().backoff(Duration::from_secs(1), Duration::from_secs(60));
    let mut took = Vec::new();
    for _ in 0..100 {
        let network = Network::new(&[("a", "503 503")]);
        let start = Instant::now();
        let transport = network.transport(backing_off.clone());
        post(&transport, "https://a/").await.unwrap();
        took.push(start.elapsed());
    }
    // Up to 1 s and up to 2 s.
    let (least, most) = (took.iter().min().unwrap(), took.iter().max().unwrap());
    assert!(*most <= Duration::from_millis(3002), "{most:?}");
    let spread = *most - *least;
    assert!(spread > Duration::from_millis(500), "{spread:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_multiplied() {
    let attempts = |word: &'static str| async move {
        let words = vec![word; 10_000].join(" ");
        let network = Network::new(&[("a", words.as_str())]);
        let transport = network.transport(builder());
        for _ in 0..1000 {
            let _ = post(&transport, "https://a/").await;
        }
        network.take_log().split(", ").count()
    };
    // The budget has at most ten a second, for ten seconds.
    let made = attempts("503").await;
    assert!((1050..=1110).contains(&made), "{made}");
}
