//! Nobody there, or nobody who speaks TLS.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wxpay_transport::{
    ErrorKind, Proxy, ProxyErrorKind, TimeoutKind, TlsErrorKind, TransportBuilder,
};

use super::world::{Outcome::Fails, World};
use crate::support::{refusing, serve_tcp};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn nobody_listens() {
    let world = World::new();
    let (addr, _socket) = refusing();
    world
        .check("refused", addr, Fails(ErrorKind::Connect))
        .await;
}

#[tokio::test]
async fn the_name_does_not_resolve() {
    let world = World::new();
    let (addr, _socket) = refusing();
    let nowhere =
        |builder: TransportBuilder| builder.resolve("localhost", addr.port(), [] as [IpAddr; 0]);
    let expected = Fails(ErrorKind::Connect);
    world
        .check_with("no address", nowhere, "secretbody", addr, expected)
        .await;
}

#[tokio::test]
async fn the_server_never_speaks() {
    let world = World::new();
    let hang = world.hang();
    let addr = serve_tcp(move |stream| {
        let hang = hang.clone();
        async move {
            hang.until_over().await;
            drop(stream);
        }
    })
    .await;
    let hasty = |builder: TransportBuilder| builder.connect_timeout(SHORT);
    let expected = Fails(ErrorKind::Timeout(TimeoutKind::Connect));
    world
        .check_with("black hole before TLS", hasty, "secretbody", addr, expected)
        .await;
}

#[tokio::test]
async fn the_proxy_gives_no_tunnel() {
    let world = World::new();
    let (nobody, _socket) = refusing();
    let refuses = answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    for (addr, fault) in [
        (nobody, ProxyErrorKind::Unreachable),
        (refuses, ProxyErrorKind::AuthenticationRequired),
    ] {
        let proxy = Proxy::new(&addr.to_string()).unwrap();
        let proxy = proxy.basic_auth("op", "secretpassword");
        let through = |builder: TransportBuilder| builder.proxy(proxy);
        let expected = Fails(ErrorKind::Proxy(fault));
        world
            .check_with("proxy", through, "secretbody", addr, expected)
            .await;
    }
}

/// A server that answers the client's first message with these bytes, and nothing more.
async fn answering(bytes: &'static [u8]) -> SocketAddr {
    serve_tcp(move |mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        // To close with bytes unread would be a reset, which may overtake the answer.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await
}

#[tokio::test]
async fn the_server_speaks_no_tls_that_we_speak() {
    /// Alert, fatal, `protocol_version`: what a server says that ends at TLS 1.1.
    const REFUSES: &[u8] = b"\x15\x03\x02\x00\x02\x02\x46";
    /// Handshake, `ServerHello` of TLS 1.1 with ECDHE-RSA-AES128-SHA: what one says that goes on.
    const GOES_ON: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
        0123456789abcdef0123456789abcdef\x00\xc0\x13\x00";
    const ALERT: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";
    let world = World::new();
    let incompatible = ErrorKind::Tls(TlsErrorKind::Incompatible);
    let not_tls = ErrorKind::Tls(TlsErrorKind::NotTls);
    let cut = b"\x16\x03\x03\x00\x7a\x02";
    for (name, answer, expected) in [
        ("TLS 1.1, said", REFUSES, incompatible),
        ("TLS 1.1, spoken", GOES_ON, incompatible),
        ("handshake_failure", ALERT, incompatible),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", not_tls),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", not_tls),
        ("cut at once", b"", ErrorKind::Connect),
        ("cut in a record", cut, ErrorKind::Connect),
    ] {
        let addr = answering(answer).await;
        world.check(name, addr, Fails(expected)).await;
    }
}
