//! Hosts and ports, as URIs have them.

use http::{
    Uri,
    uri::{Authority, Scheme},
};

/// The port of `https` where none is given.
const HTTPS: u16 = 443;

/// Returns true for a host with or without a port that is a number, without a user name.
pub(crate) fn is_host_port(authority: &Authority) -> bool {
    let host = authority.host();
    let Some(rest) = authority.as_str().strip_prefix(host) else {
        return false;
    };
    let numbered = match rest.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok(),
        None => rest.is_empty(),
    };
    numbered && !host.is_empty()
}

/// Returns true if both lead to one host and port.
pub(crate) fn is_same(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(HTTPS);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// A host without the brackets around an IPv6 address.
pub(crate) fn strip_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// The port that a URI names, or its scheme's own.
pub(crate) fn port(uri: &Uri) -> u16 {
    let default = if uri.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        HTTPS
    };
    uri.port_u16().unwrap_or(default)
}

/// The address of a server, for what wants a URI.
pub(crate) fn uri(scheme: &'static str, authority: &Authority) -> Uri {
    Uri::builder()
        .scheme(scheme)
        .authority(authority.clone())
        .path_and_query("/")
        .build()
        .expect("scheme, authority and path make a uri")
}
