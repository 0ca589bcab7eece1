//! `cargo xtask release`: plans, bumps and publishes the versions of the crates.

mod changelog;
mod plan;
mod rehearse;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{Package, semver::Version};

use crate::ci;
use crate::workspace::{Workspace, missing, require_none};
pub(crate) use plan::semver;
use plan::{Entry, Plan, tag};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Print what has changed since each crate's last tag, and the version that it needs
    Plan {
        /// Use only the lists of the APIs, even if cargo-semver-checks is installed
        #[arg(long)]
        listings_only: bool,
    },
    /// Write the planned versions and the changelogs' headings, and commit them
    Bump {
        /// Use only the lists of the APIs, even if cargo-semver-checks is installed
        #[arg(long)]
        listings_only: bool,
    },
    /// Publish and tag the bumped versions; without `--execute`, only try
    ///
    /// Refuses a working tree with changes, a version or a changelog that `bump` would still
    /// change, and a failed `cargo xtask ci`. An interrupted run can be repeated.
    Publish {
        /// Publish and tag; without it, everything is checked and packed, and nothing leaves
        #[arg(long)]
        execute: bool,
        /// Another registry than crates.io, by its name in cargo's configuration
        #[arg(long, value_name = "NAME", default_value = "crates-io")]
        registry: String,
    },
    /// Print the changelogs' sections of the next release, or of the release of this commit
    Notes,
    /// Pack the commit as two releases would, in a clone, and build projects with the packages
    Rehearse {
        /// Make the change of wxpay-sign a breaking one, which others have to follow
        #[arg(long)]
        breaking: bool,
    },
}

pub(crate) fn run(ws: &Workspace, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Plan { listings_only } => {
            println!("{}", Plan::new(ws, has_checks(*listings_only))?);
        }
        Verb::Bump { listings_only } => bump(ws, has_checks(*listings_only))?,
        Verb::Publish { execute, registry } => publish(ws, *execute, registry)?,
        Verb::Notes => print!("{}", notes(ws)?),
        Verb::Rehearse { breaking } => rehearse::run(ws, *breaking)?,
    }
    Ok(())
}

/// Whether to run cargo-semver-checks; prints a note if it is missing.
fn has_checks(listings_only: bool) -> bool {
    let missing = missing(&["cargo-semver-checks"]).filter(|_| !listings_only);
    missing.iter().for_each(|why| println!("skipped: {why}\n"));
    !listings_only && missing.is_none()
}

pub(crate) fn require_clean(ws: &Workspace) -> Result<()> {
    let changes = ws.read("git status --porcelain")?;
    let problem = "the working tree has changes: commit them first";
    ensure!(changes.is_empty(), "{problem}\n{changes}");
    Ok(())
}

fn bump(ws: &Workspace, with_checks: bool) -> Result<()> {
    require_clean(ws)?;
    let plan = Plan::new(ws, with_checks)?;
    println!("{plan}\n");
    let silent = plan.due().filter(|entry| entry.is_silent());
    let silent: Vec<_> = silent
        .map(|it| ws.path(it.package, "CHANGELOG.md"))
        .collect();
    let advice = "these have nothing under `## [Unreleased]`, though the package has changed: write \
                  what its users want to know, and commit it";
    require_none(&silent, advice)?;
    let is_pending = |entry: &&Entry<'_>| require_bump(ws, entry).is_err();
    let pending: Vec<_> = plan.due().filter(is_pending).collect();
    if pending.is_empty() {
        println!("nothing to bump");
        return Ok(());
    }
    let names: Vec<_> = pending.iter().map(ToString::to_string).collect();
    let message = format!("Release {}", names.join(", "));
    let problem = "what is written is not committed: `git restore .` takes it back";
    write(ws, &pending, &message).context(problem)?;
    println!("committed: {message}\nnext: read it, then `cargo xtask release publish`");
    Ok(())
}

