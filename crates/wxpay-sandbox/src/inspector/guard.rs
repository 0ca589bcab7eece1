//! Keeps the pages of strangers out, in the browser of whoever runs the sandbox.

use std::net::SocketAddr;

use http::{HeaderMap, Method, header};

/// Knows the names of the inspector.
///
/// A page of a stranger can send requests to a loopback address. By a name of its own that it lets
/// point here it could read the answers too (DNS rebinding): so the `Host` must be one of ours. By a
/// form it could inject faults: so an `Origin`, which browsers send with a form, must be ours too.
#[derive(Debug)]
pub(super) struct Guard {
    /// In lower case, with the port.
    hosts: Vec<String>,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    Host,
    Origin,
}

impl Guard {
    pub(super) fn new(addr: SocketAddr, names: &[String]) -> Self {
        let port = addr.port();
        let mut hosts = vec![addr.to_string()];
        let always = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        for name in names.iter().cloned().chain(always) {
            let name = name.to_ascii_lowercase();
            if port == 80 {
                hosts.push(name.clone());
            }
            hosts.push(format!("{name}:{port}"));
        }
        Self { hosts }
    }

    pub(super) fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Rejection> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        if hosts.next().is_some() || !host.is_some_and(|host| self.knows(host)) {
            return Err(Rejection::Host);
        }
        let is_harmless = method == Method::GET || method == Method::HEAD;
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let is_ours = |origin: &http::HeaderValue| {
            let origin = origin.to_str().ok();
            let host = origin.and_then(|origin| origin.strip_prefix("http://"));
            host.is_some_and(|host| self.knows(host))
        };
        // None at all is a script's, which needs no browser to do harm.
        if is_harmless || origins.all(is_ours) {
            Ok(())
        } else {
            Err(Rejection::Origin)
        }
    }

    fn knows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.hosts.contains(&host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, headers: &[(header::HeaderName, &str)]) -> Result<(), Rejection> {
        let guard = Guard::new(
            "127.0.0.1:8480".parse().unwrap(),
            &["gateway.test".to_owned()],
        );
        let headers = headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.parse().unwrap()));
        // `collect` would keep the last of two equal ones.
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        guard.check(method, &map)
    }

    #[test]
    fn hosts_of_others_are_rejected() {
        let asked = |host: &str| check(&Method::GET, &[(header::HOST, host)]);
        let names = [
            "127.0.0.1",
            "localhost",
            "LocalHost",
            "[::1]",
            "gateway.test",
        ];
        for ours in names.map(|name| format!("{name}:8480")) {
            assert_eq!(asked(&ours), Ok(()), "{ours}");
        }
        for foreign in [
            "",
            "localhost",
            "127.0.0.1:80",
            "evil.test:8480",
            "127.0.0.1:8480 ",
        ] {
            assert_eq!(asked(foreign), Err(Rejection::Host), "{foreign}");
        }
        assert_eq!(check(&Method::GET, &[]), Err(Rejection::Host));
        let twice = ["localhost:8480", "evil.test"].map(|host| (header::HOST, host));
        assert_eq!(check(&Method::GET, &twice), Err(Rejection::Host));
    }

    #[test]
    fn origins_of_others_are_rejected() {
        let host = (header::HOST, "localhost:8480");
        assert_eq!(check(&Method::POST, std::slice::from_ref(&host)), Ok(()));
        for (origin, result) in [
            ("http://localhost:8480", Ok(())),
            ("http://127.0.0.1:8480", Ok(())),
            ("https://localhost:8480", Err(Rejection::Origin)),
            ("http://localhost:8481", Err(Rejection::Origin)),
            ("http://evil.test", Err(Rejection::Origin)),
            ("null", Err(Rejection::Origin)),
        ] {
            let headers = [host.clone(), (header::ORIGIN, origin)];
            assert_eq!(check(&Method::POST, &headers), result, "{origin}");
            assert_eq!(check(&Method::DELETE, &headers), result, "{origin}");
            assert_eq!(check(&Method::GET, &headers), Ok(()), "{origin}");
        }
    }
}
