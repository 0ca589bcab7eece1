//! Settings whose value is the content of a file: a table, and the one function that reads them.

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

/// A setting whose value is the content of a file, which a flag or a variable names, or of another
/// variable.
#[derive(Debug)]
pub(crate) struct FileSetting {
    flag: &'static str,
    /// The variable with a path, and the one with the content; empty where there is none.
    variables: [&'static str; 2],
    /// The content, for messages.
    holds: &'static str,
    /// Whether a path that cannot be read is shown. Otherwise it may be a secret in the wrong
    /// place.
    is_public: bool,
}

macro_rules! table {
    ($($name:ident $flag:literal $path:literal $content:literal $public:literal $holds:literal)*) =>
    {$(
        pub(crate) const $name: FileSetting = FileSetting {
            flag: $flag,
            variables: [$path, $content],
            holds: $holds,
            is_public: $public,
        };
    )*};
}

table! {
    API_KEY      "--api-key-file"      ""           "WXPAY_API_KEY"      false "the API v2 key"
    OTHER_KEY    "--other-key-file"    ""           ""                   false "the other key"
    TRY_KEY      "--try-key-file"      ""           ""                   false "the other key"
    CERT         "--cert"              "WXPAY_CERT" "WXPAY_CERT_PEM"     true  "the certificate"
    KEY          "--key"               "WXPAY_KEY"  "WXPAY_KEY_PEM"      false "the private key"
    KEY_PASSWORD "--key-password-file" ""           "WXPAY_KEY_PASSWORD" false "the key's password"
    P12          "--p12"               "WXPAY_P12"  "WXPAY_P12_BASE64"   false "the PKCS#12 file"
    P12_PASSWORD "--p12-password-file" ""           "WXPAY_P12_PASSWORD" false "the PKCS#12 password"
    CA           "--ca"                "WXPAY_CA"   ""                   true  "the authority's certificate"
    PROXY_AUTH   "--proxy-auth-file"   ""           ""                   false "the proxy's user:password"
}

impl FileSetting {
    /// The source of the value: the flag, else a variable.
    pub(crate) fn find(&'static self, flag: Option<&Path>) -> Option<Source> {
        let [path, text] = self.variables;
        let by = |place, name| Some((place, name, variable(name)?));
        let found = flag.map(|path| (Place::Flag, self.flag, path.into()));
        let found = found.or_else(|| by(Place::Path, path));
        let found = found.or_else(|| by(Place::Text, text));
        // A PKCS#12 file may have an empty password, which is not the default one.
        let empty = || (text == "WXPAY_P12_PASSWORD").then(|| env::var_os(text))?;
        let (place, by, value) = found.or_else(|| Some((Place::Text, text, empty()?)))?;
        Some(Source {
            setting: self,
            place,
            by,
            value,
        })
    }

    /// The file that the flag names.
    pub(crate) fn by_flag(&'static self, path: &Path) -> Source {
        self.find(Some(path)).expect("the flag gives a path")
    }

    /// The ways to give it, for messages.
    pub(crate) fn how(&self) -> String {
        let [path, text] = self.variables;
        let variable = if path.is_empty() { text } else { path };
        format!("{}: {} or {variable}", self.holds, self.flag)
    }
}

/// The places of a value, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Flag,
    Path,
    Text,
}

/// A value of a [`FileSetting`], not yet read. Displays its path, and the flag or variable that
/// gives it.
#[derive(Debug)]
pub(crate) struct Source {
    setting: &'static FileSetting,
    pub(crate) place: Place,
    /// The flag or variable that gives it.
    pub(crate) by: &'static str,
    pub(super) value: OsString,
}

impl Source {
    /// The content, without the byte order mark that some editors add.
    pub(crate) fn bytes(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let mut bytes = match self.place {
            Place::Text => self.text()?,
            _ => read_file(Path::new(&self.value), 1).map_err(|error| self.unreadable(&error))?,
        };
        utf8(&mut bytes).map_err(|error| anyhow!("{self} {error}"))?;
        Ok(bytes)
    }

    /// The one line of a key or password, without the line end behind it.
    pub(crate) fn line(&self) -> anyhow::Result<Zeroizing<String>> {
        let bytes = self.bytes()?;
        let text = str::from_utf8(&bytes).ok().filter(|it| !it.contains('\0'));
        let text = text.with_context(|| format!("{self} is not text in UTF-8"))?;
        Ok(Zeroizing::new(text.trim_end_matches(LINE_END).to_owned()))
    }

    pub(crate) fn api_key(&self) -> anyhow::Result<ApiKey> {
        ApiKey::new(&*self.line()?).with_context(|| self.to_string())
    }

