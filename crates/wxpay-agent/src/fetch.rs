//! Pictures by URL: from hosts that are listed, and from no private address.

use std::{
    error::Error as StdError,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use tokio::{net::lookup_host, sync::Semaphore, time::timeout};
use tower::ServiceExt;
use wxpay_media::{
    Image, Transport, TransportBuilder,
    transport::{ErrorKind, RetryAdvice},
};

use crate::{answer::Refusal, body::oversized};

/// How many pictures are fetched at once: a slow host keeps memory from others.
const AT_ONCE: usize = 4;
/// How many redirects are followed, all of them to listed hosts.
const MAX_REDIRECTS: usize = 3;
const LOOK_UP: Duration = Duration::from_secs(10);
/// For one picture, with its redirects.
const LONGEST: Duration = Duration::from_secs(60);
/// Seconds after which a caller may try again.
const AGAIN: u64 = 5;
/// The port of HTTPS.
const PORT: u16 = 443;

/// A host that pictures may be fetched from: `HOST`, or `HOST:PORT` for another port than 443.
///
/// ```
/// use wxpay_agent::AllowedHost;
///
/// assert!("pictures.example.com".parse::<AllowedHost>().is_ok());
/// assert!("https://pictures.example.com/".parse::<AllowedHost>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// In lower case.
    host: String,
    port: u16,
}

impl FromStr for AllowedHost {
    type Err = ParseAllowedHostError;

    fn from_str(text: &str) -> Result<Self, ParseAllowedHostError> {
        let uri: Result<Uri, _> = format!("https://{text}/").parse();
        let uri = uri.map_err(|_| ParseAllowedHostError)?;
        let target = target(&uri).filter(|_| uri.path() == "/" && uri.query().is_none());
        target.ok_or(ParseAllowedHostError)
    }
}

/// The text is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseAllowedHostError;

impl fmt::Display for ParseAllowedHostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host has the form HOST or HOST:PORT, such as pictures.example.com")
    }
}

impl StdError for ParseAllowedHostError {}

/// Fetches pictures over HTTPS from listed hosts.
#[derive(Debug)]
pub struct Fetcher {
    allowed: Vec<AllowedHost>,
    transport: TransportBuilder,
    pinned: Vec<(AllowedHost, Vec<IpAddr>)>,
    places: Semaphore,
}

impl Fetcher {
    /// Fetches from these hosts, by a transport with these authorities and timeouts. It never goes through
    /// a proxy, which would look the names up itself.
    #[must_use]
    pub fn new(
        allowed: impl IntoIterator<Item = AllowedHost>,
        transport: TransportBuilder,
    ) -> Self {
        let transport = transport
            .timeout(LONGEST)
            .max_retries(0)
            .max_response_bytes(Image::LIMIT);
        Self {
            allowed: allowed.into_iter().collect(),
            transport,
            pinned: Vec::new(),
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// Connects to these addresses for a host, private ones too: the operator says so, and no name server
    /// is asked.
    #[must_use]
    pub fn resolve(mut self, host: &str, port: u16, addresses: Vec<IpAddr>) -> Self {
        let host = host.to_ascii_lowercase();
        self.pinned.push((AllowedHost { host, port }, addresses));
        self
    }

    /// The picture at a URL.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Bytes, Refusal> {
        let _place = self
            .places
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let fetched = timeout(LONGEST, self.follow(url)).await;
        fetched.unwrap_or_else(|_| Err(Refusal::again("url", "the URL's host is too slow", AGAIN)))
    }

    async fn follow(&self, url: &str) -> Result<Bytes, Refusal> {
        let mut url: Uri = url.parse().map_err(|_| refused("this is no URL"))?;
        for _ in 0..=MAX_REDIRECTS {
            let target =
                target(&url).ok_or_else(|| refused("the URL has not the form https://HOST/…"))?;
            if !self.allowed.contains(&target) {
                return Err(refused("the URL's host is not allowed"));
            }
            let response = self.get(&url, &target).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(response.into_body());
            }
            let location = response.headers().get(header::LOCATION);
            url = match location.filter(|_| status.is_redirection()) {
                Some(location) => next(&url, location)
                    .ok_or_else(|| refused("the URL redirects to what is no URL"))?,
                None if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                    let message = format!("the URL's host answers with status {}", status.as_u16());
                    return Err(Refusal::again("url", message, AGAIN));
                }
                None => {
                    return Err(useless(format!(
                        "the URL's host answers with status {}",
                        status.as_u16()
                    )));
                }
            };
        }
        Err(useless("the URL redirects too often".to_owned()))
    }

    async fn get(&self, url: &Uri, target: &AllowedHost) -> Result<Response<Bytes>, Refusal> {
        let addresses = self.addresses(target).await?;
        // A transport for this call alone: it connects to the addresses that were looked at, and to no
        // other that a name server may tell later.
        let transport = self.transport.clone();
        let transport = transport.resolve(&target.host, target.port, addresses);
        let transport: Transport<String> = transport
            .build()
            .map_err(|error| Refusal::again("url", error.to_string(), AGAIN))?;
        let request = Request::get(url)
            .header(header::ACCEPT, "image/*")
            .header(
                header::USER_AGENT,
                concat!("wxpay/", env!("CARGO_PKG_VERSION")),
            )
            .body(String::new());
        let request = request.map_err(|_| refused("this is no URL"))?;
        let response = transport.oneshot(request).await;
        let response = response.map_err(|error| match error.kind() {
            ErrorKind::ResponseTooLarge { .. } => oversized(None),
            _ if error.retry_advice() == RetryAdvice::Retry => {
                Refusal::again("url", format!("the URL cannot be fetched: {error}"), AGAIN)
            }
            _ => useless(format!("the URL cannot be fetched: {error}")),
        })?;
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(
            head,
            body.into_inner().unwrap_or_default(),
        ))
    }

    /// Looks a name up, once. Where one of its addresses is private, none is taken.
    async fn addresses(&self, target: &AllowedHost) -> Result<Vec<IpAddr>, Refusal> {
        if let Some((_, addresses)) = self.pinned.iter().find(|(host, _)| host == target) {
            return Ok(addresses.clone());
        }
        let name = target.host.trim_matches(['[', ']']);
        let found = match name.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let looking = timeout(LOOK_UP, lookup_host((name, target.port))).await;
                let found = looking.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                let found = found.map_err(|error| {
                    let message = format!("the URL's host cannot be looked up: {error}");
                    Refusal::again("url", message, AGAIN)
                })?;
                found.map(|address| address.ip()).collect()
            }
        };
        match found.iter().all(|address| is_public(*address)) {
            true => Ok(found),
            false => Err(refused("the URL's host has a private address")),
        }
    }
}

