//! `release bump`: writes what the plan says, as one commit.

use anyhow::{Context, ensure};
use time::OffsetDateTime;

use super::{
    changelog::Changelog,
    git::Git,
    manifest,
    plan::{Entry, Plan},
    survey::{self, Effort},
    workspace::Workspace,
};
use crate::metadata::{Metadata, Package};

/// # Errors
///
/// When the working tree has changes, or when a changelog does not say what has changed.
pub(super) fn run(workspace: &Workspace, effort: Effort) -> anyhow::Result<()> {
    let git = workspace.git();
    git.require_clean()?;
    let metadata = workspace.metadata()?;
    let plan = survey::plan(workspace, &metadata, effort)?;
    println!("{plan}\n");
    let releases = pending(workspace, &metadata, &plan)?;
    if releases.is_empty() {
        println!("nothing to bump");
        return Ok(());
    }
    require_entries(&releases)?;
    let date = OffsetDateTime::now_utc().date().to_string();
    write(workspace, &releases, &date)
        .and_then(|()| commit(git, &releases))
        .context("what is written is not committed: `git restore .` takes it back")
}

/// A package that is to be written.
struct Release<'a> {
    package: &'a Package,
    entry: &'a Entry,
    changelog: Changelog,
}

/// What is released with another version than in its manifest, or without its section as yet.
fn pending<'a>(
    workspace: &Workspace,
    metadata: &'a Metadata,
    plan: &'a Plan,
) -> anyhow::Result<Vec<Release<'a>>> {
    let mut pending = Vec::new();
    for entry in plan.due() {
        let package = metadata.member(&entry.facts.name);
        let package = package.context("a package is gone")?;
        let changelog = workspace.changelog(package)?;
        let is_written = entry.facts.manifest == entry.version
            && changelog.version(&entry.version).is_some()
            && changelog.unreleased().is_empty();
        if !is_written {
            pending.push(Release {
                package,
                entry,
                changelog,
            });
        }
    }
    Ok(pending)
}

fn require_entries(releases: &[Release<'_>]) -> anyhow::Result<()> {
    let silent: Vec<_> = releases
        .iter()
        .filter(|release| release.is_silent())
        .map(|release| release.package.path("CHANGELOG.md"))
        .collect();
    ensure!(
        silent.is_empty(),
        "nothing under `## [Unreleased]`, though the package has changed: write what its users \
         want to know, and commit it\n{}",
        silent.join("\n")
    );
    Ok(())
}

fn write(workspace: &Workspace, releases: &[Release<'_>], date: &str) -> anyhow::Result<()> {
    for release in releases {
        release.write(workspace, date)?;
    }
    // Fails unless the lock file fits the manifests.
    workspace.metadata().map(drop)
}

impl Release<'_> {
    fn is_silent(&self) -> bool {
        self.entry.has_changed()
            && self.changelog.unreleased().is_empty()
            && self.changelog.version(&self.entry.version).is_none()
    }

    fn write(&self, workspace: &Workspace, date: &str) -> anyhow::Result<()> {
        let Self { package, entry, .. } = self;
        let version = &entry.version;
        workspace.edit(&package.manifest(), |text| {
            manifest::with_version(text, version)
        })?;
        workspace.edit("Cargo.toml", |text| {
            manifest::with_requirement(text, &package.name, version)
        })?;
        // Workspaces of their own, that of the benchmarks for one, lock this one's packages too.
        for lock in workspace.git().files_named("Cargo.lock")? {
            workspace.edit(&lock, |text| {
                manifest::with_locked(text, &package.name, version)
            })?;
        }
        let changelog = entry.announced(&self.changelog).released(version, date);
        workspace.write(&package.path("CHANGELOG.md"), changelog.text())
    }
}

impl Entry {
    /// The changelog with what comes from dependencies; once, if the bump is not the first.
    pub(super) fn announced(&self, changelog: &Changelog) -> Changelog {
        let written = changelog.version(&self.version).unwrap_or_default();
        let lines = self.follows.iter();
        lines
            .map(|(dependency, version)| format!("Follows `{dependency}` {version}."))
            .filter(|line| !written.contains(line))
            .fold(changelog.clone(), |changelog, line| {
                changelog.with_change(&line)
            })
    }
}

fn commit(git: Git<'_>, releases: &[Release<'_>]) -> anyhow::Result<()> {
    let names: Vec<_> = releases
        .iter()
        .map(|release| format!("{} {}", release.package.name, release.entry.version))
        .collect();
    let message = format!("Release {}", names.join(", "));
    git.commit_all(&message)?;
    println!("committed: {message}\nnext: read it, then `cargo xtask release publish`");
    Ok(())
}
