//! The folder that a sandbox keeps its credentials in.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tempfile::{NamedTempFile, TempDir};
use wxpay_sandbox::{Credentials, Sandbox};
use zeroize::Zeroizing;

use crate::{settings, terminal};

/// The files that make up the credentials: all of them are there, or none.
const CREDENTIALS: [&str; 5] = [
    "ca.pem",
    "ca_key.pem",
    "apiclient_cert.pem",
    "apiclient_key.pem",
    "api_key.txt",
];

/// A picture for the curl command, 16 by 16 pixels.
pub(super) const SAMPLE: &[u8] = include_bytes!("../../assets/sample.png");

/// Where the files are; a temporary folder goes when this is dropped.
pub(super) struct Folder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    /// Opens the folder that the caller names, or a temporary one.
    pub(super) fn open(given: Option<&Path>) -> anyhow::Result<Self> {
        let (path, temporary) = match given {
            Some(path) => (path.to_owned(), None),
            None => {
                let made = tempfile::Builder::new().prefix("wxpay-sandbox-").tempdir();
                let made = made.context("cannot make a temporary folder")?;
                (made.path().to_owned(), Some(made))
            }
        };
        // Absolute, for `env` is read from other folders.
        let path = make(&path)?;
        if path.to_str().is_none() {
            bail!("the folder's path {} is not UTF-8", path.display());
        }
        Ok(Self {
            path,
            _temporary: temporary,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The credentials that an earlier start has left here.
    pub(super) fn credentials(&self) -> anyhow::Result<Option<Credentials>> {
        let (there, missing): (Vec<_>, Vec<_>) = CREDENTIALS
            .into_iter()
            .partition(|name| self.file(name).exists());
        if there.is_empty() {
            self.hold_nothing_of_others()?;
            return Ok(None);
        }
        if let [missing, ..] = missing.as_slice() {
            bail!(
                "{} holds {} but no {missing}: remove what is left, or take another folder",
                self.path.display(),
                there.join(", ")
            );
        }
        let [ca, ca_key, cert, key, api_key] = CREDENTIALS.map(|name| self.read(name));
        let (ca, ca_key, cert, key, api_key) = (ca?, ca_key?, cert?, key?, api_key?);
        Credentials::from_pem(api_key.trim_end(), &ca, &ca_key, &cert, &key)
            .with_context(|| format!("the credentials in {}", self.path.display()))
            .map(Some)
    }

    /// What has a name of ours, but cannot be ours, is not overwritten.
    fn hold_nothing_of_others(&self) -> anyhow::Result<()> {
        match ["apiclient_cert.p12", "env", "sample.png"]
            .into_iter()
            .find(|name| self.file(name).exists())
        {
            None => Ok(()),
            Some(name) => bail!(
                "{} is there already, and not from a sandbox: take another folder",
                self.file(name).display()
            ),
        }
    }

    /// Keeps other sandboxes that start on the same folder waiting, until this is dropped: each
    /// would find half of what the other writes.
    pub(super) fn lock(&self) -> anyhow::Result<Option<File>> {
        if cfg!(not(unix)) {
            // There a folder cannot be opened as a file.
            return Ok(None);
        }
        let lock = || {
            let folder = File::open(&self.path)?;
            if let Err(TryLockError::WouldBlock) = folder.try_lock() {
                let path = self.path.display();
                terminal::complain(&format!(
                    "waiting for another sandbox that starts in {path}"
                ));
                folder.lock()?;
            }
            Ok::<_, io::Error>(folder)
        };
        lock()
            .map(Some)
            .with_context(|| format!("cannot lock {}", self.path.display()))
    }

    /// Writes what a client needs to reach this sandbox.
    pub(super) fn write(&self, sandbox: &Sandbox) -> anyhow::Result<()> {
        let credentials = sandbox.credentials();
        let api_key = Zeroizing::new(format!("{}\n", credentials.expose_api_key()));
        let p12 = Zeroizing::new(credentials.merchant_p12()?);
        self.write_public("ca.pem", credentials.ca_pem().as_bytes())?;
        self.write_private("ca_key.pem", credentials.ca_key_pem().as_bytes())?;
        self.write_public("apiclient_cert.pem", credentials.cert_pem().as_bytes())?;
        self.write_private("apiclient_key.pem", credentials.key_pem().as_bytes())?;
        // Both in one, for clients that want it so; its password is the merchant id.
        self.write_private("apiclient_cert.p12", &p12)?;
        self.write_private("api_key.txt", api_key.as_bytes())?;
        self.write_private("env", self.env(sandbox).as_bytes())?;
        self.write_public("sample.png", SAMPLE)
    }

    /// The variables of `wxpay upload`.
    pub(super) fn variables(&self, sandbox: &Sandbox) -> [(&'static str, Zeroizing<String>); 6] {
        let credentials = sandbox.credentials();
        let path = |name: &str| self.file(name).to_string_lossy().into_owned();
        [
            ("WXPAY_MCH_ID", credentials.mch_id().to_owned()),
            ("WXPAY_API_KEY", credentials.expose_api_key().to_owned()),
            ("WXPAY_CERT", path("apiclient_cert.pem")),
            ("WXPAY_KEY", path("apiclient_key.pem")),
            ("WXPAY_CA", path("ca.pem")),
            ("WXPAY_ENDPOINT", sandbox.origin()),
        ]
        .map(|(name, value)| (name, Zeroizing::new(value)))
    }

    /// Shell lines that set them, and keep clients of any language from asking a proxy for the sandbox.
    fn env(&self, sandbox: &Sandbox) -> Zeroizing<String> {
        let mut lines = Zeroizing::new(String::new());
        for (name, value) in self.variables(sandbox) {
            lines.push_str(&format!("export {name}={}\n", quote(&value)));
        }
        let direct = quote(&direct_hosts(sandbox));
        for name in NO_PROXY {
            lines.push_str(&format!(
                "export {name}={direct}\"${{{name}:+,${name}}}\"\n"
            ));
        }
        lines
    }

    fn read(&self, name: &str) -> anyhow::Result<Zeroizing<String>> {
        let file = self.file(name);
        let bytes = settings::read_file(&file, LARGEST);
        let text = bytes.and_then(|bytes| {
            let text = str::from_utf8(&bytes).map_err(io::Error::other)?;
            Ok(Zeroizing::new(text.to_owned()))
        });
        text.with_context(|| format!("cannot read {}", file.display()))
    }

    fn write_public(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        self.write_file(name, content, 0o644)
    }

    /// For the owner's eyes only, from the first byte on.
    fn write_private(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        self.write_file(name, content, 0o600)
    }

    fn write_file(&self, name: &str, content: &[u8], mode: u32) -> anyhow::Result<()> {
        let file = self.file(name);
        replace(&self.path, &file, content, mode)
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Puts a whole file in the place of another, whose mode does not matter, in one step: nobody reads half a
/// file, and a link is replaced, not followed.
pub(super) fn replace(folder: &Path, file: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut new = new_file(folder, mode)?;
    new.write_all(content)?;
    new.persist(file)?;
    Ok(())
}

/// Both are read, by one program or another.
pub(super) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The hosts of a sandbox, for `NO_PROXY`.
pub(super) fn direct_hosts(sandbox: &Sandbox) -> String {
    format!("localhost,127.0.0.1,::1,{}", sandbox.addr().ip())
}

/// Makes a folder where there is none, and gives its whole path, unless others could change what is in
/// it: keys are kept there, and `env` is run by a shell.
pub(super) fn make(path: &Path) -> anyhow::Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder
        .recursive(true)
        .create(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    let path = path
        .canonicalize()
        .with_context(|| format!("cannot find {}", path.display()))?;
    #[cfg(unix)]
    refuse_others(&path)?;
    Ok(path)
}

#[cfg(unix)]
fn refuse_others(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let shown = folder.display();
    let status = |path: &Path| {
        path.metadata()
            .with_context(|| format!("cannot look at {}", path.display()))
    };
    let metadata = status(folder)?;
    if metadata.mode() & 0o002 != 0 {
        bail!("{shown} may be written by everybody: take another folder, or `chmod o-w` it");
    }
    let owner = metadata.uid();
    let ours = rustix::process::geteuid().as_raw();
    // The owner of the folder above could replace this one; a container's mount has its host's owner.
    let above = status(folder.parent().unwrap_or(folder))?.uid();
    if ![ours, 0, above].contains(&owner) {
        bail!("{shown} belongs to another user (number {owner}): take another folder");
    }
    if metadata.mode() & 0o020 != 0 {
        terminal::complain(&format!(
            "warning: {shown} may be written by its group, which could change what clients run"
        ));
    }
    Ok(())
}

/// More than any of the credentials has.
const LARGEST: u64 = 1024 * 1024;

#[cfg(unix)]
fn new_file(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;

    tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(folder)
}

#[cfg(not(unix))]
fn new_file(folder: &Path, _mode: u32) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
}

/// One word for a POSIX shell, whatever is in it.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_quote_in_a_path_does_not_end_the_word() {
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
    }
}
