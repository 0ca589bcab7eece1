//! Strangers: whoever has no token, and pages in a browser on this machine.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr},
    path::Path,
};

use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::Authority};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::answer::Refusal;

/// The length of a token that is made here, in hex digits.
const LENGTH: usize = 64;
/// The shortest token that is taken, in characters.
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
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.write(true).create_new(true).open(path) {
            Ok(mut file) => {
                let token = Self::generate()?;
                writeln!(file, "{}", *token.0)?;
                file.sync_all()?;
                Ok(token)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(error),
        }
    }

    fn generate() -> io::Result<Self> {
        let mut random = Zeroizing::new([0; LENGTH]);
        getrandom::fill(&mut *random).map_err(io::Error::other)?;
        let digits = random
            .iter()
            .map(|byte| char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        Ok(Self(Zeroizing::new(digits.collect())))
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut text = Zeroizing::new(String::new());
        if path.metadata()?.is_file() {
            File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
        }
        let token = text.trim_start_matches('\u{feff}').trim_ascii();
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
#[derive(Debug)]
pub(crate) struct Guard {
    /// The address that is listened on; none is a Unix socket, which its permissions guard.
    pub(crate) addr: Option<SocketAddr>,
    pub(crate) token: Option<Token>,
    pub(crate) hosts: Vec<String>,
}

impl Guard {
    /// Refuses pages: by a name of their own that leads here they could read answers (DNS rebinding), and
    /// by a form they could send pictures.
    pub(crate) fn check_page(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let forbidden = |message, advice| Refusal::new(StatusCode::FORBIDDEN, message, advice);
        let hosts = headers.get_all(header::HOST).iter();
        let mut hosts = hosts.map(|host| host.as_bytes().try_into().ok());
        let is_named = hosts.all(|host: Option<Authority>| self.is_ours(host.as_ref()));
        if !is_named || uri.authority().is_some_and(|it| !self.is_ours(Some(it))) {
            let advice = "use its address, or start it with --host NAME";
            return Err(forbidden("the Host is no name of this agent", advice));
        }
        let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
        let is_own = |origin: &HeaderValue| {
            let origin = origin.as_bytes().strip_prefix(b"http://");
            origin.is_some() && origin == host
        };
        if !headers.get_all(header::ORIGIN).iter().all(is_own) {
            let advice = "call it from a program, not from a page";
            return Err(forbidden("the Origin is not this agent's", advice));
        }
        Ok(())
    }

    pub(crate) fn check_token(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let token = self.token.as_ref();
        if token.is_none_or(|token| token.is_sent(headers)) {
            return Ok(());
        }
        let message = "the agent's token is missing, or another one was sent";
        let advice = "send `Authorization: Bearer` with the text of the agent's token file";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, message, advice))
    }

    fn is_ours(&self, authority: Option<&Authority>) -> bool {
        let host = authority.map_or("", Authority::host);
        let host = host.trim_matches(['[', ']']).trim_end_matches('.');
        if let Ok(ip) = host.parse::<IpAddr>() {
            // No page can have an address for a name.
            let is_here = |addr: SocketAddr| addr.ip() == ip || addr.ip().is_unspecified();
            return ip.is_loopback() || self.addr.is_some_and(is_here);
        }
        // A client of a Unix socket has to make a name up; no page can reach one.
        let is_made_up = self.addr.is_none() && !host.is_empty() && !host.contains('.');
        let mut names = self.hosts.iter().map(String::as_str).chain(["localhost"]);
        is_made_up || names.any(|name| host.eq_ignore_ascii_case(name))
    }
}
