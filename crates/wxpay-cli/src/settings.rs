//! Settings that a flag or the environment gives. The flag wins.

use std::{env, ffi::OsString, path::PathBuf};

use anyhow::{Context, bail};

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
