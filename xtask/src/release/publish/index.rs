//! A registry's index, asked through cargo.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use semver::Version;

use crate::release::workspace::Workspace;

/// cargo itself waits for a minute after it has published.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Index<'a> {
    workspace: &'a Workspace,
    registry: Option<&'a str>,
}

impl<'a> Index<'a> {
    pub(super) fn new(workspace: &'a Workspace, registry: Option<&'a str>) -> Self {
        Self {
            workspace,
            registry,
        }
    }

    /// The arguments for `cargo publish` to this registry.
    pub(super) fn publish(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        let registry = self.registry.map(|registry| ["--registry", registry]);
        let arguments = arguments.iter().copied();
        ["publish", "--locked"]
            .into_iter()
            .chain(registry.into_iter().flatten())
            .chain(arguments)
            .collect()
    }

    pub(super) fn has(&self, package: &str, version: &Version) -> anyhow::Result<bool> {
        let output = self
            .workspace
            .cargo()
            .args(["info", "--color", "never", "--registry"])
            .arg(self.registry.unwrap_or("crates-io"))
            .arg(format!("{package}@{version}"))
            .output()
            .context("cannot start `cargo info`")?;
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.success() {
            true => Ok(true),
            false if said.contains("could not find") => Ok(false),
            false => bail!("cannot ask the registry for {package} {version}: {said}"),
        }
    }

    /// The next crate may need it.
    pub(super) fn wait_for(&self, package: &str, version: &Version) -> anyhow::Result<()> {
        let start = Instant::now();
        while !self.has(package, version)? {
            if start.elapsed() > PATIENCE {
                bail!("{package} {version} is sent, but not in the index yet: repeat this later");
            }
            println!("waiting for {package} {version} in the index");
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}
