//! The values of flags and variables.

use std::{
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

pub(crate) fn count(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "a whole number, 1 or more")
}

pub(crate) fn number(text: &str) -> Result<u32, &'static str> {
    let bounds = "a whole number, 0 or more, at most 4294967295";
    text.parse().map_err(|_| bounds)
}

/// Upper bound of a timeout, a day: much larger values overflow `Instant` arithmetic.
const MAX_SECONDS: f64 = 86_400.0;

/// A time in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.parse().ok().filter(|seconds| *seconds <= MAX_SECONDS);
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // Less than a nanosecond rounds to zero.
        let duration = duration.filter(|duration| !duration.is_zero());
        duration.map(Self).ok_or_else(|| {
            format!("a number of seconds above 0, at most {MAX_SECONDS}, such as 30 or 0.5")
        })
    }
}

/// Uploads per second; `None` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) Option<NonZeroU32>);

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let rate = off_or(text).map(Self);
        rate.ok_or("a whole number of uploads a second, at least 1, or off")
    }
}

/// The address of the inspector; `None` for no inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inspector(pub(crate) Option<SocketAddr>);

impl FromStr for Inspector {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let addr = off_or(text).map(Self);
        addr.ok_or("neither an address with a port nor off")
    }
}

fn off_or<T: FromStr>(text: &str) -> Option<Option<T>> {
    let value = || text.parse().ok().map(Some);
    (text == "off").then_some(None).or_else(value)
}

pub(crate) fn file(argument: OsString) -> Result<PathBuf, &'static str> {
    if argument.is_empty() {
        return Err("the argument is empty: a variable without a value, perhaps");
    }
    Ok(argument.into())
}

pub(crate) fn md5(text: &str) -> Result<String, &'static str> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_owned());
    }
    Err("an MD5 has 32 hex digits, as md5sum prints it")
}

/// A host, a port, and their addresses.
pub(crate) type Resolve = (String, u16, Vec<IpAddr>);

/// Parses the form of curl's `--resolve`.
pub(crate) fn resolve(text: &str) -> Result<Resolve, &'static str> {
    let address = |text: &str| {
        let text = text.trim();
        let inner = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        inner.unwrap_or(text).parse().ok()
    };
    let parse = || {
        let (host, rest) = text.split_once(':').filter(|(host, _)| !host.is_empty())?;
        let (port, addresses) = rest.split_once(':')?;
        let addresses = addresses.split(',').map(address).collect::<Option<_>>()?;
        Some((host.to_owned(), port.parse().ok()?, addresses))
    };
    parse().ok_or("the form is HOST:PORT:ADDR[,ADDR], such as gateway.test:443:127.0.0.1")
}

pub(crate) fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a parameter has the form NAME=VALUE"),
    }
}

#[cfg(unix)]
pub(crate) fn mode(text: &str) -> Result<u32, &'static str> {
    let mode = u32::from_str_radix(text, 8).ok();
    let mode = mode.filter(|mode| *mode <= 0o777);
    mode.ok_or("permissions are three octal digits, such as 660")
}
