//! What a release would do: which packages, in which versions, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Result, ensure};
use cargo_metadata::{DependencyKind, Package, semver::Version};

use super::changelog;
use super::changelog::Changelog;
use super::semver::{self, last_release, tag};
use crate::public_api;
use crate::workspace::{Workspace, is_library};

/// What a change means for those who use a crate, from the smallest to the largest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Step {
    /// Nothing that a user writes changes.
    Patch,
    /// There is more to use.
    Addition,
    /// What used to compile may do so no longer.
    Breaking,
}

impl Step {
    /// The version after `last`, by cargo's reading of Semantic Versioning: as long as the major
    /// version is zero, the minor one stands in for it, and a caret requirement allows patches.
    fn after(self, last: &Version) -> Version {
        match (last.major, self) {
            (0, Self::Breaking) => Version::new(0, last.minor + 1, 0),
            (0, _) | (_, Self::Patch) => Version::new(last.major, last.minor, last.patch + 1),
            (major, Self::Breaking) => Version::new(major + 1, 0, 0),
            (major, Self::Addition) => Version::new(major, last.minor + 1, 0),
        }
    }
}

/// All packages that are published, each after those that it needs.
pub(super) struct Plan<'a>(pub(super) Vec<Entry<'a>>);

pub(super) struct Entry<'a> {
    pub(super) package: &'a Package,
    /// The version that it has after the next release.
    pub(super) version: Version,
    /// Its last release; none before the first.
    last: Option<Version>,
    /// The commits since, each in a line.
    commits: String,
    /// Steps, and why they are so large.
    evidence: Vec<(Step, String)>,
    /// Breaking releases of dependencies that its users must follow.
    follows: BTreeMap<String, Version>,
}

impl<'a> Plan<'a> {
    /// # Errors
    ///
    /// When a manifest is behind what has been released already.
    pub(super) fn new(ws: &'a Workspace, with_checks: bool) -> Result<Self> {
        let mut waiting: Vec<_> = ws.published().collect();
        let (mut breaking, mut entries) = (BTreeMap::new(), Vec::new());
        // Dependencies first, those of tests apart; cargo allows no circle.
        let is_free = |it: &Package, others: &[&Package]| {
            let needs = needs(it);
            others.iter().all(|other| !needs.contains(&&**other.name))
        };
        while let Some(next) = waiting.iter().position(|it| is_free(it, &waiting)) {
            let package = waiting.remove(next);
            let follows = needs(package)
                .into_iter()
                .filter_map(|it| breaking.get_key_value(it));
            let mut entry = Entry {
                package,
                version: package.version.clone(),
                last: last_release(ws, &package.name)?,
                commits: String::new(),
                evidence: Vec::new(),
                follows: follows
                    .map(|(name, version): (&String, &Version)| (name.clone(), version.clone()))
                    .collect(),
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

    /// What the next release has.
    pub(super) fn due(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.0.iter().filter(|entry| entry.is_due())
    }
}

/// What a package's users get with it.
fn needs(package: &Package) -> BTreeSet<&str> {
    let shipped = package.dependencies.iter();
    let shipped = shipped.filter(|it| it.kind != DependencyKind::Development);
    shipped.map(|it| it.name.as_str()).collect()
}

impl Entry<'_> {
    /// Gathers what is known since the last release, and draws the conclusion.
    fn decide(&mut self, ws: &Workspace, with_checks: bool, last: &Version) -> Result<()> {
        let (package, manifest) = (self.package, &self.package.version);
        let (name, is_library) = (package.name.as_str(), is_library(package));
        let problem = format!("{name} is {manifest} in its manifest, but {last} is tagged");
        ensure!(manifest >= last, problem);
        let (tag, folder) = (tag(name, last), ws.path(package, ""));
        let list = ws.path(package, public_api::FILE);
        let now = ws.sh.read_file(&list).ok();
        // Its tests and the list of its API are not in the package.
        let apart = format!(":(exclude){folder}/tests :(exclude){list}");
        let log = format!("git log --oneline {tag}..HEAD -- {folder} {apart}");
        self.commits = ws.read(&log)?;
        let evidence = &mut self.evidence;
        if !self.commits.is_empty() {
            let changelog = changelog(ws, package)?;
            let then = ws.line(&format!("git show {tag}:{list}"));
            evidence.push(match (then.ignore_stderr().read(), &now) {
                (Ok(then), Some(now)) => by_lists(&then, now),
                // All that there is for a program, whose interface nothing lists.
                _ => (changelog.step(), "its changelog's headings".to_owned()),
            });
            if changelog.says_breaking() {
                evidence.push((Step::Breaking, "its changelog says so".to_owned()));
            }
            if with_checks && is_library {
                // It sees what a list does not, such as a variant more in an enum that others match.
                evidence.extend(semver::find(ws, name, &tag)?);
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
            evidence.push((step, format!("follows {dependency} {version}: {how}")));
        }
        if let Some(step) = self.evidence.iter().map(|it| it.0).max() {
            // A bump that has been made, by hand or by a release that was broken off, is kept.
            self.version = step.after(last).max(manifest.clone());
        }
        Ok(())
    }

    /// Whether its version is not released yet.
    pub(super) fn is_due(&self) -> bool {
        self.last.as_ref() != Some(&self.version)
    }

    /// Whether it has changes of its own since its last release, of which users want to read.
    pub(super) fn has_changed(&self) -> bool {
        self.last.is_none() || !self.commits.is_empty()
    }

    /// The changelog with what comes from dependencies; once, if the bump is not the first.
    pub(super) fn announced(&self, changelog: &Changelog) -> Changelog {
        let written = changelog.version(&self.version).unwrap_or_default();
        let mut announced = changelog.clone();
        for (dependency, version) in &self.follows {
            let line = format!("Follows `{dependency}` {version}.");
            if !written.contains(&line) {
                announced.add_change(&line);
            }
        }
        announced
    }
}

fn by_lists(old: &str, new: &str) -> (Step, String) {
    let lines = public_api::difference(old, new);
    let gone = lines.iter().filter(|line| line.starts_with('-')).count();
    let step = match (gone, lines.len()) {
        (0, 0) => Step::Patch,
        (0, _) => Step::Addition,
        _ => Step::Breaking,
    };
    let mut why = format!("API: {gone} gone, {} new", lines.len() - gone);
    lines
        .iter()
        .for_each(|line| why += &format!("\n      {line}"));
    (step, why)
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
            for (step, why) in &entry.evidence {
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

#[test]
fn before_1_0_the_minor_version_breaks() {
    for (last, patch, addition, breaking) in [
        ("0.1.4", "0.1.5", "0.1.5", "0.2.0"),
        ("0.0.3", "0.0.4", "0.0.4", "0.1.0"),
        ("1.2.3", "1.2.4", "1.3.0", "2.0.0"),
    ] {
        let after = |step: Step| step.after(&last.parse().unwrap()).to_string();
        assert_eq!(after(Step::Patch), patch);
        assert_eq!(after(Step::Addition), addition);
        assert_eq!(after(Step::Breaking), breaking);
    }
}
