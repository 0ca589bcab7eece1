//! Which endpoint is called.

use super::*;
use crate::BreakerState;

#[tokio::test(start_paused = true)]
async fn a_call_moves_on_when_an_endpoint_is_not_reached() {
    for (script, expected) in [
        // Refused: at once.
        (&[("a", "refuse")][..], "0s a, 0s b = 200 b (2)"),
        // A handshake that hangs until the connector's deadline.
        (&[("a", "stall")], "0s a, 5s b = 200 b (2)"),
        // No answer: half of the 20 s for the first of two endpoints.
        (&[("a", "hang")], "0s a, 10s b = 200 b (2)"),
        // The last one has all that is left.
        (
            &[("a", "hang"), ("b", "hang")],
            "0s a, 10s b = Timeout(Call) (2)",
        ),
        // Both refuse: round again, until the attempts are used up.
        (
            &[("a", "refuse refuse"), ("b", "refuse")],
            "0s a, 0s b, 0s a = Connect (3)",
        ),
        (
            &[("a", "refuse"), ("b", "refuse")],
            "0s a, 0s b, 0s a = 200 a (3)",
        ),
        // A cut and a server's own fault stay where they are.
        (&[("a", "cut")], "0s a, 0s a = 200 a (2)"),
        (&[("a", "503 502")], "0s a, 0s a, 0s a = 200 a (3)"),
        (&[("a", "cut refuse")], "0s a, 0s a, 0s b = 200 b (3)"),
        // A wrong certificate is an error: someone may be in between.
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
async fn the_shares_of_three() {
    let endpoints = ["a", "b", "c"].map(|name| name.parse().unwrap());
    let three = builder().endpoints(Endpoints::new(endpoints).unwrap());
    let script = [("a", "hang"), ("b", "hang")];
    // 20 / 3, then (20 - 6.67) / 2, then the rest.
    check(
        three.clone(),
        &[0],
        &script,
        "0s a, 6s b, 13s c = 200 c (3)",
    )
    .await;
    // With one attempt left, the time is for that one.
    let two_attempts = three.clone().retries(1);
    check(
        two_attempts,
        &[0],
        &script,
        "0s a, 10s b = Timeout(Call) (2)",
    )
    .await;
    let one_attempt = three.retries(0);
    check(one_attempt, &[0], &script, "0s a = Timeout(Call) (1)").await;
}

#[tokio::test(start_paused = true)]
async fn an_attempts_own_deadline_is_a_cap() {
    let capped = pair().attempt_deadline(Duration::from_secs(3));
    check(
        capped.clone(),
        &[0],
        &[("a", "hang")],
        "0s a, 3s b = 200 b (2)",
    )
    .await;
    let both = [("a", "hang"), ("b", "hang")];
    check(capped, &[0], &both, "0s a, 3s b = Timeout(Attempt) (2)").await;
    let alone = builder().attempt_deadline(Duration::from_secs(3));
    check(alone, &[0], &[("a", "hang")], "0s a = Timeout(Attempt) (1)").await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_fails_again_and_again_is_passed_by_and_comes_back() {
    let builder = pair().failover(quick());
    // Two failures open the breaker; the probe after 30 s fails, that after 60 s does not.
    let script = [("a", "refuse refuse"), ("probe", "refuse 200")];
    check(
        builder,
        &[0, 0, 0, 31, 31, 1],
        &script,
        "0s a, 0s b = 200 b (2); \
         0s a, 0s b = 200 b (2); \
         0s b = 200 b (1); \
         30s probe a, 31s b = 200 b (1); \
         60s probe a, 62s a = 200 a (1); \
         63s a = 200 a (1)",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn failures_count_only_in_a_row() {
    let script = [("a", "refuse 200 refuse 200 refuse")];
    check(
        pair().failover(quick()),
        &[0, 0, 0, 0, 0, 0],
        &script,
        "0s a, 0s b = 200 b (2); 0s a = 200 a (1); 0s a, 0s b = 200 b (2); \
         0s a = 200 a (1); 0s a, 0s b = 200 b (2); 0s a = 200 a (1)",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn with_none_in_service_all_are_tried_and_a_success_is_as_good_as_a_probe() {
    let script = [
        ("a", "refuse refuse refuse"),
        ("b", "refuse refuse 200 refuse"),
    ];
    check(
        pair().failover(quick()).retries(1),
        &[0, 0, 0, 0],
        &script,
        "0s a, 0s b = Connect (2); \
         0s a, 0s b = Connect (2); \
         0s a, 0s b = 200 b (2); \
         0s b, 0s b = 200 b (2)",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_to_another_server_goes_there_alone() {
    let network = Network::new(&[("c", "refuse refuse refuse refuse")]);
    let mut transport = network.transport(&pair());
    let request = http::Request::get("https://c/")
        .body(String::new())
        .unwrap();
    let call = transport.ready().await.unwrap().call(request);
    assert_eq!(outcome(call.await), "Connect (3)");
    assert_eq!(network.take_log(), "0s c, 0s c, 0s c");
}

#[tokio::test(start_paused = true)]
async fn any_endpoint_may_be_named_and_the_first_is_taken() {
    let network = Network::new(&[]);
    let mut transport = network.transport(&pair());
    let request = http::Request::get("https://b:443/")
        .body(String::new())
        .unwrap();
    let call = transport.ready().await.unwrap().call(request);
    assert_eq!(outcome(call.await), "200 a (1)");
}

#[tokio::test(start_paused = true)]
async fn clones_share_what_is_known_of_the_endpoints() {
    let network = Network::new(&[("a", "refuse refuse"), ("probe", "hang")]);
    let transport = network.transport(&pair().failover(quick()));
    for _ in 0..2 {
        let request = http::Request::get("https://a/")
            .body(String::new())
            .unwrap();
        transport.clone().oneshot(request).await.unwrap();
    }
    let state = |at: usize| transport.endpoints()[at].state();
    assert_eq!(
        (state(0), state(1)),
        (BreakerState::Open, BreakerState::Closed)
    );
    assert_eq!(transport.endpoints()[0].failures(), 2);
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(state(0), BreakerState::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn a_probe_ends_with_the_last_clone() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let network = Network::new(&[("a", "refuse refuse"), ("probe", "hang")]);
    let transport = network.transport(&pair().failover(quick()));
    for _ in 0..2 {
        let request = http::Request::get("https://a/")
            .body(String::new())
            .unwrap();
        transport.clone().oneshot(request).await.unwrap();
    }
    assert_eq!(tasks(), before + 1);
    drop(transport);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(tasks(), before);
}

#[test]
fn a_transport_outlives_its_runtime() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let call = |transport: &Transport<String>| {
        let request = http::Request::get("https://a/")
            .body(String::new())
            .unwrap();
        transport.clone().oneshot(request)
    };
    let network = runtime().block_on(async { Network::new(&[("a", "refuse refuse")]) });
    let transport = network.transport(&pair().failover(quick()));
    runtime().block_on(async {
        call(&transport).await.unwrap();
        call(&transport).await.unwrap();
    });
    // That runtime is gone, and the task that would have probed with it.
    runtime().block_on(async {
        call(&transport).await.unwrap();
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert_eq!(transport.endpoints()[0].state(), BreakerState::Closed);
    });
}
