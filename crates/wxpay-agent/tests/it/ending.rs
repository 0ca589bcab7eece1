//! The end: what was accepted is answered.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use crate::support::{Answer, Door, picture, start_sandbox};

#[test]
fn an_upload_under_way_is_answered_and_an_idle_connection_closed() {
    let mut door = Door::start();
    door.sandbox.inject("delay=1s".parse().unwrap());
    let mut idle = door.connect();
    let mut busy = door.connect();
    let head = door.head("POST /v1/media", "Content-Length: 100\r\n\r\n");
    busy.write_all(&[head.as_bytes(), &picture(100)].concat())
        .unwrap();
    let mut accepted = door.connect();
    accepted
        .write_all(door.head("GET /livez", "\r\n").as_bytes())
        .unwrap();
    door.ask_to_stop();
    Answer::read(accepted).assert_status(200);
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    Answer::read(busy).assert_status(200);
    let begun = Instant::now();
    assert!(door.ended());
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert!(std::net::TcpStream::connect(door.addr).is_err());
}

#[test]
fn what_is_not_done_within_the_grace_is_answered_as_busy() {
    let mut door = Door::with(start_sandbox(), |setup| {
        setup.options.grace = Duration::from_secs(1);
    });
    door.sandbox.inject("delay=60s".parse().unwrap());
    let mut stream = door.connect();
    let head = door.head("POST /v1/media", "Content-Length: 100\r\n\r\n");
    stream
        .write_all(&[head.as_bytes(), &picture(100)].concat())
        .unwrap();
    door.ask_to_stop();
    let begun = Instant::now();
    let answer = Answer::read(stream).assert_refused(503, "stopping");
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    assert!(door.ended());
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn half_of_a_head_does_not_delay_the_end() {
    let mut door = Door::start();
    let mut half = door.connect();
    half.write_all(b"POST /v1/media HTTP/1.1\r\nHost: loc")
        .unwrap();
    // Answered on another connection, so the first has been accepted.
    door.get("/livez").assert_status(200);
    let begun = Instant::now();
    door.ask_to_stop();
    assert!(door.ended());
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}
