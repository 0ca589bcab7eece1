//! A tunnel through an HTTP proxy: `CONNECT` of RFC 9110, 9.3.6.

use http::Uri;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::{
    Proxy,
    authority::port,
    error::{BoxError, ProxyErrorKind, ProxyFailure},
};

/// More than the head of any proxy's answer has.
const MAX_HEAD: usize = 64 * 1024;

/// Asks the proxy for a tunnel to the server, and reads its answer up to where the tunnel begins.
pub(super) async fn connect_through_proxy<S>(
    stream: &mut S,
    proxy: &Proxy,
    server: &Uri,
) -> Result<(), ProxyFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failure = |kind, detail, source| ProxyFailure {
        proxy: proxy.authority().clone(),
        kind,
        detail,
        source,
    };
    let head = match exchange(stream, proxy, server).await {
        Ok(head) => head,
        Err(source) => return Err(failure(ProxyErrorKind::NoAnswer, None, Some(source))),
    };
    let head = String::from_utf8_lossy(&head);
    let kind = match status(&head) {
        Some(200..=299) if head.ends_with("\r\n\r\n") => return Ok(()),
        // The proxy sent 200 but closed before the end of its headers.
        Some(200..=299) | None => ProxyErrorKind::NoAnswer,
        Some(407) => {
            let offered = schemes(&head);
            let takes_basic = offered.iter().any(|it| it.eq_ignore_ascii_case("basic"));
            if !offered.is_empty() && !takes_basic {
                let detail = format!("it offers {}", offered.join(", "));
                let kind = ProxyErrorKind::UnsupportedAuthentication;
                return Err(failure(kind, Some(detail), None));
            }
            ProxyErrorKind::AuthenticationRequired
        }
        Some(status) => ProxyErrorKind::Refused { status },
    };
    Err(failure(kind, None, None))
}

/// Sends the request, and reads up to the end of the answer's head, or of the connection.
async fn exchange<S>(stream: &mut S, proxy: &Proxy, server: &Uri) -> Result<Vec<u8>, BoxError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let target = format!("{}:{}", server.host().unwrap_or_default(), port(server));
    let mut request = Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
    if let Some(authorization) = proxy.authorization() {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.to_str().unwrap_or_default());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut head = Vec::new();
    // Byte by byte: what comes after the head is the tunnel's.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if status(&String::from_utf8_lossy(&head)).is_some() => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(head)
}

/// The status of an answer that begins with `HTTP/1.`.
fn status(head: &str) -> Option<u16> {
    let (_, status) = head.strip_prefix("HTTP/1.")?.split_once(' ')?;
    status.get(..3)?.parse().ok()
}

/// The authentication schemes that `Proxy-Authenticate` offers, each once.
fn schemes(head: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for line in head.lines() {
        let Some((name, challenges)) = line.split_once(':') else {
            continue;
        };
        if !name.trim().eq_ignore_ascii_case("proxy-authenticate") {
            continue;
        }
        let mut is_quoted = false;
        let items = challenges.split(|c| {
            is_quoted ^= c == '"';
            c == ',' && !is_quoted
        });
        for item in items {
            // A parameter of the scheme before it has `=` in its first word.
            let word = item.split_whitespace().next().unwrap_or_default();
            if !word.is_empty() && !word.contains('=') && !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line_alone() {
        for (head, expected) in [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", Some(403)),
            ("HTTP/1.0 403", Some(403)),
            ("HTTP/1.1 40", None),
            ("SSH-2.0-OpenSSH_9.2\r\nHTTP/1.1 200 OK\r\n", None),
            ("HTTP/1.1 x00\r\n", None),
            ("", None),
        ] {
            assert_eq!(status(head), expected, "{head}");
        }
    }

    #[test]
    fn schemes_are_told_from_their_parameters() {
        let head = |lines: &str| format!("HTTP/1.1 407 no\r\n{lines}\r\n\r\n");
        for (lines, expected) in [
            ("Proxy-Authenticate: NTLM", &["NTLM"][..]),
            (
                "proxy-authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: NTLM",
                &["Negotiate", "NTLM"],
            ),
            (
                r#"Proxy-Authenticate: Digest realm="a, b", nonce="c", Basic realm="x""#,
                &["Digest", "Basic"],
            ),
            ("WWW-Authenticate: Basic", &[]),
        ] {
            assert_eq!(schemes(&head(lines)), expected, "{lines}");
        }
    }
}
