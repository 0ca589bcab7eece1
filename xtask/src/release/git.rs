//! What git knows.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};
use semver::Version;

use crate::public_api;

/// A repository's working tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Git<'a>(pub(crate) &'a Path);

impl Git<'_> {
    /// # Errors
    ///
    /// When something is not committed: a release is what others can read in the history.
    pub(crate) fn require_clean(self) -> anyhow::Result<()> {
        let changes = self.run(&["status", "--porcelain"])?;
        ensure!(
            changes.is_empty(),
            "the working tree has changes: commit them first\n{}",
            changes.trim_end()
        );
        Ok(())
    }

    /// The commit that is checked out.
    pub(crate) fn head(self) -> anyhow::Result<String> {
        Ok(self.run(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// A package's latest release among those that led here.
    pub(crate) fn last_release(self, package: &str) -> anyhow::Result<Option<Version>> {
        let tags = self.run(&["tag", "--merged", "HEAD", "--list", &tag(package, "*")])?;
        let prefix = tag(package, "");
        let versions = tags.lines().filter_map(|tag| tag.strip_prefix(&prefix));
        Ok(versions.filter_map(|version| version.parse().ok()).max())
    }

    /// Whether a release was made of what is checked out.
    pub(super) fn is_released_here(self, package: &str, version: &Version) -> anyhow::Result<bool> {
        let here = self.run(&["tag", "--points-at", "HEAD"])?;
        Ok(here.lines().any(|it| it == tag(package, version)))
    }

    /// `hash subject` of each commit since `tag` that touches what a package's users get from its
    /// folder; its tests and the list of its API are not in the package.
    pub(super) fn commits_since(self, tag: &str, folder: &str) -> anyhow::Result<Vec<String>> {
        let tests = format!(":(exclude){folder}/tests");
        let range = format!("{tag}..HEAD");
        let listing = format!(":(exclude){folder}/{}", public_api::FILE);
        let paths = ["--", folder, &tests, &listing];
        let log = self.run(&[&["log", "--format=%h %s", &range][..], &paths].concat())?;
        Ok(log.lines().map(str::to_owned).collect())
    }

    /// A file as it was, if it was there.
    pub(super) fn file_at(self, tag: &str, path: &str) -> anyhow::Result<Option<String>> {
        let known = self.run(&["ls-tree", "--name-only", tag, "--", path])?;
        match known.is_empty() {
            true => Ok(None),
            false => self.run(&["show", &format!("{tag}:{path}")]).map(Some),
        }
    }

    /// The paths of all files of this name, from the root.
    pub(super) fn files_named(self, name: &str) -> anyhow::Result<Vec<String>> {
        let files = self.run(&["ls-files", "--", name, &format!("**/{name}")])?;
        Ok(files.lines().map(str::to_owned).collect())
    }

    /// When what is checked out was committed, in seconds since 1970.
    pub(crate) fn committed_at(self) -> anyhow::Result<u64> {
        let time = self.run(&["log", "-1", "--format=%ct"])?;
        time.trim().parse().context("git's time is no number")
    }

    /// A copy of what is committed, in a folder that is not there yet.
    pub(crate) fn clone_to(self, folder: &Path) -> anyhow::Result<()> {
        let folder = folder.to_str().context("the folder's name is not UTF-8")?;
        self.run(&["clone", "--quiet", "--local", ".", folder])
            .map(drop)
    }

    /// Commits every change to a file that git knows.
    pub(crate) fn commit_all(self, message: &str) -> anyhow::Result<()> {
        self.run(&["commit", "--quiet", "--all", "--message", message])
            .map(drop)
    }

    /// Tags what is checked out.
    pub(super) fn tag_release(self, package: &str, version: &Version) -> anyhow::Result<()> {
        let message = format!("{package} {version}");
        let name = tag(package, version);
        self.run(&["tag", "--annotate", "--message", &message, &name])
            .map(drop)
    }

    /// Sets one of the repository's own settings.
    pub(super) fn configure(self, name: &str, value: &str) -> anyhow::Result<()> {
        self.run(&["config", name, value]).map(drop)
    }

    fn run(self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new("git")
            .current_dir(self.0)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .context("cannot start git")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`git {}` failed: {}", arguments.join(" "), said.trim_end());
        }
        String::from_utf8(output.stdout).context("git's answer is not UTF-8")
    }
}

/// `wxpay-sign-v0.1.0`.
pub(crate) fn tag(package: &str, version: impl std::fmt::Display) -> String {
    format!("{package}-v{version}")
}
