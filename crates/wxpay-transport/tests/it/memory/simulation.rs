//! Laws that hold for random schedules of faults.

use proptest::{prelude::*, sample::select};
use tokio::{runtime::Handle, time::timeout};
use wxpay_transport::{ErrorKind, IdentityHandle, TimeoutKind};

use super::*;
use crate::support::split;

/// The behaviours of a server in one attempt.
const WORDS: [&str; 15] = [
    "refuse", "stall", "hang", "cut", "half", "drip", "slow", "stuck", "503", "429", "wait", "404",
    "200", "forge", "garbage",
];

#[derive(Debug, Clone)]
struct Schedule {
    a: Vec<&'static str>,
    b: Vec<&'static str>,
    max_retries: u32,
    timeout: Option<u64>,
    /// The pauses before the calls in seconds; before the second one the identity changes.
    calls: Vec<u64>,
    /// The time after which the last call is dropped, in seconds.
    dropped: Option<u64>,
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let words = || prop::collection::vec(select(&WORDS[..]), 0..6);
    let timeout = prop::option::of(1u64..120);
    let calls = prop::collection::vec(0u64..40, 1..4);
    let dropped = prop::option::weighted(0.3, 0u64..60);
    (words(), words(), 0u32..5, timeout, calls, dropped).prop_map(
        |(a, b, max_retries, timeout, calls, dropped)| Schedule {
            a,
            b,
            max_retries,
            timeout,
            calls,
            dropped,
        },
    )
}

const LENGTH: usize = 150_000;
const SILENCE: Duration = Duration::from_secs(10);

async fn run(schedule: Schedule) {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let [a, b] = [&schedule.a, &schedule.b].map(|words| words.join(" "));
    let network = Network::new(&[("a", &a), ("b", &b)]);
    let identity = || network.0.ca.pair().identity();
    let handle = IdentityHandle::new(identity());
    let builder = pair()
        .identity_source(handle.clone())
        .max_retries(schedule.max_retries)
        .timeout(schedule.timeout.map(Duration::from_secs))
        .stall_timeout(SILENCE)
        .response_timeout(SILENCE);
    let transport = network.transport(builder);
    let body: String = ('a'..='z').cycle().take(LENGTH).collect();
    let last = schedule.calls.len() - 1;
    for (at, pause) in schedule.calls.iter().enumerate() {
        sleep(Duration::from_secs(*pause)).await;
        if at == 1 {
            handle.set(identity());
        }
        let words = network.0.script.lock().unwrap().clone();
        // Probes use words too; then it is not known which words the call met.
        let is_probed = transport.endpoints().iter().any(|it| it.failures >= 2);
        network.take_log();
        let start = Instant::now();
        let request = Request::post("https://a/").body(body.clone()).unwrap();
        let calling = send(&transport, request);
        let result = match schedule.dropped.filter(|_| at == last) {
            None => calling.await,
            Some(seconds) => match timeout(Duration::from_secs(seconds), calling).await {
                Ok(result) => result,
                Err(_) => break,
            },
        };
        let took = start.elapsed();
        let log = network.take_log();
        let attempts = match &result {
            Ok(response) => response.extensions().get::<CallInfo>().unwrap().attempts,
            Err(error) => error.info().unwrap().attempts,
        };
        let story = format!("{words:?}: {log} = {result:?} after {took:?}");
        assert!(
            (1..=schedule.max_retries + 1).contains(&attempts),
            "{story}"
        );
        // A call ends within its bounds.
        let bound = match schedule.timeout {
            Some(timeout) => Duration::from_secs(timeout),
            // Connecting, the slowest body, its response, and a pause that the server asks for.
            None => attempts * (Duration::from_secs(5 + 60 + 8) + 2 * SILENCE),
        };
        assert!(took <= bound + Duration::from_millis(5), "{story}");
        // A success has the complete response.
        if let Ok(response) = &result {
            assert_eq!(response.body(), RESPONSE, "{story}");
        }
        let dialled = log.split(", ").filter_map(|it| it.split(' ').nth(1));
        let dialled: Vec<&str> = dialled.collect();
        if is_probed || dialled.len() != attempts as usize {
            continue;
        }
        let mut left = words;
        let mut met: Vec<String> = Vec::new();
        for host in &dialled {
            let word = left.get_mut(*host).and_then(VecDeque::pop_front);
            met.push(word.unwrap_or_else(|| "200".to_owned()));
        }
        let timed_out = matches!(&result, Err(error)
            if error.kind() == ErrorKind::Timeout(TimeoutKind::Total));
        // An attempt that makes progress is never moved or cut, so a slow one is the last. It moves
        // every four seconds, which is a silence when little time is left.
        let has_time = |slow| schedule.timeout.is_none_or(|it| it >= 40 && slow == 0);
        let slow = met.iter().position(|word| word == "slow");
        if let Some(slow) = slow.filter(|slow| has_time(*slow)) {
            assert_eq!(slow + 1, met.len(), "{story}");
            assert!(result.is_ok() || timed_out, "{story}");
        }
        // The call fails only after both endpoints were tried, if attempts and time are left.
        let fatal = ["forge", "garbage"];
        let is_final = met.last().is_some_and(|it| fatal.contains(&it.as_str()));
        if let Err(error) = &result
            && !is_final
            && !timed_out
            && attempts <= schedule.max_retries
        {
            let both = dialled.contains(&"a") && dialled.contains(&"b");
            assert!(both, "{story}: {error}");
        }
    }
    // Every attempt carries the same bytes.
    for request in &*network.0.requests.lock().unwrap() {
        let Some((head, sent)) = split(request) else {
            continue;
        };
        let length = format!("content-length: {LENGTH}");
        assert!(head.contains(&length), "{head}");
        assert!(body.as_bytes().starts_with(sent));
    }
    // No task is left, and so no connection.
    drop(transport);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(tasks(), before, "{schedule:?}");
}

fn simulate(schedule: Schedule) {
    runtime().block_on(run(schedule));
}

#[test]
fn an_upload_is_not_moved_while_its_last_bytes_are_on_a_slow_line() {
    simulate(Schedule {
        a: vec!["slow"],
        b: vec![],
        max_retries: 1,
        timeout: Some(42),
        calls: vec![0],
        dropped: None,
    });
}

/// `PROPTEST_CASES` schedules, or as many as run in a few seconds.
fn config() -> ProptestConfig {
    let cases = std::env::var_os("PROPTEST_CASES").map_or(48, |_| ProptestConfig::default().cases);
    ProptestConfig {
        max_shrink_iters: 200,
        ..ProptestConfig::with_cases(cases)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_laws_hold_whatever_the_servers_do(schedule in schedule()) {
        simulate(schedule);
    }
}
