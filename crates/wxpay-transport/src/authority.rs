//! Hosts and ports, as URIs have them.

use http::{
    Uri,
    uri::{Authority, Scheme},
};

const HTTPS: u16 = 443;

/// Returns true for a host with or without a port that is a number, without a user name.
pub(crate) fn is_host_port(authority: &Authority) -> bool {
    let host = authority.host();
    let Some(rest) = authority.as_str().strip_prefix(host) else {
        return false;
    };
    let port = rest.strip_prefix(':');
    !host.is_empty() && port.map_or(rest.is_empty(), |port| port.parse::<u16>().is_ok())
}

/// Returns true if both lead to one host and port.
pub(crate) fn is_same(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(HTTPS);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// The port that a URI names, or its scheme's own.
pub(crate) fn port(uri: &Uri) -> u16 {
    let is_http = uri.scheme() == Some(&Scheme::HTTP);
    uri.port_u16().unwrap_or(if is_http { 80 } else { HTTPS })
}

/// The address of a server, for what wants a URI.
pub(crate) fn uri(scheme: &str, authority: &Authority) -> Uri {
    let uri = format!("{scheme}://{authority}/");
    uri.parse().expect("scheme, authority and path make a uri")
}
