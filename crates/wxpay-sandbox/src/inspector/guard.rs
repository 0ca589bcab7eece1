//! Refuses requests that pages of strangers make in the browser of the sandbox's user.
//!
//! A page of a stranger can send requests to a loopback address. By a name of its own that it lets
//! point here it could read the answers too (DNS rebinding): so the `Host` must be one of ours. By a
//! form it could inject faults: so an `Origin`, which browsers send with a form, must be ours too.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// The hosts of the inspector at an address, in lower case, with the port.
pub(crate) fn hosts(addr: SocketAddr, names: &[String]) -> Vec<String> {
    let port = addr.port();
    let mut hosts = vec![addr.to_string()];
    let always = ["localhost", "127.0.0.1", "[::1]"];
    for name in names.iter().map(String::as_str).chain(always) {
        let name = name.to_ascii_lowercase();
        hosts.push(format!("{name}:{port}"));
        if port == 80 {
            hosts.push(name);
        }
    }
    hosts
}

/// The status and the text for a request that is turned away.
pub(super) fn check(
    ours: &[String],
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), (StatusCode, &'static str)> {
    let is_ours = |value: &HeaderValue, scheme: &str| {
        let host = value.to_str().ok().and_then(|it| it.strip_prefix(scheme));
        host.is_some_and(|host| ours.contains(&host.to_ascii_lowercase()))
    };
    let mut hosts = headers.get_all(header::HOST).iter();
    let is_host_ours = hosts.next().is_some_and(|host| is_ours(host, ""));
    if !is_host_ours || hosts.next().is_some() {
        let why = "this is not a name of the sandbox's inspector: use its address";
        return Err((StatusCode::MISDIRECTED_REQUEST, why));
    }
    let is_harmless = method == Method::GET || method == Method::HEAD;
    let mut origins = headers.get_all(header::ORIGIN).iter();
    // Without an origin it is a script, which needs no browser to do harm.
    match is_harmless || origins.all(|origin| is_ours(origin, "http://")) {
        true => Ok(()),
        false => Err((StatusCode::FORBIDDEN, "pages of others may not do this")),
    }
}
