//! Start, end and restart of a sandbox, and its credentials.

use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Command,
};

use futures_util::FutureExt;
use wxpay_sandbox::{Credentials, CredentialsError, Sandbox, SandboxBuilder, StartError};

use crate::support::{Bench, CURL, block_on, start};

/// An address of which no other test takes a freed port; only Linux has it by default.
const ALONE: Ipv4Addr = if cfg!(target_os = "linux") {
    Ipv4Addr::new(127, 0, 1, 7)
} else {
    Ipv4Addr::LOCALHOST
};

#[test]
fn the_port_is_free_when_it_is_dropped() {
    let first = start(Sandbox::builder().listen(SocketAddr::from((ALONE, 0))));
    assert_eq!(first.inspector_addr(), None);
    let addr = first.addr();
    let builder = Sandbox::builder()
        .listen(addr)
        .credentials(first.credentials().clone());
    drop(first);
    let mut taken = 0;
    for _ in 0..20 {
        match block_on(builder.clone().start()) {
            Ok(sandbox) => assert_eq!(sandbox.addr(), addr),
            Err(_) => taken += 1,
        }
    }
    // A child of another test has the socket, too, until it executes its program.
    assert!(taken < 5, "{taken} of 20");
}

#[test]
fn the_port_is_free_after_a_shutdown() {
    let sandbox = start(Sandbox::builder().listen(SocketAddr::from((ALONE, 0))));
    let addr = sandbox.addr();
    block_on(sandbox.shutdown());
    let mut free = (0..5).map(|_| TcpListener::bind(addr));
    assert!(free.any(|it| it.is_ok()));
}

/// The client blocks the only thread of a runtime whose time is paused.
#[tokio::test(start_paused = true)]
async fn the_callers_runtime_does_not_matter() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let mut curl = Command::new("curl");
    curl.args(CURL).args(["--insecure", &sandbox.origin()]);
    let output = curl.output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("HTTP GET method"), "{output:?}");
    sandbox.shutdown().await;
}

#[test]
fn an_abandoned_start_leaves_nothing() {
    let addr = TcpListener::bind((ALONE, 0)).unwrap().local_addr().unwrap();
    // It waits for a thread and for keys, and is polled once.
    drop(Sandbox::builder().listen(addr).start().now_or_never());
    TcpListener::bind(addr).unwrap();
}

#[test]
fn kept_credentials_serve_again() {
    let bench = Bench::new();
    let kept = bench.credentials();
    let [key, ca, ca_key] = [kept.expose_api_key(), kept.ca_pem(), kept.ca_key_pem()];
    let again = Credentials::from_pem(key, ca, ca_key, kept.cert_pem(), kept.key_pem());
    let second = Bench::of(Sandbox::builder().credentials(again.unwrap()));
    second.write_credentials(kept);
    second.assert_uploads();
    bench.assert_uploads();
}

#[test]
fn credentials_that_do_not_belong_together_are_refused() {
    let [one, other] = [(); 2].map(|()| Credentials::generate().unwrap());
    let [ca, ca_key] = [one.ca_pem(), one.ca_key_pem()];
    let [cert, key, api_key] = [one.cert_pem(), one.key_pem(), one.expose_api_key()];
    let [other_cert, other_key] = [other.cert_pem(), other.key_pem()];
    let rubbish = "-----BEGIN RUBBISH-----";
    #[rustfmt::skip] // a row a line
    let rows = [
        (["short", ca, ca_key, cert, key], "the API key cannot be used"),
        ([api_key, "", ca_key, cert, key], "the authority's certificate cannot be read"),
        ([api_key, ca, rubbish, cert, key], "the authority's key cannot be read"),
        ([api_key, ca, other.ca_key_pem(), cert, key], "the authority's key does not fit the certificate"),
        ([api_key, ca, ca_key, cert, other_key], "the merchant's key does not fit the certificate"),
        ([api_key, ca, ca_key, other_cert, other_key], "the merchant's certificate is not acceptable to the authority"),
        ([api_key, cert, key, cert, key], "the authority's certificate is not that of an authority"),
    ];
    for ([api_key, ca, ca_key, cert, key], message) in rows {
        let error = Credentials::from_pem(api_key, ca, ca_key, cert, key).unwrap_err();
        assert_eq!(error.to_string(), message);
        let has_source = message.contains("cannot") || message.contains("acceptable");
        assert_eq!(error.source().is_some(), has_source, "{error:?}");
    }
    for id in ["", "a b", "商户", &"1".repeat(33)] {
        let error = Credentials::generate_for(id).unwrap_err();
        assert!(matches!(error, CredentialsError::MerchantId), "{id}");
    }
}

#[test]
fn an_address_that_is_taken_or_a_wrong_host_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let refused = |builder: SandboxBuilder| block_on(builder.start()).unwrap_err();
    let error = refused(Sandbox::builder().listen(addr));
    assert!(matches!(error, StartError::Listen { addr: at, .. } if at == addr));
    assert_eq!(error.to_string(), format!("cannot listen on {addr}"));
    let error = refused(Sandbox::builder().inspector(addr));
    assert!(matches!(error, StartError::Inspector { addr: at, .. } if at == addr));
    for host in " https://localhost localhost:80 [::1] *.test 商户.test".split(' ') {
        let error = refused(Sandbox::builder().host(host));
        assert!(
            matches!(error, StartError::Host { .. }),
            "{host}: {error:?}"
        );
    }
}

/// For tasks, and for a sandbox in a static.
#[test]
fn sandboxes_go_to_other_threads() {
    fn is_send<T: Send>(_: &T) {}
    fn is_sync<T: Sync>() {}
    is_send(&Sandbox::builder().start());
    is_sync::<Sandbox>();
    is_sync::<Credentials>();
    is_send(&start(Sandbox::builder()).shutdown());
}

#[test]
fn nothing_secret_is_shown() {
    let sandbox = start(Sandbox::builder());
    let builder = Sandbox::builder().credentials(sandbox.credentials().clone());
    for shown in [
        format!("{sandbox:?}"),
        format!("{builder:?}"),
        format!("{builder:#?}"),
    ] {
        assert!(shown.contains("1900000109"), "{shown}");
        for secret in [sandbox.credentials().expose_api_key(), "BEGIN"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
