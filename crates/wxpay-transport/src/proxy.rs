//! An HTTP proxy: its settings, and the request for a tunnel (`CONNECT`, RFC 9110, 9.3.6).

use std::{
    env::{self, VarError},
    fmt, io,
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, Uri,
    uri::{Authority, Scheme},
};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::{
    endpoints::{is_host_port, port},
    error::{BoxError, ProxyErrorKind, ProxyFailure},
};

/// Upper bound of the head of a proxy's answer, in bytes; known proxies send less than 1 KiB.
const MAX_HEAD: usize = 64 * 1024;

/// The hosts that are reached without the proxy of the environment.
const LOOPBACK: &str = "localhost,localhost.,127.0.0.0/8,::1,::ffff:127.0.0.0/104";

/// An HTTP proxy that gives a tunnel to the server, by `CONNECT`.
///
/// TLS runs inside the tunnel, from end to end: the proxy sees the server's host and port, and
/// neither the request nor the client certificate's key. With a proxy that decrypts TLS, as some
/// companies run, the server's certificate is from an unknown issuer. `Debug` and `Display` print
/// host and port, never the password.
///
/// ```
/// use http::Uri;
/// use wxpay_transport::{Proxy, ProxyUriError};
///
/// let proxy = Proxy::new("http://proxy.test:3128")?.basic_auth("operator", "secret");
/// let proxy = proxy.except("localhost, 10.0.0.0/8, .intern.test");
/// assert!(!proxy.applies_to(&Uri::from_static("https://10.1.2.3/")));
/// assert_eq!(Proxy::new("socks5://proxy.test").unwrap_err(), ProxyUriError::Scheme);
/// # Ok::<(), ProxyUriError>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    pub(crate) authority: Authority,
    authorization: Option<HeaderValue>,
    matcher: Arc<Matcher>,
}

impl Proxy {
    /// The proxy at `http://user:password@host:port`. The scheme `http`, the port 80, the user name
    /// and the password may be left out; the last two are percent-encoded, and used by
    /// [`basic_auth`](Self::basic_auth).
    ///
    /// # Errors
    ///
    /// [`ProxyUriError`] when it is no such URI: proxies over TLS or SOCKS are not supported, and
    /// `@`, `/`, `?` or `#` in a user name or password must be percent-encoded.
    pub fn new(uri: &str) -> Result<Self, ProxyUriError> {
        let scheme = if uri.contains("://") { "" } else { "http://" };
        let with_scheme = Zeroizing::new(format!("{scheme}{uri}"));
        // RFC 3986 ends the user name and password at the only `@`, and the authority at the first
        // `/`, `?` or `#`; other parsers could find another host.
        let (_, rest) = with_scheme.split_once("://").unwrap_or_default();
        let (user, host) = rest.split_once('@').unwrap_or_default();
        if user.contains(['/', '?', '#', '\\']) || host.contains('@') {
            return Err(ProxyUriError::Ambiguous);
        }
        let parsed: Uri = with_scheme.parse().map_err(|_| ProxyUriError::Uri)?;
        if parsed.scheme() != Some(&Scheme::HTTP) {
            return Err(ProxyUriError::Scheme);
        }
        // It separates the user name and password from the authority.
        let matcher = Matcher::builder().all(with_scheme.as_str()).build();
        let any = Uri::from_static("https://server.invalid/");
        let found = matcher.intercept(&any).ok_or(ProxyUriError::Uri)?;
        let authority = found.uri().authority().filter(|it| is_host_port(it));
        Ok(Self {
            authority: authority.cloned().ok_or(ProxyUriError::Uri)?,
            authorization: found.basic_auth().cloned(),
            matcher: Arc::new(every_host_except("")),
        })
    }

