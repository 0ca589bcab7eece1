//! No server, or a server without TLS.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use wxpay_transport::{
    ErrorKind, Proxy, ProxyErrorKind, TimeoutKind, TlsErrorKind, TransportBuilder,
};

use super::world::{Outcome::Fails, World};
use crate::support::{Ca, call, refusing, serve_tcp};

#[tokio::test]
async fn there_is_no_server() {
    let world = World::new();
    let (addr, _socket) = refusing();
    let expected = Fails(ErrorKind::Connect);
    world.check("refused", addr, expected).await;
    let port = addr.port();
    let nowhere = |builder: TransportBuilder| builder.resolve("localhost", port, [] as [IpAddr; 0]);
    world
        .check_with("no address", nowhere, "secretbody", addr, expected)
        .await;
}

#[tokio::test]
async fn the_server_never_speaks() {
    let world = World::new();
    let hang = world.hang();
    let addr = serve_tcp(move |stream| hang.clone().hold(stream)).await;
    let hasty = |builder: TransportBuilder| builder.connect_timeout(Duration::from_millis(200));
    let expected = Fails(ErrorKind::Timeout(TimeoutKind::Connect));
    world
        .check_with("silence before TLS", hasty, "secretbody", addr, expected)
        .await;
}

/// With its queue full, the system drops further packets, as a firewall does.
#[cfg(any(target_os = "android", target_os = "linux"))]
#[tokio::test]
async fn packets_to_the_server_or_the_proxy_are_dropped() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(queued) = timeout(Duration::from_millis(100), TcpStream::connect(addr)).await {
        queue.push(queued.unwrap());
    }
    let proxy = Proxy::new(&addr.to_string()).unwrap();
    let server = format!("connecting to localhost:{}", addr.port());
    let through = format!("connecting to the proxy {addr}");
    let hasty = || {
        let builder = Ca::new().builder();
        builder.connect_timeout(Duration::from_millis(200))
    };
    let at =
        |addresses: &[IpAddr]| hasty().resolve("localhost", addr.port(), addresses.iter().copied());
    for (builder, step) in [
        (at(&[addr.ip()]), &server),
        (at(&[addr.ip(); 2]), &server),
        (hasty().proxy(proxy), &through),
    ] {
        let error = call(builder, addr).await.unwrap_err();
        let kind = ErrorKind::Timeout(TimeoutKind::Connect);
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(error.to_string(), format!("{step} took longer than 0.2 s"));
    }
}

#[tokio::test]
async fn the_proxy_gives_no_tunnel() {
    let world = World::new();
    let refuses = answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let proxy = Proxy::new(&refuses.to_string()).unwrap();
    let proxy = proxy.basic_auth("op", "secretpassword");
    let through = |builder: TransportBuilder| builder.proxy(proxy);
    let expected = Fails(ErrorKind::Proxy(ProxyErrorKind::AuthenticationRequired));
    world
        .check_with("proxy", through, "secretbody", refuses, expected)
        .await;
}

/// A server that answers the client's first message with these bytes, and nothing more.
async fn answering(bytes: &'static [u8]) -> SocketAddr {
    serve_tcp(move |mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        // A close with unread bytes is a reset, which may overtake the answer.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await
}

#[tokio::test]
async fn the_server_has_no_version_of_tls_in_common() {
    /// Alert, fatal, `protocol_version`: a server with TLS 1.1 refuses.
    const REFUSES: &[u8] = b"\x15\x03\x02\x00\x02\x02\x46";
    /// Handshake, `ServerHello` of TLS 1.1 with ECDHE-RSA-AES128-SHA: a server with TLS 1.1 goes
    /// on.
    const GOES_ON: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
        0123456789abcdef0123456789abcdef\x00\xc0\x13\x00";
    const ALERT: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";
    let world = World::new();
    let incompatible = ErrorKind::Tls(TlsErrorKind::Incompatible);
    let not_tls = ErrorKind::Tls(TlsErrorKind::NotTls);
    let cut = b"\x16\x03\x03\x00\x7a\x02";
    for (name, answer, expected) in [
        ("TLS 1.1, refuses", REFUSES, incompatible),
        ("TLS 1.1, goes on", GOES_ON, incompatible),
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
