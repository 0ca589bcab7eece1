//! The log: outcomes, and no secrets.

use std::{
    io::{Read, Seek},
    sync::Arc,
};

use tracing::{
    Dispatch, Level,
    subscriber::{NoSubscriber, with_default},
};

use crate::support::Bench;

#[test]
fn outcomes_are_logged_and_secrets_are_not() {
    let mut file = tempfile::tempfile().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(Arc::new(file.try_clone().unwrap()))
        .finish();
    // With a single dispatcher, tracing caches for the whole process whether the first thread that logs
    // has a subscriber, and that may be the thread of another test.
    let _another = Dispatch::new(NoSubscriber::default());
    // The server logs to the subscriber of the thread that starts it.
    let bench = with_default(subscriber, Bench::new);
    let form = bench.form(&[]);
    let answers = [
        bench.upload(&form),
        bench.upload(&form[2..]),
        bench.upload(&form),
    ];
    let mut log = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut log).unwrap();

    assert_eq!(log.matches("accepted").count(), 2, "{log}");
    assert!(log.contains("POST"), "{log}");
    assert!(log.contains("PARAM_ERROR, Regular validation"), "{log}");
    let credentials = bench.credentials();
    let mut words = form.iter();
    let sign = words.find_map(|word| word.strip_prefix("sign=")).unwrap();
    let private = credentials.key_pem().lines().nth(1).unwrap();
    for secret in [
        credentials.expose_api_key(),
        private,
        sign,
        answers[0].get("sign").unwrap(),
        "a picture, as far",
    ] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
