//! An HTTP proxy that connections are tunnelled through.

use std::{
    env::{self, VarError},
    fmt,
    net::IpAddr,
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, Uri,
    uri::{Authority, Scheme},
};
use hyper_util::client::proxy::matcher::Matcher;
use zeroize::Zeroizing;

use crate::{
    ProxyUriError,
    authority::{is_host_port, strip_brackets},
};

/// An HTTP proxy that is asked, by `CONNECT`, for a tunnel to the server.
///
/// TLS runs inside the tunnel, from end to end: the proxy learns the server's host and port, and sees
/// neither the request nor the client certificate's key. A proxy that opens the TLS connection, as
/// some companies run, shows as a server whose certificate is from an unknown issuer.
///
/// The password never shows: `Debug` and `Display` print host and port.
///
/// ```
/// use http::Uri;
/// use wxpay_transport::Proxy;
///
/// let proxy = Proxy::new("http://proxy.test:3128")?
///     .basic_auth("operator", "secret")
///     .except("localhost, 10.0.0.0/8, .intern.test");
/// assert_eq!(proxy.to_string(), "proxy.test:3128");
/// assert!(proxy.applies_to(&Uri::from_static("https://gateway.test/")));
/// assert!(!proxy.applies_to(&Uri::from_static("https://10.1.2.3/")));
/// # Ok::<(), wxpay_transport::ProxyUriError>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    authority: Authority,
    authorization: Option<HeaderValue>,
    matcher: Arc<Matcher>,
    /// Set for a proxy of the environment: loopback is then reached directly.
    skips_loopback: bool,
}

impl Proxy {
    /// The proxy at `http://host:port`; without a scheme `http` is meant, without a port 80. A user
    /// name and password before the host, percent-encoded, are taken as by
    /// [`basic_auth`](Self::basic_auth).
    ///
    /// # Errors
    ///
    /// [`ProxyUriError`] when it is no such URI, or one of a proxy that is spoken to over TLS or SOCKS:
    /// these are not supported. A user name or password that holds `@`, `/`, `?` or `#` as it is makes
    /// the URI ambiguous, and is refused before any name is looked up.
    ///
    /// ```
    /// use wxpay_transport::{ProxyUriError, Proxy};
    ///
    /// assert_eq!(Proxy::new("proxy.test:3128")?.to_string(), "proxy.test:3128");
    /// assert_eq!(Proxy::new("socks5://proxy.test").unwrap_err(), ProxyUriError::Scheme);
    /// # Ok::<(), ProxyUriError>(())
    /// ```
    pub fn new(uri: &str) -> Result<Self, ProxyUriError> {
        let with_scheme = if uri.contains("://") {
            uri.to_owned()
        } else {
            format!("http://{uri}")
        };
        let with_scheme = Zeroizing::new(with_scheme);
        if is_ambiguous(&with_scheme) {
            return Err(ProxyUriError::Ambiguous);
        }
        let parsed: Uri = with_scheme.parse().map_err(|_| ProxyUriError::Uri)?;
        if parsed.scheme() != Some(&Scheme::HTTP) {
            return Err(ProxyUriError::Scheme);
        }
        let matcher = Matcher::builder().all(with_scheme.as_str()).build();
        // The matcher takes the user name out of the URI, and leaves host and port.
        let intercept = matcher
            .intercept(&Uri::from_static("https://any.invalid/"))
            .ok_or(ProxyUriError::Uri)?;
        let authority = intercept.uri().authority().ok_or(ProxyUriError::Uri)?;
        if !is_host_port(authority) {
            return Err(ProxyUriError::Uri);
        }
        Ok(Self {
            authority: authority.clone(),
            authorization: intercept.basic_auth().cloned(),
            matcher: Arc::new(every_host_except("")),
            skips_loopback: false,
        })
    }

