//! Settings that a flag or the environment gives. The flag wins.

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// More than any key, certificate or list of authorities has: 1 MiB. A device has no end.
const LARGEST: u64 = 1024 * 1024;

/// Reads a small file, and says of which file it is that it cannot be read.
pub(crate) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| open.take(LARGEST + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", file.display()))?;
    if bytes.len() as u64 > LARGEST {
        bail!(
            "{} has more than 1 MiB: another file must be meant",
            file.display()
        );
    }
    Ok(bytes)
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

/// A path from its flag, else from its variable.
pub(crate) fn path(flag: Option<PathBuf>, name: &str) -> Option<PathBuf> {
    flag.or_else(|| variable(name).map(PathBuf::from))
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
