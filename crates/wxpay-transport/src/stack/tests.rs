//! The stack over scripted servers, under a paused clock: what each server does → what is called
//! when, and what comes of it.

mod failover;
mod network;
mod retries;
mod throttled;

use std::time::Duration;

use http::Response;
use tower::{Service, ServiceExt};

use crate::{Backoff, Builder, Endpoints, Error, Failover, Judgement, Transport, Trip};
use network::Network;

/// No deadline but that of the call, 20 s; no back-off, so that every time is certain.
fn builder() -> Builder {
    Transport::builder()
        .call_deadline(Duration::from_secs(20))
        .backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

/// The endpoints `a` and `b`, in this order.
fn pair() -> Builder {
    let endpoints = ["a", "b"].map(|name| name.parse().unwrap());
    builder().endpoints(Endpoints::new(endpoints).unwrap())
}

/// Makes calls to `a` one after the other, after pauses in seconds, and tells all that happened:
/// `0s a, 10s b = 200 b (2)` is an attempt at `a` at the start, one at `b` after 10 s, and a reply of
/// `b` at the second attempt.
async fn trace(
    builder: Builder,
    pauses: &[u64],
    script: &[(&'static str, &'static str)],
) -> String {
    let network = Network::new(script);
    let mut transport = network.transport(&builder);
    let mut lines = Vec::new();
    for &pause in pauses {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let request = http::Request::post("https://a/").body("hello".to_owned());
        let call = transport.ready().await.unwrap().call(request.unwrap());
        let outcome = outcome(call.await);
        lines.push(format!("{} = {outcome}", network.take_log()));
    }
    lines.join("; ")
}

fn outcome(result: Result<Response<bytes::Bytes>, Error>) -> String {
    match result {
        Ok(reply) => {
            let trip = reply.extensions().get::<Trip>().unwrap();
            assert!(reply.extensions().get::<Judgement>().is_some());
            let status = reply.status().as_u16();
            format!("{status} {} ({})", trip.endpoint(), trip.attempts())
        }
        Err(error) => format!("{:?} ({})", error.kind(), error.attempts()),
    }
}

async fn check(
    builder: Builder,
    pauses: &[u64],
    script: &[(&'static str, &'static str)],
    expected: &str,
) {
    assert_eq!(trace(builder, pauses, script).await, expected, "{script:?}");
}

/// Out after two failures.
fn quick() -> Failover {
    Failover::default().open_after(2)
}
