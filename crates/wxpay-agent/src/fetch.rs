//! Fetching pictures by URL, from listed hosts and from no private address.

use std::{net::IpAddr, str::FromStr, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header, uri::PathAndQuery};
use tokio::{net::lookup_host, sync::Semaphore};
use tower::ServiceExt;
use wxpay_media::{Error, Image, Transport, TransportBuilder, transport::ErrorKind};

use crate::response::{AFTER_FAILURE, Refusal};

/// Maximum number of pictures that are fetched at once: a slow host takes memory from other
/// requests.
const CONCURRENCY: usize = 4;
/// Maximum number of redirects, all of them to listed hosts.
const MAX_REDIRECTS: usize = 3;
const USER_AGENT: &str = concat!("wxpay/", env!("CARGO_PKG_VERSION"));
/// Time for one HTTP call.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A host that pictures may be fetched from: `HOST`, or `HOST:PORT` for another port than 443.
///
/// ```
/// use wxpay_agent::AllowedHost;
///
/// assert!("pictures.example.com".parse::<AllowedHost>().is_ok());
/// assert!("https://pictures.example.com/".parse::<AllowedHost>().is_err());
/// assert!("*".parse::<AllowedHost>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost(String, u16);

impl FromStr for AllowedHost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let uri = format!("https://{text}/").parse::<Uri>().ok();
        let uri = uri.filter(|_| text.bytes().all(is_plain));
        let target = uri.as_ref().and_then(target).filter(|it| it.1 != 0);
        target.ok_or("a host has the form HOST or HOST:PORT, such as pictures.example.com")
    }
}

/// Fetches pictures over HTTPS from listed hosts.
///
/// ```
/// use wxpay_agent::Fetcher;
/// use wxpay_media::Transport;
///
/// let fetcher = Fetcher::new(["pictures.example.com".parse()?], Transport::builder());
/// # Ok::<(), &'static str>(())
/// ```
#[derive(Debug)]
pub struct Fetcher {
    allowed: Vec<AllowedHost>,
    transport: TransportBuilder,
    pinned: Vec<(AllowedHost, Vec<IpAddr>)>,
    permits: Semaphore,
}

impl Fetcher {
    /// Fetches from these hosts, with the roots and timeouts of this transport. A proxy is never
    /// used: it would resolve the names itself.
    #[must_use]
    pub fn new(
        allowed: impl IntoIterator<Item = AllowedHost>,
        transport: TransportBuilder,
    ) -> Self {
        let transport = transport
            .timeout(TIMEOUT)
            .max_retries(0)
            .max_response_bytes(Image::LIMIT);
        Self {
            allowed: allowed.into_iter().collect(),
            transport,
            pinned: Vec::new(),
            permits: Semaphore::new(CONCURRENCY),
        }
    }

    /// Sets the addresses of a host, in place of a name look-up. They may be private.
    #[must_use]
    pub fn resolve(mut self, host: &str, port: u16, addresses: Vec<IpAddr>) -> Self {
        let host = host.to_ascii_lowercase();
        self.pinned.push((AllowedHost(host, port), addresses));
        self
    }

