//! The log: outcomes, and no secrets.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{
    Dispatch, Level,
    subscriber::{NoSubscriber, with_default},
};

use crate::support::Bench;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn outcomes_are_logged_and_secrets_are_not() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
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
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();

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
