//! Strangers: whoever has no token, and pages in a browser on this machine.

use std::{
    fmt,
    fs::{DirBuilder, File},
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr},
    path::Path,
};

use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::Authority};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::answer::Refusal;

/// Bytes of randomness in a token that is made here.
const TOKEN_BYTES: usize = 32;
/// The shortest token that is taken, in characters: 64 bits in hex.
const SHORTEST: usize = 16;
/// The longest, so that a file that is none is not read.
const LONGEST: u64 = 4096;

/// The secret by which callers over TCP are known.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("token");
/// let token = wxpay_agent::Token::open(&path)?; // made, for there is none
/// assert_eq!(std::fs::read_to_string(&path)?.trim_end().len(), 64);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Reads the token in a file, or makes the file, which only its owner may read.
    ///
    /// # Errors
    ///
    /// When the file can be neither read nor made, or holds no token.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(folder)?;
        }
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.write(true).create_new(true).open(path) {
            Ok(mut file) => {
                let token = Self::generate()?;
                file.write_all(token.0.as_bytes())?;
                file.write_all(b"\n")?;
                file.sync_all()?;
                Ok(token)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(error),
        }
    }

    fn generate() -> io::Result<Self> {
        let mut random = Zeroizing::new([0; TOKEN_BYTES]);
        getrandom::fill(&mut *random).map_err(io::Error::other)?;
        let mut token = Zeroizing::new(String::with_capacity(2 * TOKEN_BYTES));
        for byte in *random {
            for digit in [byte >> 4, byte & 15] {
                token.extend(char::from_digit(digit.into(), 16));
            }
        }
        Ok(Self(token))
    }

    fn read(path: &Path) -> io::Result<Self> {
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut text = Zeroizing::new(String::new());
        File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
        let token = text.trim_ascii();
        if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "it holds no token, which has at least 16 characters and no space: \
                           remove the file, and it is made";
            return Err(io::Error::other(problem));
        }
        Ok(Self(Zeroizing::new(token.to_owned())))
    }

    fn is_sent(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION);
        let sent = sent.and_then(|value| value.as_bytes().split_first_chunk::<7>());
        sent.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case(b"bearer ") && token.ct_eq(self.0.as_bytes()).into()
        })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a listener asks of a request.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    /// The address that is listened on; none is a Unix socket, which its permissions guard.
    pub(crate) addr: Option<SocketAddr>,
    pub(crate) token: Option<Token>,
    /// Further names, in lower case.
    pub(crate) names: Vec<String>,
}