    /// Fetches the picture at a URL. The caller bounds the time, since a name look-up has no
    /// timeout.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Bytes, Refusal> {
        let _permit = self.permits.acquire().await;
        let mut url: Uri = url.parse().map_err(|_| refused("this is no URL"))?;
        for _ in 0..=MAX_REDIRECTS {
            let wrong = || refused("the URL is not https, or has a user name");
            let target = target(&url).ok_or_else(wrong)?;
            if !self.allowed.contains(&target) {
                return Err(refused("the URL's host is not allowed"));
            }
            let response = self.get(&url, &target).await?;
            let status = response.status();
            let answered = || format!("the URL's host answers with status {}", status.as_u16());
            let is_busy = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            let location = response.headers().get(header::LOCATION);
            url = match location.filter(|_| status.is_redirection()) {
                Some(location) => next(&url, location).ok_or_else(|| useless(answered()))?,
                None if status == StatusCode::OK => return Ok(response.into_body()),
                None if is_busy => return Err(again(answered())),
                None => return Err(useless(answered())),
            };
        }
        Err(useless("the URL redirects too often"))
    }

    async fn get(&self, url: &Uri, target: &AllowedHost) -> Result<Response<Bytes>, Refusal> {
        let AllowedHost(host, port) = target;
        let addresses = self.addresses(target).await?;
        // This transport, of one call, connects to the checked addresses and resolves no name.
        let transport = self.transport.clone().resolve(host, *port, addresses);
        let transport: Transport<String> = transport.build().map_err(|it| again(it.to_string()))?;
        // The host is spelled as it was checked, without a dot at its end.
        let path = url.path_and_query().map_or("/", PathAndQuery::as_str);
        let request = Request::get(format!("https://{host}:{port}{path}"))
            .header(header::ACCEPT, "image/*")
            .header(header::USER_AGENT, USER_AGENT)
            .body(String::new());
        let request = request.map_err(|_| refused("this is no URL"))?;
        let response = transport.oneshot(request).await.map_err(|error| {
            let message = format!("the URL cannot be fetched: {error}");
            match error.kind() {
                ErrorKind::ResponseTooLarge { .. } => Refusal::oversized(None),
                _ if Error::Service(error.into()).is_retryable() => again(message),
                _ => useless(message),
            }
        })?;
        Ok(response.map(|body| body.into_inner().unwrap_or_default()))
    }

    /// Resolves a name once. One private address among the results refuses them all.
    async fn addresses(&self, target: &AllowedHost) -> Result<Vec<IpAddr>, Refusal> {
        if let Some((_, addresses)) = self.pinned.iter().find(|(host, _)| host == target) {
            return Ok(addresses.clone());
        }
        let name = target.0.trim_matches(['[', ']']);
        let unknown = |error| again(format!("the URL's host is not found: {error}"));
        let found = lookup_host((name, target.1)).await.map_err(unknown)?;
        let found: Vec<_> = found.map(|address| address.ip()).collect();
        let all_public = found.iter().all(|address| is_public(*address));
        let private = || refused("the URL's host has a private address");
        all_public.then_some(found).ok_or_else(private)
    }
}

fn refused(message: &str) -> Refusal {
    let advice = "give an https URL of a host that the agent was started with: --allow-url HOST";
    Refusal::bad(message, advice).kind("url")
}

fn again(message: impl Into<String>) -> Refusal {
    Refusal::again(message, AFTER_FAILURE).kind("url")
}

fn useless(message: impl Into<String>) -> Refusal {
    let advice = "check that the picture is there and may be read";
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message, advice).kind("url")
}

/// The host and port of an https URL without a user name.
fn target(url: &Uri) -> Option<AllowedHost> {
    let authority = url.authority().filter(|it| !it.as_str().contains('@'))?;
    let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let port = authority.as_str()[authority.host().len()..].strip_prefix(':');
    let port = port.map_or(Some(443), |port| port.parse().ok())?;
    let is_https = url.scheme_str() == Some("https") && !host.is_empty();
    is_https.then_some(AllowedHost(host, port))
}

/// The URL of a redirect: absolute, or a path on the same host.
fn next(from: &Uri, location: &HeaderValue) -> Option<Uri> {
    let location: Uri = location.to_str().ok()?.parse().ok()?;
    let mut parts = from.clone().into_parts();
    parts.path_and_query = location.path_and_query().cloned();
    match (location.scheme(), location.authority()) {
        (None, None) if location.path().starts_with('/') => Uri::from_parts(parts).ok(),
        (None, _) => None,
        _ => Some(location),
    }
}

/// Whether an address is a global one, of the Internet.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => match address.octets() {
            // This network; multicast and reserved. Shared by a provider.
            [0 | 224.., ..] | [100, 64..=127, ..] => false,
            // Protocol assignments; 6to4 relays; benchmarking.
            [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => false,
            _ if address.is_private() || address.is_loopback() => false,
            _ => !address.is_link_local() && !address.is_documentation(),
        },
        IpAddr::V6(address) => match address.segments() {
            // Teredo, benchmarking and ORCHID; documentation.
            [0x2001, 0..0x200 | 0xdb8, ..] => false,
            // 6to4, which embeds any IPv4 address; documentation.
            [0x2002, ..] | [0x3fff, 0..0x1000, ..] => false,
            // Global unicast.
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

#[test]
fn addresses_of_the_internet_are_public() {
    let addresses = "100.63.0.1 172.32.0.1 ::ffff:1.1.1.1 2400:3200::1 240e::1";
    for address in addresses.split(' ') {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}
