//! What must never be printed.

use std::fmt::Debug;

use wxpay_transport::Transport;

use crate::{
    log::Log,
    support::{Ca, OK, call, serve_reply},
};

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

#[tokio::test]
async fn the_log_holds_the_call_and_no_body() {
    let log = Log::capture();
    let ca = Ca::new();
    let pair = ca.pair();
    let addr = serve_reply(ca.demanding_server(), OK.replace("ok", "yo")).await;

    call(ca.builder().identity(pair.identity()), addr)
        .await
        .unwrap();

    let log = log.text();
    assert!(
        log.contains("http.response.status_code=200")
            && log.contains("server.address=\"localhost\""),
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
