//! The folder with the credentials of a sandbox.

use std::{
    fmt::Write as _,
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tempfile::TempDir;
use wxpay_sandbox::{Credentials, Sandbox};
use zeroize::Zeroizing;

use crate::{settings, terminal};

/// The files that make up the credentials. A folder has all of them or none.
const CREDENTIALS: [&str; 5] = [
    "ca.pem",
    "ca_key.pem",
    "apiclient_cert.pem",
    "apiclient_key.pem",
    "api_key.txt",
];

/// A picture for the curl command, of 16 by 16 pixels.
pub(super) const SAMPLE: &[u8] = include_bytes!("../../assets/sample.png");

/// The folder; a temporary one is removed on drop.
pub(super) struct Folder {
    /// Absolute, since `env` is read from other folders, and UTF-8.
    pub(super) path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    /// Opens the folder that the caller names, or a temporary one.
    pub(super) fn open(given: Option<&Path>) -> anyhow::Result<Self> {
        let make_temporary = || tempfile::Builder::new().prefix("wxpay-sandbox-").tempdir();
        let temporary = given.is_none().then(make_temporary).transpose();
        let temporary = temporary.context("cannot make a temporary folder")?;
        let path = given.or(temporary.as_ref().map(TempDir::path));
        let path = path.expect("one of the two is there");
        let refuse_unless_utf8 = |path: &Path| match path.to_str() {
            Some(_) => Ok(()),
            None => bail!("the folder's path {} is not UTF-8", path.display()),
        };
        // Checked before the folder is made, and again, since a link may lead to such a path.
        let asked = std::path::absolute(path);
        refuse_unless_utf8(&asked.with_context(|| format!("cannot use {}", path.display()))?)?;
        let path = make(path)?;
        refuse_unless_utf8(&path)?;
        Ok(Self {
            path,
            _temporary: temporary,
        })
    }

    pub(super) fn file(&self, name: &str) -> String {
        self.path.join(name).to_string_lossy().into_owned()
    }

    /// The credentials of an earlier start.
    pub(super) fn credentials(&self) -> anyhow::Result<Option<Credentials>> {
        let is_there = |name: &&str| self.path.join(name).exists();
        let (there, missing): (Vec<_>, Vec<_>) = CREDENTIALS.into_iter().partition(is_there);
        let path = self.path.display();
        if there.is_empty() {
            // A file of another origin is not overwritten.
            let mut others = ["apiclient_cert.p12", "env", "sample.png"].into_iter();
            if let Some(name) = others.find(is_there) {
                bail!("{path} holds {name}, which is not from a sandbox: take another folder");
            }
            return Ok(None);
        }
        if let [missing, ..] = missing.as_slice() {
            let there = there.join(", ");
            bail!(
                "{path} holds {there} but no {missing}: remove what is left, or take another folder"
            );
        }
        let read = |name| {
            let bytes = settings::read_file(&self.path.join(name), 1);
            let bytes = bytes.with_context(|| format!("cannot read {}", self.file(name)))?;
            anyhow::Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
        };
        let [ca, ca_key, cert, key, api_key] = CREDENTIALS.map(read);
        Credentials::from_pem(api_key?.trim_end(), &ca?, &ca_key?, &cert?, &key?)
            .with_context(|| format!("the credentials in {path}"))
            .map(Some)
    }

    /// Locks the folder until the file is dropped: two sandboxes that start there would mix their
    /// files.
    pub(super) fn lock(&self) -> anyhow::Result<Option<File>> {
        let lock = || {
            let folder = File::open(&self.path)?;
            if let Err(TryLockError::WouldBlock) = folder.try_lock() {
                let path = self.path.display();
                let waiting = format!("waiting for another sandbox that starts in {path}");
                terminal::warn(&waiting);
                folder.lock()?;
            }
            Ok::<_, io::Error>(folder)
        };
        // Only Unix opens a folder as a file.
        let locked = cfg!(unix).then(lock).transpose();
        locked.with_context(|| format!("cannot lock {}", self.path.display()))
    }

    /// Writes the files that a client needs to reach this sandbox.
    pub(super) fn write(&self, sandbox: &Sandbox) -> anyhow::Result<()> {
        let own = sandbox.credentials();
        let api_key = Zeroizing::new(format!("{}\n", own.expose_api_key()));
        // Certificate and key in one file, with the merchant id as password.
        let p12 = Zeroizing::new(own.merchant_p12()?);
        let env = self.env(sandbox);
        for (name, content, mode) in [
            ("ca.pem", own.ca_pem().as_bytes(), 0o644),
            ("ca_key.pem", own.ca_key_pem().as_bytes(), 0o600),
            ("apiclient_cert.pem", own.cert_pem().as_bytes(), 0o644),
            ("apiclient_key.pem", own.key_pem().as_bytes(), 0o600),
            ("apiclient_cert.p12", &p12, 0o600),
            ("api_key.txt", api_key.as_bytes(), 0o600),
            ("env", env.as_bytes(), 0o600),
            ("sample.png", SAMPLE, 0o644),
        ] {
            let replaced = replace(&self.path.join(name), content, mode);
            replaced.with_context(|| format!("cannot write {}", self.file(name)))?;
        }
        Ok(())
    }

    /// The variables of `wxpay upload`.
    pub(super) fn variables(&self, sandbox: &Sandbox) -> [(&'static str, Zeroizing<String>); 6] {
        let credentials = sandbox.credentials();
        [
            ("WXPAY_MCH_ID", credentials.mch_id().to_owned()),
            ("WXPAY_API_KEY", credentials.expose_api_key().to_owned()),
            ("WXPAY_CERT", self.file("apiclient_cert.pem")),
            ("WXPAY_KEY", self.file("apiclient_key.pem")),
            ("WXPAY_CA", self.file("ca.pem")),
            ("WXPAY_ENDPOINT", sandbox.origin()),
        ]
        .map(|(name, value)| (name, Zeroizing::new(value)))
    }

    /// Shell lines that set them, and that exempt the sandbox from proxies, for clients in any
    /// language.
    fn env(&self, sandbox: &Sandbox) -> Zeroizing<String> {
        let mut lines = Zeroizing::new(String::new());
        for (name, value) in self.variables(sandbox) {
            let _ = writeln!(lines, "export {name}={}", quote(&value));
        }
        let direct = quote(&direct_hosts(sandbox));
        for name in NO_PROXY {
            let _ = writeln!(lines, "export {name}={direct}\"${{{name}:+,${name}}}\"");
        }
        lines
    }
}

/// Programs read one of them.
pub(super) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The hosts of a sandbox, for `NO_PROXY`.
pub(super) fn direct_hosts(sandbox: &Sandbox) -> String {
    format!("localhost,127.0.0.1,::1,{}", sandbox.addr().ip())
}

/// Creates a missing folder and returns its absolute path. Refuses a folder that others could
/// change: it holds keys, and a shell runs `env`.
pub(super) fn make(path: &Path) -> anyhow::Result<PathBuf> {
    if path.is_file() {
        bail!("{} is not a folder", path.display());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    let made = builder.recursive(true).create(path);
    made.with_context(|| format!("cannot make {}", path.display()))?;
    let absolute = path.canonicalize();
    let absolute = absolute.with_context(|| format!("cannot find {}", path.display()))?;
    #[cfg(unix)]
    refuse_others(&absolute)?;
    Ok(absolute)
}

#[cfg(unix)]
fn refuse_others(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let shown = folder.display();
    let status = |path: &Path| {
        let metadata = path.metadata();
        metadata.with_context(|| format!("cannot read the owner of {}", path.display()))
    };
    let metadata = status(folder)?;
    if metadata.mode() & 0o002 != 0 {
        bail!("{shown} may be written by everybody: take a folder of your own");
    }
    let owner = metadata.uid();
    let ours = rustix::process::geteuid().as_raw();
    let above = folder.parent().unwrap_or(folder);
    let parent = status(above)?;
    // The owner of the parent could replace the folder anyway. A container's mount has its host's
    // owner.
    if ![ours, 0, parent.uid()].contains(&owner) {
        bail!("{shown} belongs to another user (number {owner}): take another folder");
    }
    // Only a warning: some CI runners check sources out with such modes.
    if parent.mode() & 0o1002 == 0o002 {
        terminal::warn(&format!(
            "warning: {} may be written by everybody, who could put another folder in place of {shown}",
            above.display()
        ));
    }
    if metadata.mode() & 0o020 != 0 {
        terminal::warn(&format!(
            "warning: {shown} may be written by its group, which could change what clients run"
        ));
    }
    Ok(())
}

/// Replaces a file or a link in one step, whatever its mode, so that no reader sees half of it.
pub(super) fn replace(file: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    let mut new = builder
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| {
            // tempfile adds the path of its own file, which the user does not know.
            let text = error.to_string();
            let why = text.split(" at path ").next().unwrap_or_default();
            io::Error::new(error.kind(), why.to_owned())
        })?;
    new.write_all(content)?;
    new.persist(file)?;
    Ok(())
}

/// Quotes any text as one word for a POSIX shell.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
