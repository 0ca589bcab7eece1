//! The steps of a connection that an observer sees.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::Request;
use tokio_rustls::rustls::version::TLS12;
use wxpay_transport::{ConnectEvent, ErrorKind, Proxy, TlsErrorKind, TransportBuilder};

use crate::{
    proxies::{ESTABLISHED, proxy},
    support::{Ca, OK, call, refusing, send, serve_response, server, server_with},
};

/// Makes a call, and returns the observed steps and the result.
async fn seen(builder: TransportBuilder, addr: SocketAddr) -> (Vec<String>, Result<(), ErrorKind>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let recorder = events.clone();
    let builder = builder.max_retries(0).observer(move |event| {
        let event = match event {
            ConnectEvent::Resolved(addresses) => {
                assert!(addresses.contains(&addr.ip()) || addresses.is_empty());
                "resolved".to_owned()
            }
            ConnectEvent::CertificatesPresented(issuers) => {
                assert_eq!(issuers, ["CN=an authority"]);
                "1 presented".to_owned()
            }
            ConnectEvent::Connected(peer) => format!("connected to {peer}"),
            ConnectEvent::Secured {
                version,
                cipher_suite,
            } => {
                assert!(cipher_suite.starts_with("TLS"), "{cipher_suite}");
                format!("secured by {version}")
            }
            other => format!("{other:?}"),
        };
        recorder.lock().unwrap().push(event);
    });
    let result = call(builder, addr).await;
    let events = std::mem::take(&mut *events.lock().unwrap());
    (events, result.map(drop).map_err(|error| error.kind()))
}

#[tokio::test]
async fn each_step_is_observed_in_its_order() {
    let ca = Ca::new();
    let demanding = serve_response(ca.demanding_server(), OK).await;
    let (events, result) = seen(ca.builder().identity(ca.pair().identity()), demanding).await;
    let connected = format!("connected to {demanding}");
    let expected = ["resolved", &connected, "1 presented", "secured by TLS 1.3"];
    assert_eq!(
        (&events[..], result),
        (&expected.map(str::to_owned)[..], Ok(()))
    );

    // Under TLS 1.3 the server requires the certificate after the handshake.
    let missing = ErrorKind::Tls(TlsErrorKind::CertificateRequired);
    assert_eq!(seen(ca.builder(), demanding).await, (events, Err(missing)));

    let old = serve_response(server_with(&ca.pair(), &[&TLS12]), OK).await;
    let (events, _) = seen(ca.builder(), old).await;
    assert_eq!(events.last().unwrap(), "secured by TLS 1.2");
}

#[tokio::test]
async fn nothing_is_observed_after_the_step_that_fails() {
    let ca = Ca::new();
    for (pair, kind) in [
        (ca.expired(), TlsErrorKind::Expired),
        (Ca::new().pair(), TlsErrorKind::BadSignature),
    ] {
        let addr = serve_response(server(&pair), OK).await;
        let (events, result) = seen(ca.builder(), addr).await;
        assert_eq!(result, Err(ErrorKind::Tls(kind)));
        assert_eq!(events.last().unwrap(), "1 presented");
    }
    let (nobody, _socket) = refusing();
    let (events, result) = seen(ca.builder(), nobody).await;
    assert_eq!(events, ["resolved"]);
    assert_eq!(result, Err(ErrorKind::Connect));
    let nowhere = ca
        .builder()
        .resolve("localhost", nobody.port(), [] as [IpAddr; 0]);
    assert_eq!(seen(nowhere, nobody).await.0, ["resolved"]);
}

#[tokio::test]
async fn a_name_that_no_certificate_can_have_is_refused_before_a_step() {
    let events = Arc::new(AtomicUsize::new(0));
    let counter = events.clone();
    let builder = Ca::new().builder().observer(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let (nobody, _socket) = refusing();
    let builder = builder.resolve("a..b", nobody.port(), [nobody.ip()]);
    let request = Request::get(format!("https://a..b:{}/", nobody.port()));
    let request = request.body(String::new()).unwrap();
    let error = send(&builder.build().unwrap(), request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(events.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_proxy_resolves_the_name() {
    let ca = Ca::new();
    let addr = serve_response(ca.server(), OK).await;
    let (through, _) = proxy(ESTABLISHED, addr).await;
    let builder = ca
        .builder()
        .proxy(Proxy::new(&through.to_string()).unwrap());
    let (events, result) = seen(builder, addr).await;
    assert_eq!(result, Ok(()));
    let connected = format!("connected to {through}");
    let expected = [&connected, "Tunneled", "1 presented", "secured by TLS 1.3"];
    assert_eq!(events, expected);
}
