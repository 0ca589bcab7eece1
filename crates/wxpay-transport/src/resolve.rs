//! Addresses that the caller gives for a name.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// The addresses given for hosts and ports. Few enough to be looked through one by one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides(Vec<Override>);

#[derive(Debug, Clone)]
struct Override {
    host: String,
    port: u16,
    addresses: Arc<[IpAddr]>,
}

impl Overrides {
    pub(crate) fn set(&mut self, host: &str, port: u16, addresses: Arc<[IpAddr]>) {
        self.0.retain(|known| !known.is_for(host, port));
        let host = host.to_owned();
        self.0.push(Override {
            host,
            port,
            addresses,
        });
    }

    /// What a URI's host resolves to by the caller's word, if there is one.
    pub(crate) fn find(&self, uri: &Uri) -> Option<Given> {
        let (host, port) = (uri.host()?, port(uri));
        let found = self.0.iter().find(|known| known.is_for(host, port))?;
        Some(Given(Arc::clone(&found.addresses)))
    }
}

impl Override {
    fn is_for(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host.eq_ignore_ascii_case(host)
    }
}

/// The port that a URI names, or its scheme's own.
pub(crate) fn port(uri: &Uri) -> u16 {
    let default = if uri.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        443
    };
    uri.port_u16().unwrap_or(default)
}

/// Whether that is all there is: no user name, no password, and a port that is a number, if any.
pub(crate) fn is_host_and_port(authority: &Authority) -> bool {
    let host = authority.host();
    let is_sound = match authority.as_str().strip_prefix(host) {
        Some("") => true,
        Some(_) => authority.port_u16().is_some(),
        None => false,
    };
    is_sound && !host.is_empty()
}

/// A host without the brackets around an IPv6 address.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// A resolver that knows one answer, whatever it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Given(Arc<[IpAddr]>);

impl Given {
    pub(crate) fn addresses(&self) -> &[IpAddr] {
        &self.0
    }
}

impl Service<Name> for Given {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        // The connector puts the URI's port in place of 0.
        let addresses: Vec<_> = self.0.iter().map(|&ip| SocketAddr::new(ip, 0)).collect();
        ready(Ok(addresses.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn overrides(given: &[(&str, u16, u8)]) -> Overrides {
        let mut overrides = Overrides::default();
        for &(host, port, last) in given {
            overrides.set(host, port, [Ipv4Addr::new(127, 0, 0, last).into()].into());
        }
        overrides
    }

    fn last_byte(overrides: &Overrides, uri: &'static str) -> Option<String> {
        let found = overrides.find(&Uri::from_static(uri))?;
        Some(found.0[0].to_string())
    }

    #[test]
    fn host_and_port_must_both_fit() {
        let given = overrides(&[("a.test", 443, 1), ("a.test", 8443, 2)]);
        assert_eq!(
            last_byte(&given, "https://A.Test/").as_deref(),
            Some("127.0.0.1")
        );
        assert_eq!(
            last_byte(&given, "https://a.test:8443/").as_deref(),
            Some("127.0.0.2")
        );
        assert_eq!(last_byte(&given, "https://a.test:1/"), None);
        assert_eq!(last_byte(&given, "http://a.test/"), None);
        assert_eq!(last_byte(&given, "https://b.a.test/"), None);
    }

    #[test]
    fn an_authority_may_be_more_or_less_than_host_and_port() {
        for (authority, is_sound) in [
            ("a.test", true),
            ("a.test:443", true),
            ("[::1]", true),
            ("[::1]:443", true),
            ("user@a.test", false),
            ("user:password@a.test:443", false),
            ("a.test:", false),
            ("a.test:65536", false),
            (":443", false),
        ] {
            let parsed = Authority::from_static(authority);
            assert_eq!(is_host_and_port(&parsed), is_sound, "{authority}");
        }
    }

    #[test]
    fn the_last_word_holds() {
        let given = overrides(&[("a.test", 443, 1), ("A.test", 443, 2)]);
        assert_eq!(
            last_byte(&given, "https://a.test/").as_deref(),
            Some("127.0.0.2")
        );
    }
}
