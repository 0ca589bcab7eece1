//! The choice of an endpoint.

use tokio::runtime::Handle;
use wxpay_transport::EndpointStatus;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_call_moves_on_when_an_endpoint_is_not_reached() {
    for (script, expected) in [
        // Refused: at once.
        (&[("a", "refuse")][..], "0s a, 0s b = 200 b (2)"),
        // The handshake hangs until `connect_timeout`.
        (&[("a", "stall")], "0s a, 5s b = 200 b (2)"),
        // The handshake is cut.
        (&[("a", "drop")], "0s a, 0s b = 200 b (2)"),
        // No response: the first of two endpoints has half of the 20 s.
        (&[("a", "hang")], "0s a, 10s b = 200 b (2)"),
        (&[("a", "drip")], "0s a, 10s b = 200 b (2)"),
        // The last one has all remaining time.
        (
            &[("a", "hang"), ("b", "hang")],
            "0s a, 10s b = Timeout(Total) (2)",
        ),
        // Both refuse: the first again, until the attempts are used up.
        (
            &[("a", "refuse refuse"), ("b", "refuse")],
            "0s a, 0s b, 0s a = Connect (3)",
        ),
        (
            &[("a", "refuse"), ("b", "refuse")],
            "0s a, 0s b, 0s a = 200 a (3)",
        ),
        // A cut on a new connection.
        (&[("a", "cut")], "0s a, 0s b = 200 b (2)"),
        (&[("a", "half")], "0s a, 0s b = 200 b (2)"),
        (
            &[("a", "cut"), ("b", "cut")],
            "0s a, 0s b, 0s a = 200 a (3)",
        ),
        // A server's own failure is repeated there.
        (&[("a", "503 502")], "0s a, 0s a, 0s a = 200 a (3)"),
        (&[("a", "503 refuse")], "0s a, 0s a, 0s b = 200 b (3)"),
        // A wrong certificate ends the call.
        (&[("a", "forge")], "0s a = Tls(UnknownIssuer) (1)"),
        (
            &[("a", "refuse"), ("b", "forge")],
            "0s a, 0s b = Tls(UnknownIssuer) (2)",
        ),
        (&[("a", "garbage")], "0s a = Http (1)"),
    ] {
        check(pair(), &[0], script, expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn three_endpoints_share_the_time_of_the_call() {
    let endpoints = ["a", "b", "c"].map(|name| name.parse().unwrap());
    let three = builder().endpoints(Endpoints::new(endpoints).unwrap());
    for (retries, expected) in [
        // 20 / 3, then (20 - 6.67) / 2, then the rest.
        (2, "0s a, 6s b, 13s c = 200 c (3)"),
        // With one attempt left, the time is for that one.
        (1, "0s a, 10s b = Timeout(Total) (2)"),
        (0, "0s a = Timeout(Total) (1)"),
    ] {
        let script = [("a", "hang"), ("b", "hang")];
        let builder = three.clone().max_retries(retries);
        check(builder, &[0], &script, expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_has_its_own_bound_too() {
    let short = Duration::from_secs(3);
    let capped = || pair().response_timeout(short);
    for (builder, script, expected) in [
        (capped(), &[("a", "hang")][..], "0s a, 3s b = 200 b (2)"),
        (
            capped(),
            &[("a", "hang"), ("b", "hang")],
            "0s a, 3s b = Timeout(Response) (2)",
        ),
        // However often a byte comes.
        (capped(), &[("a", "drip")], "0s a, 3s b = 200 b (2)"),
        (
            builder().response_timeout(short),
            &[("a", "hang")],
            "0s a = Timeout(Response) (1)",
        ),
        (
            pair().timeout(None),
            &[("a", "hang")],
            "0s a, 30s b = 200 b (2)",
        ),
    ] {
        check(builder, &[0], script, expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_leaves_an_endpoint_that_stands_still_and_not_a_slow_one() {
    let impatient = || {
        let silence = Duration::from_secs(10);
        pair().stall_timeout(silence).response_timeout(silence)
    };
    for (word, expected, failures) in [
        ("slow", "200 a (1)", 0),
        ("stuck", "200 b (2)", 1),
        ("hang", "200 b (2)", 1),
    ] {
        // 37 s are needed, which is more than a half of 70 s.
        for timeout in [None, Some(Duration::from_secs(70))] {
            let network = Network::new(&[("a", word)]);
            let transport = network.transport(impatient().timeout(timeout));
            let request = Request::post("https://a/").body("x".repeat(150_000));
            let result = send(&transport, request.unwrap()).await;
            assert_eq!(outcome(&result), expected, "{word}");
            let first = &transport.endpoints()[0];
            assert_eq!((first.is_in_service, first.failures), (true, failures));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_out_of_service_until_a_probe_reaches_it() {
    let builder = pair().failover_after(2);
    // Two failures open the breaker; the probe after 30 s fails, that after 60 s does not.
    let script = [("a", "refuse refuse refuse 200")];
    check(
        builder,
        &[0, 0, 0, 31, 31, 1],
        &script,
        "0s a, 0s b = 200 b (2); \
         0s a, 0s b = 200 b (2); \
         0s b = 200 b (1); \
         30s a, 31s b = 200 b (1); \
         60s a, 62s a = 200 a (1); \
         63s a = 200 a (1)",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn failures_count_only_in_a_row() {
    let script = [("a", "refuse 200 refuse 200 refuse")];
    check(
        pair().failover_after(2),
        &[0, 0, 0, 0, 0, 0],
        &script,
        "0s a, 0s b = 200 b (2); 0s a = 200 a (1); 0s a, 0s b = 200 b (2); \
         0s a = 200 a (1); 0s a, 0s b = 200 b (2); 0s a = 200 a (1)",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_an_endpoint_in_service_all_are_tried_and_a_success_closes_the_breaker() {
    let script = [
        ("a", "refuse refuse refuse"),
        ("b", "refuse refuse 200 refuse"),
    ];
    check(
        pair().failover_after(2).max_retries(1),
        &[0, 0, 0, 0],
        &script,
        "0s a, 0s b = Connect (2); \
         0s a, 0s b = Connect (2); \
         0s a, 0s b = 200 b (2); \
         0s b, 0s a = 200 a (2)",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_to_any_endpoint_goes_to_the_first_and_one_to_another_server_goes_there() {
    let network = Network::new(&[("c", "refuse refuse refuse refuse")]);
    let transport = network.transport(pair());
    for (uri, expected, log) in [
        ("https://b:443/", "200 a (1)", "0s a"),
        ("https://c/", "Connect (3)", "0s c, 0s c, 0s c"),
    ] {
        assert_eq!(outcome(&post(&transport, uri).await), expected);
        assert_eq!(network.take_log(), log);
    }
}

#[tokio::test(start_paused = true)]
async fn clones_share_the_breakers_and_the_probes_end_with_the_last_clone() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let network = Network::new(&[("a", "refuse refuse stall")]);
    let transport = network.transport(pair().failover_after(2));
    for _ in 0..2 {
        post(&transport, "https://a/").await.unwrap();
    }
    let state = |transport: &Transport<_>| {
        let status = |it: &EndpointStatus| (it.is_in_service, it.failures);
        transport.endpoints().iter().map(status).collect::<Vec<_>>()
    };
    assert_eq!(state(&transport.clone()), [(false, 2), (true, 0)]);
    // The probe hangs for the 5 s of `connect_timeout`.
    sleep(Duration::from_secs(31)).await;
    assert_eq!(state(&transport), [(false, 2), (true, 0)]);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(state(&transport), [(false, 3), (true, 0)]);

    assert_eq!(tasks(), before + 1);
    drop(transport);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(tasks(), before);
}

#[test]
fn a_transport_outlives_its_runtime() {
    let network = runtime().block_on(async { Network::new(&[("a", "refuse refuse")]) });
    let transport = network.transport(pair().failover_after(2));
    runtime().block_on(async {
        post(&transport, "https://a/").await.unwrap();
        post(&transport, "https://a/").await.unwrap();
    });
    // The probing task has ended with that runtime.
    runtime().block_on(async {
        post(&transport, "https://a/").await.unwrap();
        sleep(Duration::from_secs(31)).await;
        assert!(transport.endpoints()[0].is_in_service);
    });
}