    /// The proxy of `HTTPS_PROXY`, else of `ALL_PROXY`, except for the hosts in `NO_PROXY`, or
    /// `None` without these variables. A name in lower case takes precedence, as in curl.
    /// `localhost`, the names below it and loopback addresses are reached without the proxy.
    ///
    /// # Errors
    ///
    /// [`ProxyUriError`] when a variable has an invalid value; to ignore it could break a rule of
    /// the network.
    ///
    /// ```no_run
    /// let proxy = wxpay_transport::Proxy::from_env()?;
    /// # Ok::<(), wxpay_transport::ProxyUriError>(())
    /// ```
    pub fn from_env() -> Result<Option<Self>, ProxyUriError> {
        Self::from_variables(|name| env::var(name))
    }

    fn from_variables(
        read: impl Fn(&str) -> Result<String, VarError>,
    ) -> Result<Option<Self>, ProxyUriError> {
        let first_of = |names: &[&str]| {
            for name in names {
                match read(name) {
                    // An empty variable counts as unset.
                    Ok(value) if !value.trim().is_empty() => return Ok(value),
                    Err(VarError::NotUnicode(_)) => return Err(ProxyUriError::Uri),
                    _ => {}
                }
            }
            Ok(String::new())
        };
        let uri = first_of(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
        if uri.is_empty() {
            return Ok(None);
        }
        let exceptions = first_of(&["no_proxy", "NO_PROXY"])?;
        let proxy = Self::new(uri.trim())?.except(&format!("{LOOPBACK},{exceptions}"));
        Ok(Some(proxy))
    }

    /// The user name and password, sent only to the proxy, as `Proxy-Authorization`, and without
    /// TLS. A user name cannot contain a colon.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "base64 is always valid in a header"
    )]
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        let plain = Zeroizing::new(format!("{user}:{password}"));
        let encoded = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*plain)));
        let mut value = HeaderValue::from_str(&encoded).expect("base64 is made of ASCII");
        value.set_sensitive(true);
        self.authorization = Some(value);
        self
    }

    /// The hosts that are reached without the proxy, in the syntax of `NO_PROXY`: names (with the
    /// names below them), addresses and networks, separated by commas, or `*` for all.
    #[must_use]
    pub fn except(mut self, hosts: &str) -> Self {
        self.matcher = Arc::new(every_host_except(hosts));
        self
    }

    /// Returns true if the server is none of the exceptions.
    #[must_use]
    pub fn applies_to(&self, server: &Uri) -> bool {
        self.matcher.intercept(server).is_some()
    }

    /// Asks for a tunnel to the server, and reads the answer up to the beginning of the tunnel.
    pub(crate) async fn connect(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        server: &Uri,
    ) -> Result<(), ProxyFailure> {
        let target = format!("{}:{}", server.host().unwrap_or_default(), port(server));
        let mut request =
            Zeroizing::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
        if let Some(authorization) = &self.authorization {
            request.push_str("Proxy-Authorization: ");
            request.push_str(authorization.to_str().unwrap_or_default());
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        let exchange = exchange(stream, request.as_bytes()).await;
        let no_answer = |it: io::Error| self.failure(ProxyErrorKind::NoAnswer, Some(it.into()));
        let head = exchange.map_err(no_answer)?;
        let offered = schemes(&head);
        let takes_basic = offered.iter().any(|it| it.eq_ignore_ascii_case("basic"));
        let mut detail = String::new();
        let kind = match status(&head) {
            Some(200..=299) if head.ends_with("\r\n\r\n") => return Ok(()),
            // The proxy sent 200 but closed before the end of its headers.
            Some(200..=299) | None => ProxyErrorKind::NoAnswer,
            Some(407) if !offered.is_empty() && !takes_basic => {
                detail = format!(" (it offers {})", offered.join(", "));
                ProxyErrorKind::UnsupportedAuthentication
            }
            Some(407) => {
                if self.authorization.is_none() {
                    " (none were sent)".clone_into(&mut detail);
                }
                ProxyErrorKind::AuthenticationRequired
            }
            Some(status) => ProxyErrorKind::Refused(status),
        };
        let failure = self.failure(kind, None);
        Err(ProxyFailure { detail, ..failure })
    }

    pub(crate) fn failure(&self, kind: ProxyErrorKind, source: Option<BoxError>) -> ProxyFailure {
        ProxyFailure {
            proxy: self.authority.clone(),
            kind,
            detail: String::new(),
            source,
        }
    }
}

