//! Refuses requests that pages of strangers make in the browser of the sandbox's user.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// The names of the inspector.
///
/// A page of a stranger can send requests to a loopback address. By a name of its own that it lets
/// point here it could read the answers too (DNS rebinding): so the `Host` must be one of ours. By a
/// form it could inject faults: so an `Origin`, which browsers send with a form, must be ours too.
#[derive(Debug)]
pub(super) struct Guard {
    /// In lower case, with the port.
    hosts: Vec<String>,
}

/// The status and the text for a request that is turned away.
pub(super) type Rejection = (StatusCode, &'static str);

impl Guard {
    pub(super) fn new(addr: SocketAddr, names: &[String]) -> Self {
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
        Self { hosts }
    }

    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Rejection> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let is_host_ours = hosts.next().is_some_and(|host| self.knows(host, ""));
        if !is_host_ours || hosts.next().is_some() {
            let why = "this is not a name of the sandbox's inspector: use its address";
            return Err((StatusCode::MISDIRECTED_REQUEST, why));
        }
        let is_harmless = method == Method::GET || method == Method::HEAD;
        let mut origins = headers.get_all(header::ORIGIN).iter();
        // Without an origin it is a script, which needs no browser to do harm.
        match is_harmless || origins.all(|origin| self.knows(origin, "http://")) {
            true => Ok(()),
            false => Err((StatusCode::FORBIDDEN, "pages of others may not do this")),
        }
    }

    fn knows(&self, value: &HeaderValue, scheme: &str) -> bool {
        let host = value.to_str().ok().and_then(|it| it.strip_prefix(scheme));
        host.is_some_and(|host| self.hosts.contains(&host.to_ascii_lowercase()))
    }
}
