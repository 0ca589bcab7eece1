//! The shutdown: accepted requests are answered.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::support::{Response, TestAgent, start_sandbox};

fn seconds_from_now(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[test]
fn an_upload_under_way_is_answered_and_an_idle_connection_is_closed() {
    let mut agent = TestAgent::start();
    agent.sandbox.inject("delay=1s".parse().unwrap());
    let mut idle = agent.connect();
    let busy = agent.begin_upload(100);
    let mut accepted = agent.connect();
    let request = agent.head("GET /livez", "\r\n");
    accepted.write_all(request.as_bytes()).unwrap();
    agent.ask_to_stop();
    Response::read(accepted).assert_status(200);
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    Response::read(busy).assert_status(200);
    agent.assert_ends_before(seconds_from_now(2));
    assert!(TcpStream::connect(agent.addr).is_err());
}

#[test]
fn an_upload_that_outlasts_the_grace_is_answered_with_503() {
    let mut agent = TestAgent::with(start_sandbox(), |setup| {
        setup.options.grace = Duration::from_secs(1);
    });
    agent.sandbox.inject("delay=60s".parse().unwrap());
    let upload = agent.begin_upload(100);
    let end = seconds_from_now(3);
    agent.ask_to_stop();
    let response = Response::read(upload).assert_refused(503, "stopping");
    response.assert_head("retry-after: ");
    agent.assert_ends_before(end);
}

#[test]
fn half_of_a_head_does_not_delay_the_shutdown() {
    let mut agent = TestAgent::start();
    let mut half = agent.connect();
    half.write_all(b"POST /v1/media HTTP/1.1\r\nHost: loc")
        .unwrap();
    // Connections are accepted in order, so the first one has been, too.
    agent.get("/livez").assert_status(200);
    let end = seconds_from_now(5);
    agent.ask_to_stop();
    agent.assert_ends_before(end);
}
