//! Settings that a flag or the environment gives, and the one reading of those that name a file.
//!
//! A flag beats a path in the environment, and that beats the text itself in the environment.

use std::{
    env,
    ffi::OsString,
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, anyhow, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use wxpay_sign::ApiKey;
use zeroize::Zeroizing;

/// A setting whose value is the content of a file.
#[derive(Debug)]
pub(crate) struct Setting {
    flag: &'static str,
    /// The variable with the path of the file, if there is one.
    path: Option<&'static str>,
    /// The variable with the content itself, if there is one.
    text: Option<&'static str>,
    holds: &'static str,
    /// Whether a value that is no path may be a secret, and so is never repeated.
    secret: bool,
}

pub(crate) const API_KEY: Setting = Setting {
    flag: "--api-key-file",
    path: None,
    text: Some("WXPAY_API_KEY"),
    holds: "the API v2 key",
    secret: true,
};
pub(crate) const OTHER_KEY: Setting = Setting {
    flag: "--other-key-file",
    text: None,
    holds: "the other key",
    ..API_KEY
};
pub(crate) const TRY_KEY: Setting = Setting {
    flag: "--try-key-file",
    ..OTHER_KEY
};
pub(crate) const CERT: Setting = Setting {
    flag: "--cert",
    path: Some("WXPAY_CERT"),
    text: Some("WXPAY_CERT_PEM"),
    holds: "the certificate",
    secret: false,
};
pub(crate) const KEY: Setting = Setting {
    flag: "--key",
    path: Some("WXPAY_KEY"),
    text: Some("WXPAY_KEY_PEM"),
    holds: "the private key",
    secret: true,
};
pub(crate) const KEY_PASSWORD: Setting = Setting {
    flag: "--key-password-file",
    path: None,
    text: Some("WXPAY_KEY_PASSWORD"),
    holds: "the private key's password",
    secret: true,
};
pub(crate) const P12: Setting = Setting {
    flag: "--p12",
    path: Some("WXPAY_P12"),
    text: Some("WXPAY_P12_BASE64"),
    holds: "the PKCS#12 file",
    secret: true,
};
pub(crate) const P12_PASSWORD: Setting = Setting {
    flag: "--p12-password-file",
    path: None,
    text: Some("WXPAY_P12_PASSWORD"),
    holds: "the PKCS#12 file's password",
    secret: true,
};
pub(crate) const CA: Setting = Setting {
    flag: "--ca",
    path: Some("WXPAY_CA"),
    text: None,
    holds: "the authority's certificate",
    secret: false,
};
pub(crate) const PROXY_AUTH: Setting = Setting {
    flag: "--proxy-auth-file",
    path: None,
    text: None,
    holds: "the proxy's user:password",
    secret: true,
};

/// Where a value was found, the strongest place first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Flag,
    Path,
    Text,
}

/// A value of a [`Setting`], not yet read.
#[derive(Debug)]
pub(crate) struct Source {
    setting: &'static Setting,
    pub(crate) place: Place,
    /// The flag or variable that gives it.
    pub(crate) by: &'static str,
    value: OsString,
}

impl Setting {
    /// The value of the flag, else of the variables.
    pub(crate) fn find(&'static self, flag: Option<&Path>) -> Option<Source> {
        let variable = |name: Option<&'static str>| {
            name.and_then(|name| variable(name).map(|value| (name, value)))
        };
        let (place, (by, value)) = match flag {
            Some(path) => (Place::Flag, (self.flag, path.into())),
            None => match (variable(self.path), variable(self.text)) {
                (Some(path), _) => (Place::Path, path),
                (None, text) => (Place::Text, text?),
            },
        };
        Some(Source {
            setting: self,
            place,
            by,
            value,
        })
    }
}