    /// The proxy of `HTTPS_PROXY`, else of `ALL_PROXY`, except for the hosts in `NO_PROXY`; each of
    /// them in lower case too, which goes first as it does in curl. `None` when no variable names
    /// one. `localhost`, the names below it and loopback addresses are reached directly.
    ///
    /// # Errors
    ///
    /// [`ProxyUriError`] when a variable holds what cannot be used: to connect without the proxy that
    /// was asked for could pass by a rule of the network.
    ///
    /// ```no_run
    /// use wxpay_transport::{Proxy, Transport};
    ///
    /// let mut builder = Transport::builder();
    /// if let Some(proxy) = Proxy::from_env()? {
    ///     builder = builder.proxy(proxy);
    /// }
    /// # Ok::<(), wxpay_transport::ProxyUriError>(())
    /// ```
    pub fn from_env() -> Result<Option<Self>, ProxyUriError> {
        Self::from_variables(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(ProxyUriError::Uri),
        })
    }

    fn from_variables(
        read: impl Fn(&str) -> Result<Option<String>, ProxyUriError>,
    ) -> Result<Option<Self>, ProxyUriError> {
        let first_of = |names: &[&str]| {
            for name in names {
                match read(name)? {
                    // Set to nothing is the usual way to unset.
                    Some(value) if !value.trim().is_empty() => return Ok(Some(value)),
                    _ => {}
                }
            }
            Ok(None)
        };
        let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let Some(uri) = first_of(&names)? else {
            return Ok(None);
        };
        let exceptions = first_of(&["no_proxy", "NO_PROXY"])?.unwrap_or_default();
        let mut proxy = Self::new(uri.trim())?.except(&exceptions);
        proxy.skips_loopback = true;
        Ok(Some(proxy))
    }

    /// The user name and password, sent to the proxy, and to it alone, as `Proxy-Authorization`.
    ///
    /// They go over the network as they are, as basic authentication does, for the proxy is spoken to
    /// without TLS. A user name cannot hold a colon: what follows it counts as the password.
    #[must_use]
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.authorization = Some(authorization(user, password));
        self
    }

    /// The hosts that are reached without the proxy, by the rules of `NO_PROXY`: names (with the
    /// names below them), addresses and networks, separated by commas, or `*` for all.
    #[must_use]
    pub fn except(mut self, hosts: &str) -> Self {
        self.matcher = Arc::new(every_host_except(hosts));
        self
    }

    /// Whether a server is reached through this proxy: whether it is none of the
    /// [exceptions](Self::except).
    #[must_use]
    pub fn applies_to(&self, server: &Uri) -> bool {
        let is_direct = self.skips_loopback && server.host().is_some_and(is_loopback);
        !is_direct && self.matcher.intercept(server).is_some()
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

fn authorization(user: &str, password: &str) -> HeaderValue {
    let plain = Zeroizing::new(format!("{user}:{password}"));
    let encoded = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*plain)));
    let mut value = HeaderValue::from_str(&encoded).expect("base64 is made of ASCII");
    value.set_sensitive(true);
    value
}

/// The proxy's part is played by any URI: what counts is whether there is an answer.
///
/// hyper-util takes `*` for all names, but not for addresses.
fn every_host_except(hosts: &str) -> Matcher {
    if hosts.split(',').any(|host| host.trim() == "*") {
        return Matcher::builder().build();
    }
    Matcher::builder()
        .all("http://proxy.invalid/")
        .no(hosts)
        .build()
}

/// Whether the user name and password could end at more than one place: RFC 3986 ends them at the
/// only `@`, and the authority at the first `/`, `?` or `#`.
fn is_ambiguous(uri: &str) -> bool {
    let (_, rest) = uri.split_once("://").unwrap_or_default();
    let Some((user, host)) = rest.split_once('@') else {
        return false;
    };
    user.contains(['/', '?', '#', '\\']) || host.contains('@')
}