/// Sends the request, and reads the head of the answer, or as much of it as comes before the end.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
) -> io::Result<String> {
    stream.write_all(request).await?;
    stream.flush().await?;
    let mut head = Vec::new();
    // Byte by byte: the bytes after the head belong to the tunnel.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if status(&String::from_utf8_lossy(&head)).is_some() => break,
            Err(error) => return Err(error),
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

/// Matches every host but these. hyper-util's own `*` matches names, and no addresses.
fn every_host_except(hosts: &str) -> Matcher {
    if hosts.split(',').any(|host| host.trim() == "*") {
        return Matcher::builder().build();
    }
    let matcher = Matcher::builder().all("http://proxy.invalid/");
    matcher.no(hosts).build()
}

/// Prints host and port.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.authority.as_str())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// The reason why a URI does not describe a proxy, without the URI, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyUriError {
    /// Not a URI, no host in it, or an invalid port.
    #[error("the proxy's uri is not of the form http://host:port")]
    Uri,
    /// The user name or password contains `@`, `/`, `?`, `#` or `\\`, not percent-encoded.
    #[error(
        "the proxy's uri can be read in two ways: percent-encode the user name and the password in it"
    )]
    Ambiguous,
    /// A proxy over TLS (`https`) or SOCKS.
    #[error("the proxy's uri is not http: proxies over TLS or SOCKS are not supported")]
    Scheme,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Option<Proxy>, ProxyUriError> {
        Proxy::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map_or(Err(VarError::NotPresent), |(_, value)| {
                Ok((*value).to_owned())
            })
        })
    }

    #[test]
    fn lower_case_and_https_take_precedence_and_an_empty_variable_is_none() {
        let names = "https_proxy HTTPS_PROXY all_proxy ALL_PROXY HTTP_PROXY".split(' ');
        let all: Vec<_> = names.map(|name| (name, name)).collect();
        for (first, (name, _)) in all.iter().enumerate() {
            let found = from(&all[first..]).unwrap().map(|proxy| proxy.to_string());
            assert_eq!(found.as_deref(), Some(*name).filter(|_| first < 4));
        }
        let empty = from(&[("https_proxy", " "), ("HTTPS_PROXY", "")]);
        assert!(empty.unwrap().is_none());
        let error = from(&[("https_proxy", "socks5://a.test")]).unwrap_err();
        assert_eq!(error, ProxyUriError::Scheme);
    }

    #[test]
    fn exceptions_and_loopback_are_reached_without_a_proxy_of_the_environment() {
        let of = |no_proxy| from(&[("HTTPS_PROXY", "b.test:2"), ("NO_PROXY", no_proxy)]);
        let [some, none] = ["a.test", "*"].map(|no_proxy| of(no_proxy).unwrap().unwrap());
        let given = Proxy::new("b.test:2").unwrap();
        let direct = "a.test localhost:8443 LocalHost. a.localhost 127.8.9.1:1 [::1]:8443 \
                      [::ffff:127.0.0.1]";
        let proxied = "notlocalhost localhost.test 128.0.0.1 [2001:db8::1]";
        for (servers, applies) in [(direct, false), (proxied, true)] {
            for server in servers.split(' ') {
                let uri: Uri = format!("https://{server}/").parse().unwrap();
                assert_eq!(some.applies_to(&uri), applies, "{server}");
                assert!(given.applies_to(&uri) && !none.applies_to(&uri), "{server}");
            }
        }
    }
}