impl Guard {
    /// Refuses pages: by a name of their own that leads here they could read answers (DNS rebinding), and
    /// by a form they could send pictures.
    pub(crate) fn check_page(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let hosts = headers.get_all(header::HOST).iter();
        let mut hosts = hosts.map(|host| authority(host.as_bytes()));
        let in_target = uri.authority().cloned().map(Some);
        if !hosts.all(|it| self.is_ours(it)) || !in_target.is_none_or(|it| self.is_ours(it)) {
            let message = "the Host is no name of this agent";
            return Err(Refusal::forbidden(
                message,
                "use its address, or start it with --host NAME",
            ));
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if !origins.all(|origin| is_same_origin(origin, headers)) {
            let message = "a page of another origin may not use this agent";
            return Err(Refusal::forbidden(
                message,
                "call it from a program, not from a page",
            ));
        }
        Ok(())
    }

    pub(crate) fn check_token(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self
            .token
            .as_ref()
            .is_none_or(|token| token.is_sent(headers))
        {
            return Ok(());
        }
        let message = match headers.contains_key(header::AUTHORIZATION) {
            true => "this is not the agent's token",
            false => "a token is missing",
        };
        let advice = "send `Authorization: Bearer` with the text of the agent's token file";
        let status = StatusCode::UNAUTHORIZED;
        Err(Refusal::new(status, "request", message, advice))
    }

    fn is_ours(&self, authority: Option<Authority>) -> bool {
        let Some(authority) = authority else {
            return false;
        };
        let host = authority.host().trim_matches(['[', ']']);
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if let Ok(ip) = host.parse::<IpAddr>() {
            // No page can have an address for a name.
            let is_here = |addr: SocketAddr| addr.ip() == ip || addr.ip().is_unspecified();
            return ip.is_loopback() || self.addr.is_some_and(is_here);
        }
        // A client of a Unix socket has to make a name up; no page can reach one.
        let is_made_up = self.addr.is_none() && !host.contains('.');
        host == "localhost" || is_made_up || self.names.contains(&host)
    }
}

fn authority(value: &[u8]) -> Option<Authority> {
    value.try_into().ok()
}

/// Whether the origin is that of the agent itself, which has no pages: that of a tool for developers.
fn is_same_origin(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let origin = origin.as_bytes().strip_prefix(b"http://");
    origin.is_some() && origin == host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(addr: Option<&str>) -> Guard {
        Guard {
            addr: addr.map(|addr| addr.parse().unwrap()),
            token: Some(Token(Zeroizing::new("0123456789abcdef".to_owned()))),
            names: vec!["agent.test".to_owned()],
        }
    }

    fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_foreign_host_is_refused_and_an_own_one_taken() {
        let check = |addr, host: &str| {
            let headers = headers(header::HOST, host);
            guard(addr)
                .check_page(&Uri::from_static("/"), &headers)
                .is_ok()
        };
        let loopback = Some("127.0.0.1:8479");
        for host in [
            "localhost",
            "LOCALHOST:8479",
            "127.0.0.1:1",
            "[::1]:8479",
            "agent.test.:80",
        ] {
            assert!(check(loopback, host), "{host}");
        }
        for host in [
            "evil.test",
            "evil.test:8479",
            "localhost.evil.test",
            "10.0.0.1",
            "",
            "a b",
        ] {
            assert!(!check(loopback, host), "{host}");
        }
        assert!(check(Some("0.0.0.0:8479"), "10.0.0.1:8479"));
        assert!(check(Some("10.0.0.1:8479"), "10.0.0.1"));
        assert!(check(None, "wxpay"));
        assert!(!check(None, "evil.test"));
    }

    #[test]
    fn a_name_in_the_target_counts_as_a_host() {
        let absolute = Uri::from_static("http://evil.test/livez");
        let guard = guard(Some("127.0.0.1:8479"));
        assert!(guard.check_page(&absolute, &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_foreign_origin_is_refused() {
        let check = |origin: &str| {
            let mut headers = headers(header::HOST, "localhost:8479");
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            let guard = guard(Some("127.0.0.1:8479"));
            guard.check_page(&Uri::from_static("/"), &headers).is_ok()
        };
        assert!(check("http://localhost:8479"));
        for origin in [
            "null",
            "http://evil.test",
            "http://localhost:3000",
            "https://localhost:8479",
            "",
        ] {
            assert!(!check(origin), "{origin}");
        }
    }

    #[test]
    fn only_the_token_itself_is_let_in() {
        let check = |value: &str| {
            let headers = headers(header::AUTHORIZATION, value);
            guard(None).check_token(&headers).is_ok()
        };
        assert!(check("Bearer 0123456789abcdef"));
        assert!(check("bearer 0123456789abcdef"));
        for value in [
            "Bearer 0123456789abcdeF",
            "Bearer ",
            "Bearer",
            "Basic 0123456789abcdef",
            "",
        ] {
            assert!(!check(value), "{value}");
        }
        assert!(guard(None).check_token(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_token_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/token");
        let made = Token::open(&path).unwrap();
        assert_eq!(*made.0, *Token::open(&path).unwrap().0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "short\n").unwrap();
        assert!(
            Token::open(&path)
                .unwrap_err()
                .to_string()
                .contains("no token")
        );
        assert_eq!(format!("{made:?}"), "Token(…)");
    }
}
