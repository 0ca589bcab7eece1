//! The plan of a release: the packages, their versions, and the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{DependencyKind, Package, semver::Version};
use xshell::Cmd;

use super::changelog::{Changelog, Step};
use crate::public_api;
use crate::workspace::{Workspace, is_library};

/// All published packages, each after its dependencies.
pub(super) struct Plan<'a>(pub(super) Vec<Entry<'a>>);

pub(super) struct Entry<'a> {
    pub(super) package: &'a Package,
    pub(super) changelog: Changelog,
    /// The version after the next release.
    pub(super) version: Version,
    /// The last release; `None` before the first.
    last: Option<Version>,
    /// The commits since the last release, one in each line.
    commits: String,
    /// The kinds of the changes, with reasons.
    changes: Vec<(Step, String)>,
    /// Breaking releases of dependencies.
    follows: BTreeMap<String, Version>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(ws: &'a Workspace, with_checks: bool) -> Result<Self> {
        let mut waiting: Vec<_> = ws.published().collect();
        let (mut breaking, mut entries) = (BTreeMap::new(), Vec::new());
        // Dependencies come first, except those of tests; cargo allows no circle.
        let is_free = |it: &Package, others: &[&Package]| {
            let needs = needs(it);
            others.iter().all(|other| !needs.contains(&&**other.name))
        };
        while let Some(next) = waiting.iter().position(|it| is_free(it, &waiting)) {
            let package = waiting.remove(next);
            let (needs, mut follows) = (needs(package), breaking.clone());
            follows.retain(|name: &String, _| needs.contains(name.as_str()));
            let path = ws.path(package, "CHANGELOG.md");
            let changelog = Changelog::parse(&ws.sh.read_file(&path)?).context(path)?;
            let mut entry = Entry {
                package,
                changelog,
                version: package.version.clone(),
                last: last_release(ws, &package.name)?,
                commits: String::new(),
                changes: Vec::new(),
                follows,
            };
            if let Some(last) = entry.last.clone() {
                entry.decide(ws, with_checks, &last)?;
                if entry.version >= Step::Breaking.after(&last) {
                    breaking.insert(package.name.to_string(), entry.version.clone());
                }
            }
            entries.push(entry);
        }
        Ok(Self(entries))
    }

    pub(super) fn due(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.0.iter().filter(|entry| entry.is_due())
    }
}

/// The names of the normal and build dependencies.
fn needs(package: &Package) -> BTreeSet<&str> {
    let shipped = package.dependencies.iter();
    let shipped = shipped.filter(|it| it.kind != DependencyKind::Development);
    shipped.map(|it| it.name.as_str()).collect()
}

impl Entry<'_> {
    /// Collects the changes since the last release, and sets the version.
    fn decide(&mut self, ws: &Workspace, with_checks: bool, last: &Version) -> Result<()> {
        let (package, manifest) = (self.package, &self.package.version);
        let (name, is_library) = (package.name.as_str(), is_library(package));
        let problem = format!("{name} is {manifest} in its manifest, but {last} is tagged");
        ensure!(manifest >= last, problem);
        let (tag, folder) = (tag(name, last), ws.path(package, ""));
        let list = ws.path(package, public_api::FILE);
        let now = ws.sh.read_file(&list).ok();
        // Tests and the list of the API are not in the package.
        let apart = format!(":(exclude){folder}/tests :(exclude){list}");
        let log = format!("git log --oneline {tag}..HEAD -- {folder} {apart}");
        self.commits = ws.read(&log)?;
        let changes = &mut self.changes;
        if !self.commits.is_empty() {
            let then = ws.line(&format!("git show {tag}:{list}"));
            if let (Ok(then), Some(now)) = (then.ignore_stderr().read(), &now) {
                let lines = public_api::difference(&then, now);
                let gone = lines.iter().filter(|line| line.starts_with('-')).count();
                let why = format!("API: {gone} gone, {} new", lines.len() - gone);
                let step = match (gone, lines.len()) {
                    (0, 0) => Step::Patch,
                    (0, _) => Step::Addition,
                    _ => Step::Breaking,
                };
                let why = [vec![why], lines].concat().join("\n      ");
                changes.push((step, why));
            } else {
                // The interface of a program has no list.
                changes.push((self.changelog.step(), "its changelog's headings".to_owned()));
            }
            if self.changelog.says_breaking() {
                changes.push((Step::Breaking, "its changelog says so".to_owned()));
            }
            if with_checks && is_library {
                // It finds more than a list shows, such as a new variant of an exhaustive enum.
                changes.extend(check(ws, name, &tag)?);
            }
        }
        for (dependency, version) in &self.follows {
            let module = dependency.replace('-', "_");
            let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
            let mut words = now.iter().flat_map(|list| list.split(|it| !is_name(it)));
            let (step, how) = match &now {
                _ if !is_library => (Step::Patch, "no user of a program sees it"),
                None => (Step::Breaking, "there is no list of its API"),
                Some(_) if words.any(|it| it == module) => (Step::Breaking, "its API shows it"),
                Some(_) => (Step::Patch, "its API does not show it"),
            };
            changes.push((step, format!("follows {dependency} {version}: {how}")));
        }
        if let Some(step) = self.changes.iter().map(|it| it.0).max() {
            // A version that was raised by hand or by an interrupted release is kept.
            self.version = step.after(last).max(manifest.clone());
        }
        Ok(())
    }

    pub(super) fn is_due(&self) -> bool {
        self.last.as_ref() != Some(&self.version)
    }

    /// Whether the changelog says nothing of the crate's own changes.
    pub(super) fn is_silent(&self) -> bool {
        let has_changed = self.last.is_none() || !self.commits.is_empty();
        let written = self.changelog.version(&self.version).unwrap_or_default();
        has_changed && written.is_empty() && self.changelog.unreleased.is_empty()
    }

    /// The changelog with a line for each breaking dependency that it does not list yet.
    pub(super) fn announced(&self) -> Changelog {
        let written = self.changelog.version(&self.version).unwrap_or_default();
        let mut announced = self.changelog.clone();
        for (dependency, version) in &self.follows {
            let line = format!("Follows `{dependency}` {version}.");
            if !written.contains(&line) {
                announced.add_change(&line);
            }
        }
        announced
    }
}

