//! A tunnel through an HTTP proxy: `CONNECT` of RFC 9110, 9.3.6.

use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::{
    Proxy,
    config::Io,
    endpoints::port,
    error::{BoxError, ProxyErrorKind, ProxyFailure},
};

/// Upper bound of the head of a proxy's answer, in bytes; known proxies send less than 1 KiB.
const MAX_HEAD: usize = 64 * 1024;

/// Asks the proxy for a tunnel to the server, and reads its answer up to the beginning of the tunnel.
pub(super) async fn connect_through_proxy(
    stream: &mut dyn Io,
    proxy: &Proxy,
    server: &Uri,
) -> Result<(), ProxyFailure> {
    let head = exchange(stream, proxy, server).await;
    let no_answer = |source| proxy.failure(ProxyErrorKind::NoAnswer, Some(source));
    let head = head.map_err(no_answer)?;
    let offered = schemes(&head);
    let takes_basic = offered.iter().any(|it| it.eq_ignore_ascii_case("basic"));
    let kind = match status(&head) {
        Some(200..=299) if head.ends_with("\r\n\r\n") => return Ok(()),
        // The proxy sent 200 but closed before the end of its headers.
        Some(200..=299) | None => ProxyErrorKind::NoAnswer,
        Some(407) if !offered.is_empty() && !takes_basic => {
            let mut failure = proxy.failure(ProxyErrorKind::UnsupportedAuthentication, None);
            failure.detail = format!(" (it offers {})", offered.join(", "));
            return Err(failure);
        }
        Some(407) => ProxyErrorKind::AuthenticationRequired,
        Some(status) => ProxyErrorKind::Refused(status),
    };
    Err(proxy.failure(kind, None))
}

/// Sends the request, and reads the head of the answer, or as much of it as comes before the end.
async fn exchange(stream: &mut dyn Io, proxy: &Proxy, server: &Uri) -> Result<String, BoxError> {
    let target = format!("{}:{}", server.host().unwrap_or_default(), port(server));
    let mut request = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.to_str().unwrap_or_default());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut head = Vec::new();
    // Byte by byte: the bytes after the head belong to the tunnel.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if status(&String::from_utf8_lossy(&head)).is_some() => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The status of an answer that begins with `HTTP/1.`.
fn status(head: &str) -> Option<u16> {
    let (_, status) = head.strip_prefix("HTTP/1.")?.split_once(' ')?;
    status.get(..3)?.parse().ok()
}

/// The authentication schemes that `Proxy-Authenticate` offers, each once.
fn schemes(head: &str) -> Vec<&str> {
    let name = "proxy-authenticate";
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let mut found: Vec<&str> = Vec::new();
    for (_, challenges) in headers.filter(|header| header.0.trim().eq_ignore_ascii_case(name)) {
        let mut is_quoted = false;
        let items = challenges.split(|c| {
            is_quoted ^= c == '"';
            c == ',' && !is_quoted
        });
        // The other words of an item, and its first word if that has an `=`, are parameters.
        let words = items.filter_map(|item| item.split_whitespace().next());
        for word in words.filter(|word| !word.contains('=')) {
            if !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found
}
