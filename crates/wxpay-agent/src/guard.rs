//! Access control: the token, and the `Host` and `Origin` headers.

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

use crate::response::Refusal;

/// Length of a generated token, in hex digits: 256 bits.
const LENGTH: usize = 64;
/// Minimum length of a token in a file.
const MIN_LENGTH: usize = 16;
/// Maximum number of bytes that are read of the file.
const MAX_LENGTH: u64 = 4096;

/// The secret that callers over TCP send.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("token");
/// let token = wxpay_agent::Token::open(&path)?; // creates the file
/// assert_eq!(std::fs::read_to_string(&path)?.trim_end().len(), 64);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Reads the token from a file, or creates the file, for its owner only, with a new token.
    ///
    /// # Errors
    ///
    /// When the file can be neither read nor created, or holds no token.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.write(true).create_new(true).open(path) {
            Ok(mut file) => {
                let mut random = Zeroizing::new([0; LENGTH]);
                getrandom::fill(&mut *random).map_err(io::Error::other)?;
                let digit = |byte: &u8| char::from(b"0123456789abcdef"[usize::from(byte & 15)]);
                let token = Zeroizing::new(random.iter().map(digit).collect::<String>());
                writeln!(file, "{}", *token)?;
                file.sync_all()?;
                Ok(Self(token))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(error),
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let mut text = Zeroizing::new(Vec::new());
        if path.metadata()?.is_file() {
            let mut file = File::open(path)?.take(MAX_LENGTH);
            file.read_to_end(&mut text)?;
        }
        let text = str::from_utf8(&text).map_err(|_| {
            let problem = "it is not in UTF-8, but perhaps in UTF-16: save it as UTF-8, or remove \
                           it, and a new one is created";
            io::Error::other(problem)
        })?;
        let token = text.trim_start_matches('\u{feff}').trim_ascii();
        if token.len() < MIN_LENGTH || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "it holds no token, which has at least 16 characters and no space: \
                           remove the file, and a new one is created";
            return Err(io::Error::other(problem));
        }
        Ok(Self(Zeroizing::new(token.to_owned())))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The checks on the requests of one listener.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The listener's address; `None` for a Unix socket.
    pub(crate) addr: Option<SocketAddr>,
    pub(crate) token: Option<Token>,
    /// Further names of the agent.
    pub(crate) hosts: Vec<String>,
}

impl Guard {
    /// Refuses web pages in a browser on this machine. With a name that resolves to this agent a
    /// page could read responses (DNS rebinding), and with a form it could send pictures.
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
        let sent = headers.get(header::AUTHORIZATION);
        let sent = sent.and_then(|value| value.as_bytes().split_first_chunk::<7>());
        let is_sent = |Token(token): &Token| {
            sent.is_some_and(|(scheme, sent)| {
                scheme.eq_ignore_ascii_case(b"bearer ") && sent.ct_eq(token.as_bytes()).into()
            })
        };
        if self.token.as_ref().is_none_or(is_sent) {
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
            // A page cannot be served under another machine's address.
            let is_here = |addr: SocketAddr| addr.ip() == ip || addr.ip().is_unspecified();
            return ip.is_loopback() || self.addr.is_some_and(is_here);
        }
        // A client of a Unix socket has to invent a name, and no page can reach the socket.
        let is_made_up = self.addr.is_none() && !host.is_empty() && !host.contains('.');
        let mut names = self.hosts.iter().map(String::as_str).chain(["localhost"]);
        is_made_up || names.any(|name| host.eq_ignore_ascii_case(name))
    }
}