/// The name and the version.
impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.package.name, self.version)
    }
}

impl fmt::Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.0 {
            let (name, version) = (&entry.package.name, &entry.version);
            match &entry.last {
                None => writeln!(f, "{name:16}  {version}: the first release")?,
                Some(last) if last == version => writeln!(f, "{name:16}  {last}: unchanged")?,
                Some(last) => writeln!(f, "{name:16}  {last} → {version}")?,
            }
            for (step, why) in &entry.changes {
                writeln!(f, "    {}: {why}", format!("{step:?}").to_lowercase())?;
            }
            let mut commits = entry.commits.lines();
            commits.try_for_each(|line| writeln!(f, "    {line}"))?;
        }
        match self.due().count() {
            0 => write!(f, "\nnothing to release"),
            count => write!(f, "\n{count} of {} to release, in this order", self.0.len()),
        }
    }
}

/// `cargo xtask semver`: checks each library's version against the changes of its API.
pub(crate) fn semver(ws: &Workspace) -> Result<()> {
    for library in ws.libraries() {
        let name = library.name.as_str();
        let Some(version) = last_release(ws, name)? else {
            println!("{name}: not released yet");
            continue;
        };
        let tag = tag(name, &version);
        let problem = format!("{name} breaks what it promised in {tag}");
        command(ws, name, &tag).run().context(problem)?;
    }
    Ok(())
}

/// The tag of a release, such as `wxpay-sign-v0.1.0`.
pub(super) fn tag(package: &str, version: &Version) -> String {
    format!("{package}-v{version}")
}

/// The latest release of a package among the ancestors of `HEAD`.
pub(super) fn last_release(ws: &Workspace, package: &str) -> Result<Option<Version>> {
    let prefix = format!("{package}-v");
    let tags = ws.read(&format!("git tag --merged HEAD --list {prefix}*"))?;
    let version = |tag: &str| tag.strip_prefix(&prefix)?.parse().ok();
    Ok(tags.lines().filter_map(version).max())
}

fn command<'a>(ws: &'a Workspace, package: &str, tag: &str) -> Cmd<'a> {
    let command = format!("--all-features --package {package} --baseline-rev {tag}");
    ws.line(&format!("cargo semver-checks --color never {command}"))
}

/// The differences between a release and now, with headlines such as
/// `enum_variant_added: enum variant added on exhaustive enum`.
pub(super) fn check(ws: &Workspace, name: &str, tag: &str) -> Result<Option<(Step, String)>> {
    println!("cargo-semver-checks: {name} since {tag}");
    // Checked as a patch release, so that every larger change is found.
    let command = command(ws, name, tag).args(["--release-type", "patch"]);
    let output = command.ignore_status().output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match parse(&said) {
        None if !output.status.success() => bail!("cargo-semver-checks failed:\n{said}"),
        found => Ok(found),
    }
}

/// Reads the last line of the output, which calls a breaking change *major* even before 1.0.
fn parse(said: &str) -> Option<(Step, String)> {
    let (_, summary) = said.split_once("Summary semver requires new ")?;
    let step = match summary.starts_with("major") {
        true => Step::Breaking,
        false => Step::Addition,
    };
    let mut why = "cargo-semver-checks".to_owned();
    for line in said.lines().filter(|line| line.contains("--- failure ")) {
        why += &format!("\n      {}", line.trim());
    }
    Some((step, why))
}

#[test]
fn before_1_0_the_minor_version_breaks() {
    for (last, expected) in [
        ("0.1.4", "0.1.5 0.1.5 0.2.0"),
        ("0.0.3", "0.0.4 0.0.4 0.1.0"),
        ("1.2.3", "1.2.4 1.3.0 2.0.0"),
    ] {
        let after = |step: Step| step.after(&last.parse().unwrap()).to_string();
        let steps = [Step::Patch, Step::Addition, Step::Breaking].map(after);
        assert_eq!(steps.join(" "), expected);
    }
}

#[test]
fn the_summary_of_semver_checks_is_read() {
    let said = "--- failure enum_variant_added: a variant more ---\n\n\
                Summary semver requires new major version: 1 major and 0 minor checks failed\n";
    let (step, why) = parse(said).unwrap();
    assert_eq!(step, Step::Breaking);
    let end = "\n      --- failure enum_variant_added: a variant more ---";
    assert!(why.ends_with(end), "{why}");
    let minor = "Summary semver requires new minor version: 0 major and 1 minor checks failed";
    assert_eq!(parse(minor).unwrap().0, Step::Addition);
    assert_eq!(parse("error: no such tag"), None);
}