fn refused(message: &str) -> Refusal {
    let advice = "give an https URL of a host that the agent was started with: --allow-url HOST";
    Refusal::request(message, advice)
}

fn useless(message: String) -> Refusal {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Refusal::new(
        status,
        "url",
        message,
        "check that the picture is there and may be read",
    )
}

/// The host of a URL that may be fetched: https, without a user.
fn target(url: &Uri) -> Option<AllowedHost> {
    let authority = url.authority().filter(|it| !it.as_str().contains('@'))?;
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let port = authority.as_str()[authority.host().len()..].strip_prefix(':');
    let port = port.map_or(Some(PORT), |port| port.parse().ok())?;
    let is_https = url.scheme_str() == Some("https") && !host.is_empty();
    is_https.then_some(AllowedHost { host, port })
}

/// Where a redirect leads to; a path alone stays at the host.
fn next(from: &Uri, location: &HeaderValue) -> Option<Uri> {
    let location: Uri = location.to_str().ok()?.parse().ok()?;
    let mut parts = location.into_parts();
    if parts.authority.is_none() {
        parts.authority = from.authority().cloned();
    }
    parts.scheme = parts.scheme.or_else(|| from.scheme().cloned());
    parts
        .path_and_query
        .as_ref()
        .filter(|it| it.as_str().starts_with('/'))?;
    Uri::from_parts(parts).ok()
}

/// Whether an address is one of the Internet, and of nothing nearer or else.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// All but the blocks of IANA's registry of special addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let is_special = match address.octets() {
        [0 | 10 | 127, ..]
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => true,
        [first, ..] => first >= 224,
    };
    !is_special
}

/// Global unicast, but for what stands for an IPv4 address, which may be any, and for documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_global = first & 0xe000 == 0x2000;
    let is_special = match first {
        // Teredo, benchmarking, ORCHID; documentation.
        0x2001 => second < 0x200 || second == 0xdb8,
        // 6to4; documentation.
        0x2002 => true,
        0x3fff => second < 0x1000,
        _ => false,
    };
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_of_both_versions_are_known() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "100::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2400:3200::1",
            "2606:4700::1111",
            "240e::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn only_https_without_a_user_has_a_target() {
        let target = |url: &str| target(&url.parse().unwrap());
        let host = |host: &str, port| {
            Some(AllowedHost {
                host: host.to_owned(),
                port,
            })
        };
        assert_eq!(target("https://A.test./x.png"), host("a.test", 443));
        assert_eq!(target("https://a.test:8443/"), host("a.test", 8443));
        assert_eq!(target("https://[::1]:1/"), host("[::1]", 1));
        for url in [
            "http://a.test/",
            "https://u:p@a.test/",
            "ftp://a.test/",
            "/x",
            "https://a.test:99999/",
        ] {
            assert_eq!(target(url), None, "{url}");
        }
    }

    #[test]
    fn a_redirect_is_read_as_a_browser_reads_it() {
        let next = |location: &str| {
            let from = "https://a.test/x".parse().unwrap();
            next(&from, &location.parse().unwrap()).map(|it| it.to_string())
        };
        assert_eq!(next("/y?z").as_deref(), Some("https://a.test/y?z"));
        assert_eq!(next("https://b.test/").as_deref(), Some("https://b.test/"));
        assert_eq!(next("http://b.test/").as_deref(), Some("http://b.test/"));
        assert_eq!(next("y"), None);
    }
}
