//! `release publish`: crate after crate, each when those that it needs are there.

mod ci;
mod index;

use anyhow::{Context, ensure};

use super::{
    plan::{Entry, Plan},
    survey::{self, Effort},
    workspace::Workspace,
};
use crate::metadata::{Metadata, Package};
pub(super) use ci::remember_green;
use index::Index;

/// How to go about it.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Options {
    /// Publish and tag; without it, everything is checked and packed, and nothing leaves
    #[arg(long)]
    pub(super) execute: bool,

    /// Another registry than crates.io, by its name in cargo's configuration
    #[arg(long, value_name = "NAME")]
    pub(super) registry: Option<String>,
}

/// # Errors
///
/// Before anything is published: when the working tree has changes, when something is not bumped or
/// its changelog is not written, when `cargo xtask ci` is red. Later: at the first crate that the
/// registry does not take; what it has taken stays, and the next run goes on from there.
pub(super) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    workspace.git().require_clean()?;
    let metadata = workspace.metadata()?;
    let plan = survey::plan(workspace, &metadata, Effort::Listings)?;
    for entry in plan.due() {
        require_bump(workspace, &metadata, entry)?;
    }
    if plan.due().next().is_none() {
        println!("nothing to publish");
        return Ok(());
    }
    ci::require_green(workspace)?;
    let index = Index::new(workspace, options.registry.as_deref());
    match options.execute {
        true => publish(workspace, &index, &plan),
        false => dry_run(workspace, &index, &plan),
    }
}

/// What has been bumped has its version in the manifest, its section, and nothing waiting.
fn require_bump(workspace: &Workspace, metadata: &Metadata, entry: &Entry) -> anyhow::Result<()> {
    let package = metadata.member(&entry.facts.name);
    let package = package.context("a package is gone")?;
    let Package { name, version, .. } = package;
    let path = package.path("CHANGELOG.md");
    ensure!(
        *version == entry.version,
        "{name} is {version} and has to be {}: run `cargo xtask release bump`",
        entry.version
    );
    let changelog = workspace.changelog(package)?;
    let section = changelog.version(version).unwrap_or_default();
    ensure!(
        !section.is_empty(),
        "{path} says nothing of {version}: run `cargo xtask release bump`"
    );
    ensure!(
        changelog.unreleased().is_empty(),
        "{path} has entries under `## [Unreleased]` that would go out with {version}: run \
         `cargo xtask release bump`"
    );
    Ok(())
}

fn publish(workspace: &Workspace, index: &Index<'_>, plan: &Plan) -> anyhow::Result<()> {
    for entry in plan.due() {
        let (name, version) = (&entry.facts.name, &entry.version);
        match index.has(name, version)? {
            // An earlier run came as far as this.
            true => println!("{name} {version} is published already"),
            false => {
                workspace.run_cargo(&index.publish(&["--package", name]))?;
                index.wait_for(name, version)?;
            }
        }
        workspace.git().tag_release(name, version)?;
        println!("tagged: {}", super::git::tag(name, version));
    }
    println!("published; next: git push --follow-tags");
    Ok(())
}

/// All at once: cargo lets what it has just packed stand in for what is not published.
fn dry_run(workspace: &Workspace, index: &Index<'_>, plan: &Plan) -> anyhow::Result<()> {
    let mut arguments = vec!["--dry-run"];
    for entry in plan.due() {
        if !index.has(&entry.facts.name, &entry.version)? {
            arguments.extend(["--package", &entry.facts.name]);
        }
    }
    if arguments.len() > 1 {
        workspace.run_cargo(&index.publish(&arguments))?;
    }
    println!("nothing was published: `--execute` would do it");
    Ok(())
}
