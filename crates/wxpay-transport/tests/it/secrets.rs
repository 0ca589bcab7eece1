//! What must never be printed.

use std::{
    fmt::Debug,
    io,
    sync::{Arc, Mutex},
};

use tracing::{
    Dispatch,
    subscriber::{NoSubscriber, set_default},
};
use tracing_subscriber::fmt::MakeWriter;

use wxpay_transport::Transport;

use crate::support::{Ca, OK, call, serve_reply};

/// The middle of a PEM key: no header, no line that another file could share.
fn inside(pem: &str) -> &str {
    pem.lines().nth(1).unwrap()
}

#[test]
fn no_debug_shows_the_key() {
    let pair = Ca::new().pair();
    let identity = pair.identity();
    let builder = Ca::new().builder().identity(identity.clone());
    let transport: Transport<String> = builder.clone().build().unwrap();
    for shown in [&identity as &dyn Debug, &builder, &transport] {
        let shown = format!("{shown:?}");
        assert!(!shown.contains(inside(&pair.key)), "{shown}");
        assert!(shown.len() < 2000, "an identity's key as bytes? {shown}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_log_holds_the_call_and_no_body() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // While tracing knows of one dispatcher only, it asks the first thread that passes an event
    // whether anyone listens, for the whole process; here that may be another test's thread.
    let _another = Dispatch::new(NoSubscriber::default());
    let guard = set_default(subscriber);
    let ca = Ca::new();
    let pair = ca.pair();
    let addr = serve_reply(ca.demanding_server(), OK.replace("ok", "yo")).await;

    call(ca.builder().identity(pair.identity()), addr)
        .await
        .unwrap();

    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("status=200") && log.contains("host=\"localhost\""),
        "{log}"
    );
    for secret in ["hello", "yo", inside(&pair.key)] {
        assert!(
            !log.split(|c: char| !c.is_alphanumeric())
                .any(|word| word == secret),
            "{log}"
        );
    }
}
