//! Servers with a limit of calls a second.

use std::{
    future::ready,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use futures_util::{StreamExt, future::join_all, stream};
use tokio::time::timeout;

use super::*;

/// The result of a thousand calls.
#[derive(Debug)]
struct Figures {
    succeeded: usize,
    refusals: u32,
    seconds: f64,
}

/// Makes a thousand calls, sixteen at a time, to a server that answers in 5 ms, and with 429 where
/// `allows` returns false.
async fn thousand(allows: impl Fn(Instant) -> bool + Send + Sync + 'static) -> Figures {
    let refusals = Arc::new(AtomicU32::new(0));
    let (allows, counted) = (Arc::new(allows), Arc::clone(&refusals));
    let network = Network::new(&[]);
    let acceptor = network.0.honest.clone();
    let builder = Transport::builder()
        .max_retries(2)
        .roots(network.0.ca.roots());
    let builder = builder.dialer(move |_| {
        let (ours, theirs) = duplex(16 * 1024);
        let (acceptor, allows) = (acceptor.clone(), Arc::clone(&allows));
        let counted = Arc::clone(&counted);
        tokio::spawn(async move {
            let Ok(mut stream) = acceptor.accept(theirs).await else {
                return;
            };
            while !read_request(&mut stream).await.is_empty() {
                sleep(Duration::from_millis(5)).await;
                let status = if allows(Instant::now()) {
                    200
                } else {
                    counted.fetch_add(1, Ordering::Relaxed);
                    429
                };
                let head = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
                write(&mut stream, &head).await;
            }
        });
        async { Ok(ours) }
    });
    let transport: Transport<String> = builder.build().unwrap();
    let start = Instant::now();
    let succeeded = stream::iter(0..1000)
        .map(|_| post(&transport, "https://a/"))
        .buffer_unordered(16)
        .filter(|result| ready(result.as_ref().is_ok_and(|it| it.status() == 200)))
        .count()
        .await;
    let figures = Figures {
        succeeded,
        refusals: refusals.load(Ordering::Relaxed),
        seconds: start.elapsed().as_secs_f64(),
    };
    #[expect(
        clippy::print_stdout,
        reason = "figures for people; only the outcome is asserted"
    )]
    {
        println!("{figures:?}, {:.1} a second", 1000.0 / figures.seconds);
    }
    figures
}

/// Twenty in any second.
fn sliding() -> impl Fn(Instant) -> bool {
    let taken = Mutex::new(VecDeque::new());
    move |now| {
        let mut taken = taken.lock().unwrap();
        while taken
            .front()
            .is_some_and(|&at: &Instant| at + Duration::from_secs(1) <= now)
        {
            taken.pop_front();
        }
        let allowed = taken.len() < 20;
        if allowed {
            taken.push_back(now);
        }
        allowed
    }
}

/// Twenty in each whole second.
fn fixed() -> impl Fn(Instant) -> bool {
    let (start, window) = (Instant::now(), Mutex::new((0, 0)));
    move |now| {
        let second = (now - start).as_secs();
        let mut window = window.lock().unwrap();
        if window.0 != second {
            *window = (second, 0);
        }
        window.1 += 1;
        window.1 <= 20
    }
}

/// A token bucket of twenty, with twenty more a second.
fn bucket() -> impl Fn(Instant) -> bool {
    let bucket = Mutex::new((Instant::now(), 20.0));
    move |now| {
        let mut bucket = bucket.lock().unwrap();
        let filled = bucket.1 + (now - bucket.0).as_secs_f64() * 20.0;
        let level = f64::min(filled, 20.0);
        let allowed = level >= 1.0;
        *bucket = (now, if allowed { level - 1.0 } else { level });
        allowed
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_learnt_with_few_refusals() {
    for figures in [
        thousand(sliding()).await,
        thousand(fixed()).await,
        thousand(bucket()).await,
    ] {
        assert_eq!(figures.succeeded, 1000, "{figures:?}");
        // 50 s are the least.
        assert!(figures.seconds < 52.5, "{figures:?}");
        assert!(figures.refusals < 50, "{figures:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_limit_before_the_first_refusal() {
    let figures = thousand(|_| true).await;
    assert!(figures.seconds < 0.5, "{figures:?}");
}

/// The times in milliseconds at which simultaneous calls connect.
async fn begun(transport: &Transport<String>, network: &Network, calls: usize) -> Vec<u128> {
    network.0.times.lock().unwrap().clear();
    let start = Instant::now();
    join_all((0..calls).map(|_| post(transport, "https://a/"))).await;
    let times = std::mem::take(&mut *network.0.times.lock().unwrap());
    times
        .iter()
        .map(|time| (*time - start).as_millis())
        .collect()
}

fn limited(per_second: u32) -> TransportBuilder {
    Transport::builder().max_rate(NonZeroU32::new(per_second))
}

#[tokio::test(start_paused = true)]
async fn a_given_rate_is_kept_from_the_first_attempt_on_and_in_order() {
    for per_second in [1, 10, 100] {
        let network = Network::new(&[]);
        let begun = begun(&network.transport(limited(per_second)), &network, 31).await;
        assert!(begun.is_sorted() && begun[0] == 0, "{begun:?}");
        // With the margin of 4 %.
        let least = 31_200 / u128::from(per_second);
        assert!(
            (least..least + 200).contains(&begun[30]),
            "{per_second}: {begun:?}"
        );
        let even = begun
            .windows(2)
            .all(|two| two[1] - two[0] <= 1050 / u128::from(per_second) + 1);
        assert!(even, "{begun:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_delays_no_other() {
    let network = Network::new(&[]);
    let transport = network.transport(limited(10));
    begun(&transport, &network, 1).await;
    let impatient =
        (0..1000).map(|_| timeout(Duration::from_millis(1), post(&transport, "https://a/")));
    assert!(join_all(impatient).await.iter().all(Result::is_err));
    assert!(begun(&transport, &network, 1).await[0] <= 104);
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_rate_returns_to_the_given_maximum() {
    let network = Network::new(&[("a", &("200 ".repeat(19) + "429"))]);
    let transport = network.transport(limited(10));
    begun(&transport, &network, 20).await;
    // A tenth of a second's pause, then a twentieth less than the rate, and slowly back to it.
    let begun = begun(&transport, &network, 101).await;
    assert!((100..=110).contains(&begun[0]), "{begun:?}");
    assert!((109..=110).contains(&(begun[1] - begun[0])), "{begun:?}");
    assert!((104..=105).contains(&(begun[100] - begun[99])), "{begun:?}");
}

#[tokio::test(start_paused = true)]
async fn a_very_low_limit_is_learnt_within_seconds() {
    let network = Network::new(&[("a", &("200 ".repeat(20) + &"429 ".repeat(5)))]);
    let transport = network.transport(Transport::builder());
    begun(&transport, &network, 25).await;
    let mut last = 0;
    for _ in 0..5 {
        let (script, words) = (&network.0.script, ["429".to_owned()]);
        script.lock().unwrap().insert("a".to_owned(), words.into());
        last = begun(&transport, &network, 1).await[0];
        sleep(Duration::from_secs(1)).await;
    }
    // Less than one a second.
    let pair = begun(&transport, &network, 2).await;
    assert!(pair[1] - pair[0] > 1000, "{pair:?}, {last}");
}
