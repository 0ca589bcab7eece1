//! The steps to a server, one by one.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime},
};

use rcgen::DnType;
use tokio_rustls::rustls::version::TLS12;
use wxpay_transport::{
    Builder, Deadline, ErrorKind, Inspection, Proxy, ProxyFault, TlsFault, Transport,
};

use crate::support::{Ca, OK, refusing, serve_reply, serve_tcp, server, server_with};

async fn inspect(builder: &Builder, addr: SocketAddr) -> Inspection {
    let server = format!("localhost:{}", addr.port());
    builder.inspect(server.parse().unwrap()).await.unwrap()
}

fn kind(inspection: &Inspection) -> ErrorKind {
    inspection.error().unwrap().kind()
}

#[tokio::test]
async fn all_is_well() {
    let ca = Ca::named("an authority");
    let pair = ca.issue(|params| {
        params.distinguished_name.push(DnType::CommonName, "server");
    });
    let addr = serve_reply(server(&pair), OK).await;

    let inspection = inspect(&ca.builder(), addr).await;

    assert!(inspection.error().is_none(), "{inspection:?}");
    assert_eq!(inspection.server().port_u16(), Some(addr.port()));
    assert!(inspection.proxy().is_none());
    let addresses = inspection.addresses().unwrap().unwrap();
    assert!(addresses.contains(&addr.ip()), "{addresses:?}");
    assert_eq!(inspection.connection().unwrap().unwrap(), addr);
    let handshake = inspection.handshake().unwrap().unwrap();
    assert_eq!(handshake.version(), "TLS 1.3");
    assert!(handshake.cipher().starts_with("TLS13_"), "{handshake:?}");
    assert!(!handshake.asked_for_certificate());
    let [certificate] = inspection.certificates() else {
        panic!("one certificate: {inspection:?}");
    };
    assert_eq!(certificate.subject(), "CN=server");
    assert_eq!(certificate.issuer(), "CN=an authority");
    let now = SystemTime::now();
    assert!(certificate.not_before().unwrap() < now && now < certificate.not_after().unwrap());
}

#[tokio::test]
async fn what_is_agreed_on_and_asked_for_is_told() {
    let ca = Ca::new();
    let old = serve_reply(server_with(&ca.pair(), &[&TLS12]), OK).await;
    let demanding = serve_reply(ca.demanding_server(), OK).await;
    let with_identity = ca.builder().identity(ca.pair().identity());

    for (builder, addr, version, asked) in [
        (ca.builder(), old, "TLS 1.2", false),
        (with_identity, demanding, "TLS 1.3", true),
        // TLS 1.3 lets it pass the handshake.
        (ca.builder(), demanding, "TLS 1.3", true),
    ] {
        let inspection = inspect(&builder, addr).await;
        let handshake = inspection.handshake().unwrap().unwrap();
        assert_eq!(handshake.version(), version);
        assert_eq!(handshake.asked_for_certificate(), asked);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_shown_all_the_same() {
    let ca = Ca::new();
    for (pair, fault) in [
        (ca.expired(), TlsFault::Expired),
        (Ca::named("another").pair(), TlsFault::UnknownIssuer),
    ] {
        let addr = serve_reply(server(&pair), OK).await;
        let inspection = inspect(&ca.builder(), addr).await;
        assert_eq!(kind(&inspection), ErrorKind::Tls(fault));
        assert!(inspection.connection().unwrap().is_ok());
        assert_eq!(inspection.certificates().len(), 1);
    }
}

#[tokio::test]
async fn nothing_comes_after_the_step_that_fails() {
    let ca = Ca::new();
    let (refusing, _socket) = refusing();
    let plain = serve_tcp(|stream| async move { drop(stream) }).await;

    let builder = ca.builder();
    let no_name = builder.inspect("name.invalid:1".parse().unwrap());
    let no_name = no_name.await.unwrap();
    assert_eq!(kind(&no_name), ErrorKind::Connect);
    assert!(no_name.addresses().unwrap().is_err());
    assert!(no_name.connection().is_none());

    let nobody = inspect(&ca.builder(), refusing).await;
    assert_eq!(kind(&nobody), ErrorKind::Connect);
    assert!(nobody.addresses().unwrap().is_ok());
    assert!(nobody.connection().unwrap().is_err());
    assert!(nobody.handshake().is_none());

    let no_tls = inspect(&ca.builder(), plain).await;
    assert_eq!(kind(&no_tls), ErrorKind::Connect);
    assert!(no_tls.connection().unwrap().is_ok());
    assert!(no_tls.handshake().unwrap().is_err());
    let shown = no_tls.error().unwrap().to_string();
    assert!(
        shown.contains(&format!("localhost:{}", plain.port())),
        "{shown}"
    );
}

#[tokio::test]
async fn a_password_in_the_authority_is_refused_and_not_shown() {
    let server = "user:secret@localhost:1".parse().unwrap();
    let inspection = Ca::new().builder().inspect(server).await.unwrap();
    assert_eq!(kind(&inspection), ErrorKind::Request);
    assert!(!inspection.error().unwrap().to_string().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_given_up() {
    let silent = serve_tcp(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let builder = Ca::new().builder().connect_deadline(Duration::from_secs(3));

    let inspection = inspect(&builder, silent).await;

    assert_eq!(kind(&inspection), ErrorKind::Timeout(Deadline::Connect));
    assert!(inspection.connection().unwrap().is_ok());
}

#[tokio::test]
async fn the_callers_addresses_and_proxy_are_taken() {
    let (nobody, _socket) = refusing();
    let proxy = Proxy::new(&nobody.to_string()).unwrap();
    let given: IpAddr = [127, 0, 0, 9].into();
    let builder = Transport::builder().resolve("a.invalid", 443, [given]);

    // Nobody listens there, and the step before is what is looked at.
    let inspection = builder.inspect("a.invalid".parse().unwrap()).await.unwrap();
    assert_eq!(inspection.addresses().unwrap().unwrap(), [given]);

    let builder = builder.proxy(proxy);
    let inspection = builder.inspect("a.invalid".parse().unwrap()).await.unwrap();
    assert_eq!(inspection.proxy().unwrap().to_string(), nobody.to_string());
    assert!(inspection.addresses().is_none());
    assert_eq!(kind(&inspection), ErrorKind::Proxy(ProxyFault::Unreachable));
}