fn write(ws: &Workspace, pending: &[&Entry<'_>], message: &str) -> Result<()> {
    // The date in UTC, as git formats it for a commit that nothing refers to.
    let commit = ws.read("git commit-tree -m today HEAD^{tree}")?;
    let date = format!("git show --no-patch --date=short-local --format=%cd {commit}");
    let date = ws.line(&date).env("TZ", "UTC0").read()?;
    for entry in pending {
        set_version(ws, entry.package, &entry.version)?;
        let mut changelog = entry.announced();
        changelog.release(&entry.version, &date);
        let path = ws.path(entry.package, "CHANGELOG.md");
        ws.sh.write_file(path, changelog.text())?;
    }
    // This fails if the lock file does not match the manifests.
    Workspace::load(ws.root())?;
    let commit = ws.line("git commit --quiet --all --message").arg(message);
    Ok(commit.run()?)
}

/// Sets a version in the package's manifest, in `[workspace.dependencies]`, and in every lock file:
/// other workspaces, such as that of the benchmarks, lock these packages, too.
fn set_version(ws: &Workspace, package: &Package, new: &Version) -> Result<()> {
    let (name, old) = (&package.name, &package.version);
    let replace = |path: &str, before: &str| -> Result<bool> {
        let text = ws.sh.read_file(path)?;
        let [old, new] = [old, new].map(|it| format!("{before}version = \"{it}\""));
        ws.sh.write_file(path, text.replacen(&old, &new, 1))?;
        Ok(text.contains(&old))
    };
    let manifest = ws.path(package, "Cargo.toml");
    let problem = format!("{manifest} has no line `version = \"{old}\"` of its own");
    ensure!(replace(&manifest, "\n")?, problem);
    replace("Cargo.toml", &format!("\n{name} = {{ "))?;
    for lock in ws.files("*Cargo.lock")? {
        replace(&lock, &format!("\nname = \"{name}\"\n"))?;
    }
    Ok(())
}

fn publish(ws: &Workspace, execute: bool, registry: &str) -> Result<()> {
    require_clean(ws)?;
    let plan = Plan::new(ws, false)?;
    plan.due().try_for_each(|entry| require_bump(ws, entry))?;
    if plan.due().next().is_none() {
        println!("nothing to publish");
        return Ok(());
    }
    require_green(ws)?;
    let mut names = String::new();
    for entry in plan.due() {
        match is_published(ws, registry, entry)? {
            true => println!("{entry} is published already"),
            false => names += &format!(" --package {}", entry.package.name),
        }
    }
    if !names.is_empty() {
        let dry_run = if execute { "" } else { "--dry-run" };
        let publish = format!("cargo publish --locked --registry {registry} {dry_run} {names}");
        ws.run(&publish)?;
    }
    if !execute {
        println!("nothing was published: `--execute` would do it");
        return Ok(());
    }
    for entry in plan.due() {
        let line = ws
            .line("git tag --annotate --message")
            .arg(entry.to_string());
        line.arg(tag(&entry.package.name, &entry.version)).run()?;
    }
    println!("published and tagged; next: git push --follow-tags");
    Ok(())
}

/// Checks that a package has its version in the manifest, a section for it, and no unreleased
/// entries.
fn require_bump(ws: &Workspace, entry: &Entry<'_>) -> Result<()> {
    let Entry {
        package, changelog, ..
    } = entry;
    let Package { name, version, .. } = package;
    let path = ws.path(package, "CHANGELOG.md");
    let problem = if *version != entry.version {
        format!("{name} is {version} and has to be {}", entry.version)
    } else if changelog.version(version).unwrap_or_default().is_empty() {
        format!("{path} says nothing of {version}")
    } else if !changelog.unreleased.is_empty() {
        format!("{path} has entries under `## [Unreleased]` that would go out with {version}")
    } else {
        return Ok(());
    };
    bail!("{problem}: run `cargo xtask release bump`")
}

/// Runs the checks, unless they have passed for this commit: an interrupted release can be repeated
/// at once.
fn require_green(ws: &Workspace) -> Result<()> {
    const STAMP: &str = "target/xtask/green-commit";
    let commit = ws.read("git rev-parse HEAD")?;
    if ws.sh.read_file(STAMP).is_ok_and(|green| green == commit) {
        println!("`cargo xtask ci` was green for this commit");
        return Ok(());
    }
    ci::run(ws, &ci::Args::default()).context("only what passes is published")?;
    Ok(ws.sh.write_file(STAMP, commit)?)
}

/// Whether the registry's index has a package in a version.
fn is_published(ws: &Workspace, registry: &str, entry: &Entry<'_>) -> Result<bool> {
    let spec = entry.to_string().replace(' ', "@");
    let info = format!("cargo info --color never --registry {registry} {spec}");
    let output = ws.line(&info).ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let is_there = output.status.success();
    let is_known = is_there || said.contains("could not find");
    ensure!(is_known, "cannot ask for {spec}: {said}");
    Ok(is_there)
}

fn notes(ws: &Workspace) -> Result<String> {
    let plan = Plan::new(ws, false)?;
    let here = ws.read("git tag --points-at HEAD")?;
    let mut sections = Vec::new();
    for entry in &plan.0 {
        let (name, version) = (&entry.package.name, &entry.version);
        if entry.is_due() || here.lines().any(|it| it == tag(name, version)) {
            let announced = entry.announced();
            let body = entry.changelog.version(version);
            let body = body.unwrap_or(&announced.unreleased);
            sections.push(format!("## {entry}\n\n{body}\n"));
        }
    }
    Ok(sections.join("\n"))
}
