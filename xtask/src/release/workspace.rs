//! Where a release happens.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use super::{changelog::Changelog, git::Git};
use crate::{
    cargo,
    metadata::{Metadata, Package},
};

/// A cargo workspace that is a git repository: this one, or one that tests and rehearsals made.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// cargo's own folder, where it is not the user's.
    cargo_home: Option<PathBuf>,
}

impl Workspace {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            cargo_home: None,
        }
    }

    /// One whose cargo has a folder of its own, beside the user's.
    pub(crate) fn with_cargo_home(root: &Path, home: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            cargo_home: Some(home.to_path_buf()),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn git(&self) -> Git<'_> {
        Git(&self.root)
    }

    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo::command(&self.root);
        if let Some(home) = &self.cargo_home {
            command.env("CARGO_HOME", home);
        }
        command
    }

    /// Runs cargo, whose output goes where ours goes.
    pub(crate) fn run_cargo(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let line = arguments.join(" ");
        println!("$ cargo {line}");
        let status = self.cargo().args(arguments).status();
        let status = status.with_context(|| format!("cannot start `cargo {line}`"))?;
        ensure!(status.success(), "`cargo {line}` failed");
        Ok(())
    }

    pub(super) fn metadata(&self) -> anyhow::Result<Metadata> {
        Metadata::ask(self.cargo())
    }

    pub(super) fn changelog(&self, package: &Package) -> anyhow::Result<Changelog> {
        let path = package.path("CHANGELOG.md");
        Changelog::parse(self.read(&path)?).context(path)
    }

    pub(crate) fn read(&self, path: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.root.join(path)).with_context(|| format!("cannot read {path}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        fs::write(self.root.join(path), text).with_context(|| format!("cannot write {path}"))
    }

    /// Changes a file, if it changes.
    pub(super) fn edit(
        &self,
        path: &str,
        edit: impl FnOnce(&str) -> anyhow::Result<String>,
    ) -> anyhow::Result<()> {
        let old = self.read(path)?;
        let new = edit(&old).with_context(|| path.to_owned())?;
        match new == old {
            true => Ok(()),
            false => self.write(path, &new),
        }
    }
}