fn is_loopback(host: &str) -> bool {
    let host = strip_brackets(host)
        .trim_end_matches('.')
        .to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Its host and port.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.authority.as_str())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("authority", &self.authority)
            .field("has_authorization", &self.authorization.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_decoded_from_the_uri_and_do_not_show() {
        // `Basic b3A6YTpi` is `op:a:b`.
        let proxy = Proxy::new("http://op:a%3Ab@proxy.test:3128/path").unwrap();
        assert_eq!(proxy.authorization().unwrap(), "Basic b3A6YTpi");
        assert_eq!(proxy.to_string(), "proxy.test:3128");
        for shown in [proxy.to_string(), format!("{proxy:?}")] {
            assert!(!shown.contains("op") && !shown.contains("a%3Ab"), "{shown}");
        }
        let same = Proxy::new("proxy.test:3128").unwrap();
        assert_eq!(same.authorization(), None);
        let same = same.basic_auth("op", "a:b");
        assert_eq!(same.authorization(), proxy.authorization());
    }

    #[test]
    fn an_authority_that_can_be_read_in_two_ways_is_refused_and_not_shown() {
        for secret in [
            "sec@ret",
            "sec/ret",
            "sec?ret",
            "sec#ret",
            "sec@ret/x",
            "s@e@cret",
            "se\\cret",
        ] {
            for uri in [
                format!("http://op:{secret}@127.0.0.1:3128"),
                format!("op:{secret}@proxy.test"),
                format!("http://{secret}@proxy.test:3128/"),
            ] {
                let error = Proxy::new(&uri).unwrap_err();
                assert_eq!(error, ProxyUriError::Ambiguous, "{uri}");
                let shown = format!("{error} {error:?}");
                assert!(
                    !shown.contains("cret") && !shown.contains("ret@"),
                    "{shown}"
                );
                assert!(shown.contains("percent-encode"), "{shown}");
            }
        }
        let encoded = Proxy::new("http://op:sec%40ret%2Fx@127.0.0.1:3128").unwrap();
        // `op:sec@ret/x`
        assert_eq!(encoded.authorization().unwrap(), "Basic b3A6c2VjQHJldC94");
        assert_eq!(encoded.to_string(), "127.0.0.1:3128");
    }

    #[test]
    fn an_asterisk_excepts_names_and_addresses_alike() {
        for hosts in ["*", " * ", "a.test,*", "*,a.test"] {
            let none = Proxy::new("p.test").unwrap().except(hosts);
            for server in [
                "https://c.test/",
                "https://10.0.0.1/",
                "https://[2001:db8::1]:8443/",
            ] {
                assert!(
                    !none.applies_to(&Uri::from_static(server)),
                    "{hosts}: {server}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_http_proxy_is_refused() {
        for scheme in ["https://p.test", "socks5://p.test:1080", "ftp://p.test"] {
            assert_eq!(Proxy::new(scheme).unwrap_err(), ProxyUriError::Scheme);
        }
        for uri in [
            "",
            "http://",
            "http:// p.test",
            "http://p.test:99999",
            "http://p.test:",
            "http://:3128",
            "http://p.test\r\nX: y",
        ] {
            assert_eq!(Proxy::new(uri).unwrap_err(), ProxyUriError::Uri, "{uri}");
        }
    }

    #[test]
    fn addresses_are_hosts_too() {
        for uri in [
            "127.0.0.1:3128",
            "http://[::1]:3128",
            "[::1]:3128",
            "p.test",
        ] {
            Proxy::new(uri).unwrap();
        }
    }

    #[test]
    fn exceptions_are_names_and_networks() {
        let proxy = Proxy::new("p.test")
            .unwrap()
            .except("a.test,.b.test,10.0.0.0/8,::1");
        for (server, applies) in [
            ("https://a.test/", false),
            ("https://x.a.test/", false),
            ("https://xa.test/", true),
            ("https://x.b.test/", false),
            ("https://10.9.8.7:1/", false),
            ("https://11.9.8.7/", true),
            ("https://[::1]/", false),
        ] {
            assert_eq!(
                proxy.applies_to(&Uri::from_static(server)),
                applies,
                "{server}"
            );
        }
        let none = Proxy::new("p.test").unwrap().except("*");
        assert!(!none.applies_to(&Uri::from_static("https://c.test/")));
    }

    fn from(variables: &[(&str, &str)]) -> Result<Option<Proxy>, ProxyUriError> {
        Proxy::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        })
    }

    fn name(variables: &[(&str, &str)]) -> Option<String> {
        from(variables).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn lower_case_and_https_go_first() {
        let all = [
            ("ALL_PROXY", "http://d.test:4"),
            ("all_proxy", "http://c.test:3"),
            ("HTTPS_PROXY", "http://b.test:2"),
            ("https_proxy", "http://a.test:1"),
            ("HTTP_PROXY", "http://never.test"),
        ];
        assert_eq!(name(&all).as_deref(), Some("a.test:1"));
        assert_eq!(name(&all[..3]).as_deref(), Some("b.test:2"));
        assert_eq!(name(&all[..2]).as_deref(), Some("c.test:3"));
        assert_eq!(name(&all[..1]).as_deref(), Some("d.test:4"));
        assert_eq!(name(&all[4..]), None);
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn an_empty_variable_is_none() {
        assert_eq!(name(&[("https_proxy", "")]), None);
        let other = [("https_proxy", " "), ("HTTPS_PROXY", "b.test:2")];
        assert_eq!(name(&other).as_deref(), Some("b.test:2"));
    }

    #[test]
    fn exceptions_come_along() {
        let variables = [("HTTPS_PROXY", "b.test:2"), ("NO_PROXY", "a.test")];
        let proxy = from(&variables).unwrap().unwrap();
        assert!(!proxy.applies_to(&Uri::from_static("https://a.test/")));
        assert!(proxy.applies_to(&Uri::from_static("https://c.test/")));
    }

    #[test]
    fn loopback_is_reached_directly_unless_the_proxy_is_given_by_hand() {
        let environment = from(&[("HTTPS_PROXY", "b.test:2")]).unwrap().unwrap();
        let given = Proxy::new("b.test:2").unwrap();
        for (server, is_loopback) in [
            ("https://localhost:8443/", true),
            ("https://LocalHost./", true),
            ("https://a.localhost/", true),
            ("https://127.0.0.1/", true),
            ("https://127.8.9.1:1/", true),
            ("https://[::1]:8443/", true),
            ("https://[::ffff:127.0.0.1]/", true),
            ("https://notlocalhost/", false),
            ("https://localhost.test/", false),
            ("https://128.0.0.1/", false),
        ] {
            let server = Uri::from_static(server);
            assert_eq!(environment.applies_to(&server), !is_loopback, "{server}");
            assert!(given.applies_to(&server), "{server}");
        }
    }

    #[test]
    fn an_asterisk_in_no_proxy_is_for_addresses_too() {
        let variables = [("HTTPS_PROXY", "b.test:2"), ("NO_PROXY", "*")];
        let proxy = from(&variables).unwrap().unwrap();
        for server in [
            "https://a.test/",
            "https://192.0.2.1/",
            "https://[2001:db8::1]/",
        ] {
            assert!(!proxy.applies_to(&Uri::from_static(server)), "{server}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_not_passed_over() {
        let error = from(&[("https_proxy", "socks5://a.test")]).unwrap_err();
        assert_eq!(error, ProxyUriError::Scheme);
    }
}