impl Source {
    /// The content: without the byte order mark that some editors put before a text.
    pub(crate) fn bytes(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let bytes = match self.place {
            Place::Flag | Place::Path => read_file(Path::new(&self.value), LARGEST)
                .map_err(|error| self.unreadable(&error))?,
            Place::Text => self.text()?,
        };
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            bail!("{self} is in UTF-16: save it as UTF-8");
        }
        Ok(match bytes.strip_prefix("\u{feff}".as_bytes()) {
            Some(rest) => Zeroizing::new(rest.to_owned()),
            None => bytes,
        })
    }

    /// The one line of a key or password. An editor ends a file with a line end, which is not the
    /// secret's.
    pub(crate) fn line(&self) -> anyhow::Result<Zeroizing<String>> {
        let bytes = self.bytes()?;
        let text = str::from_utf8(&bytes)
            .ok()
            .filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| anyhow!("{self} is not text in UTF-8"))?;
        let line = match self.place {
            Place::Flag | Place::Path => text.trim_end_matches(['\r', '\n']),
            Place::Text => text,
        };
        Ok(Zeroizing::new(line.to_owned()))
    }

    fn text(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let text = self.value.to_str();
        let text = text.with_context(|| format!("{} is not UTF-8", self.by))?;
        if !self.by.ends_with("_BASE64") {
            return Ok(Zeroizing::new(text.as_bytes().to_owned()));
        }
        let joined = Zeroizing::new(text.split_whitespace().collect::<String>());
        // The decoder's own error would show a character of it.
        BASE64_STANDARD
            .decode(&*joined)
            .map(Zeroizing::new)
            .map_err(|_| {
                anyhow!(
                    "{} is not base64: it wants {} as `base64 -w0 FILE` prints it",
                    self.by,
                    self.setting.holds
                )
            })
    }

    /// Says why the file cannot be read, and repeats the value only where it is no secret.
    fn unreadable(&self, error: &io::Error) -> anyhow::Error {
        let Setting {
            holds,
            text,
            secret,
            ..
        } = self.setting;
        let value = self.value.to_string_lossy();
        let is_content = value.contains("-----BEGIN")
            || value.contains('\n')
            || value.len() > MAX_SHOWN
            || ApiKey::new(&*value).is_ok();
        let way_out = text.map_or(String::new(), |text| {
            format!(" ({text} takes {holds} itself)")
        });
        if is_content {
            anyhow!(
                "{} holds {holds} itself; it wants the path of a file{way_out}",
                self.by
            )
        } else if *secret && error.kind() == io::ErrorKind::NotFound {
            anyhow!(
                "{} names no file: it wants the path of one with {holds}{way_out}",
                self.by
            )
        } else if *secret || may_hold_secret(&value) {
            anyhow!("cannot read the file of {}, with {holds}: {error}", self.by)
        } else {
            anyhow!("cannot read {value} ({}): {error}", self.by)
        }
    }
}

/// Its file and who named it, for a file that could be read.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Flag | Place::Path => {
                write!(f, "{} ({})", Path::new(&self.value).display(), self.by)
            }
            Place::Text => f.write_str(self.by),
        }
    }
}

/// More than any key, certificate or list of authorities has.
const LARGEST: u64 = 1024 * 1024;

/// Reads a file of at most so many bytes: a regular file, or a pipe whose other side writes. A device
/// has no end.
pub(crate) fn read_file(path: &Path, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::other("it is a folder, not a file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()) {
        return pipe::read(path.to_owned(), most);
    }
    if !metadata.is_file() {
        let why = format!("it is not a regular file of at most {}", size(most));
        return Err(io::Error::other(why));
    }
    read_to_end(File::open(path)?, most)
}

fn read_to_end(file: File, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!(
            "it has more than {}: another file must be meant",
            size(most)
        );
        return Err(io::Error::other(why));
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    format!("{} MiB", bytes / 1024 / 1024)
}

/// A pipe (`<(pass show wxpay)`, `/dev/stdin`) is read on a thread of its own, for its other side may
/// never come, or never end.
#[cfg(unix)]
mod pipe {
    use std::{
        fs::File,
        io,
        path::PathBuf,
        sync::mpsc::{self, RecvTimeoutError},
        thread,
        time::Duration,
    };