    fn text(&self) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let by = self.by;
        let text = self.value.to_str();
        let text = text.with_context(|| format!("{by} is not UTF-8"))?;
        if !by.ends_with("_BASE64") {
            return Ok(Zeroizing::new(text.into()));
        }
        let joined = Zeroizing::new(text.split_whitespace().collect::<String>());
        // The decoder's own error shows a character of the secret.
        let decoded = BASE64_STANDARD.decode(&*joined).ok();
        decoded.map(Zeroizing::new).with_context(|| {
            format!("{by} is not base64: it wants the text that `base64 -w0 FILE` prints")
        })
    }

    /// The error of a file that cannot be read. It repeats the path only if that cannot be a
    /// secret.
    fn unreadable(&self, error: &io::Error) -> anyhow::Error {
        let (by, holds) = (self.by, self.setting.holds);
        let value = self.value.to_string_lossy();
        let is_content = value.contains("-----BEGIN")
            || value.contains('\n')
            || value.len() > MAX_SHOWN
            || ApiKey::new(&*value).is_ok();
        let way_out = match self.setting.variables[1] {
            "" => String::new(),
            name => format!(" ({name} takes the text)"),
        };
        let file_and_password = value.rsplit_once(':');
        if file_and_password.is_some_and(|(file, _)| Path::new(file).is_file()) {
            anyhow!(
                "{by} holds a file and its password, as for curl: give the password by \
                 --p12-password-file or --key-password-file"
            )
        } else if is_content {
            anyhow!("{by} holds {holds} itself; it wants the path of a file{way_out}")
        } else if self.setting.is_public && !may_hold_secret(&value) && !value.contains(':') {
            anyhow!("cannot read {value} ({by}): {error}")
        } else if error.kind() == io::ErrorKind::NotFound {
            anyhow!("{by} names no file: it wants the path of one with {holds}{way_out}")
        } else {
            anyhow!("cannot read the file of {by}, with {holds}: {error}")
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Text => f.write_str(self.by),
            _ => write!(f, "{} ({})", self.value.display(), self.by),
        }
    }
}

/// Removes the byte order mark that some editors add; text in UTF-16 or UTF-32 is an error.
pub(crate) fn utf8(content: &mut Vec<u8>) -> anyhow::Result<()> {
    match &content[..] {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => bail!("is in UTF-32: save it as UTF-8"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => bail!("is in UTF-16: save it as UTF-8"),
        [0xef, 0xbb, 0xbf, ..] => drop(content.drain(..3)),
        _ => {}
    }
    Ok(())
}

/// Reads a regular file or a pipe, up to a limit in mebibytes.
pub(crate) fn read_file(path: &Path, mebibytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::other("it is a folder, not a file"));
    }
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()) {
        return read_pipe(path.to_owned(), mebibytes);
    }
    if !metadata.is_file() {
        let message = format!("it is not a regular file of at most {mebibytes} MiB");
        return Err(io::Error::other(message));
    }
    read_to_end(File::open(path)?, mebibytes)
}

/// Reads to the end, up to a limit in mebibytes.
pub(crate) fn read_to_end(from: impl Read, mebibytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let limit = mebibytes * 1024 * 1024;
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("it has more than {mebibytes} MiB: is it another file?");
        return Err(io::Error::other(message));
    }
    Ok(bytes)
}

/// Reads a pipe, such as `<(pass show wxpay)`, on a thread of its own, since opening or reading may
/// block forever.
#[cfg(unix)]
fn read_pipe(path: std::path::PathBuf, mebibytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    use std::{
        sync::mpsc::{self, RecvTimeoutError},
        thread,
        time::Duration,
    };

    /// A shell opens the other side before this program starts.
    const OPENED_WITHIN: Duration = Duration::from_secs(1);
    /// A password manager may ask its user first.
    const READ_WITHIN: Duration = Duration::from_secs(60);

    let (opened, is_opened) = mpsc::channel();
    let (read, is_read) = mpsc::channel();
    thread::spawn(move || {
        let bytes = File::open(path).and_then(|file| {
            let _ = opened.send(());
            read_to_end(file, mebibytes)
        });
        let _ = read.send(bytes);
    });
    // An error of `open` closes this channel, and comes by the other one.
    if is_opened.recv_timeout(OPENED_WITHIN) == Err(RecvTimeoutError::Timeout) {
        return Err(io::Error::other("it is a pipe, and nobody writes into it"));
    }
    let bytes = is_read.recv_timeout(READ_WITHIN);
    bytes.unwrap_or_else(|_| Err(io::Error::other("it is a pipe without an end")))
}

/// The characters of a line end, which is no part of a value before it.
pub(crate) const LINE_END: [char; 2] = ['\r', '\n'];

/// The value of a variable, without a line end behind it. An empty one counts as not set.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    let trimmed = |text: &str| text.trim_end_matches(LINE_END).into();
    let value = env::var_os(name)?;
    let value = value.to_str().map_or(value.clone(), trimmed);
    (!value.is_empty()).then_some(value)
}

/// The usual limit of a file name in bytes. A longer value is content, not a path.
const MAX_SHOWN: usize = 255;

/// Whether a value may hold a secret: a key, base64, a URL with a password.
pub(crate) fn may_hold_secret(value: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=');
    let has_digit = |run: &str| run.contains(|c: char| c.is_ascii_digit());
    let mut runs = value.split(|c| !is_of_key(c));
    value.len() > MAX_SHOWN
        || value.contains(['\r', '\n', '@'])
        || value.contains("-----")
        || runs.any(|run| run.len() >= 20 && has_digit(run))
}