    use zeroize::Zeroizing;

    /// A shell has opened the other side before this program starts.
    const OPENED_WITHIN: Duration = Duration::from_secs(1);
    /// A password manager may ask its user first.
    const READ_WITHIN: Duration = Duration::from_secs(60);

    pub(super) fn read(path: PathBuf, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        let (opened, is_opened) = mpsc::channel();
        let (read, is_read) = mpsc::channel();
        thread::spawn(move || {
            let bytes = File::open(path).and_then(|file| {
                let _ = opened.send(());
                super::read_to_end(file, most)
            });
            let _ = read.send(bytes);
        });
        // Where it cannot be opened, the channel closes, and the other one has the reason.
        if is_opened.recv_timeout(OPENED_WITHIN) == Err(RecvTimeoutError::Timeout) {
            return Err(io::Error::other("it is a pipe, and nobody writes into it"));
        }
        is_read
            .recv_timeout(READ_WITHIN)
            .unwrap_or_else(|_| Err(io::Error::other("it is a pipe without an end")))
    }
}

/// A longer value is no path that a person has typed.
const MAX_SHOWN: usize = 255;

/// Whether a value that somebody has put in the wrong place may be or hold a secret: a key, base64, a
/// URL with a password.
pub(crate) fn may_hold_secret(value: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=');
    value.len() > MAX_SHOWN
        || value.contains(['\r', '\n', '@'])
        || value.contains("-----")
        || value
            .split(|c| !is_of_key(c))
            .any(|run| run.len() >= 20 && run.contains(|c: char| c.is_ascii_digit()))
}

/// The API v2 key, where it is given, with its text, and who gives it.
pub(crate) fn api_key(
    setting: &'static Setting,
    flag: Option<&Path>,
) -> anyhow::Result<Option<(ApiKey, Zeroizing<String>, &'static str)>> {
    let Some(source) = setting.find(flag) else {
        return Ok(None);
    };
    let text = source.line()?;
    let key = ApiKey::new(text.as_str()).with_context(|| source.to_string())?;
    Ok(Some((key, text, source.by)))
}

/// How to give the API key, for messages.
pub(crate) const HOW_API_KEY: &str = "the API v2 key: --api-key-file or WXPAY_API_KEY";

/// The API v2 key where there must be one.
pub(crate) fn require_api_key(flag: Option<&Path>) -> anyhow::Result<ApiKey> {
    let found = api_key(&API_KEY, flag)?;
    found
        .map(|(key, ..)| key)
        .ok_or_else(|| anyhow!("missing {HOW_API_KEY}"))
}

/// The variable's value; one that is set to nothing counts as not set.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The same for a variable that must be text.
pub(crate) fn text(name: &str) -> anyhow::Result<Option<String>> {
    match variable(name).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => bail!("{name} is not UTF-8"),
    }
}

/// Parses a variable's text, and names the variable where it cannot be parsed.
pub(crate) fn parsed<T>(name: &str) -> anyhow::Result<Option<T>>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text(name)?
        .map(|value| value.trim().parse().with_context(|| name.to_owned()))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::may_hold_secret;

    #[test]
    fn a_value_that_may_be_a_secret_is_told_from_a_path() {
        for secret in [
            "192006250b4c09247ec02edce69f6a2d",
            "-----BEGIN PRIVATE KEY-----",
            "https://operator:secret@proxy",
            "MIIKegIBAzCCCjAGCSqGSIb3DQEHAaCCCiEEggodMIIKGTCC/Zk",
            "two\nlines",
        ] {
            assert!(may_hold_secret(secret), "{secret}");
        }
        for path in [
            "/etc/wxpay/apiclient_cert.pem",
            "/home/somebody/a-folder-with-a-long-name/certificates.d/2026-11-26.pem",
            "30s",
            "https://gateway.test",
        ] {
            assert!(!may_hold_secret(path), "{path}");
        }
    }
}
