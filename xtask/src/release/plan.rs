//! What a release would do: which packages, in which versions, and why.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::{Result, ensure};
use cargo_metadata::{DependencyKind, Package, semver::Version};
use xshell::cmd;

use super::{
    Depth, changelog,
    changelog::Changelog,
    semver::{self, last_release, tag},
};
use crate::{
    public_api,
    workspace::{Workspace, is_library},
};

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
    evidence: Vec<Evidence>,
    /// Breaking releases of dependencies that its users must follow.
    follows: Vec<(String, Version)>,
}

/// A step, why it is one, and lines that show it.
type Evidence = (Step, String, Vec<String>);

impl<'a> Plan<'a> {
    /// # Errors
    ///
    /// When a manifest is behind what has been released already.
    pub(super) fn new(ws: &'a Workspace, depth: Depth) -> Result<Self> {
        let mut waiting: Vec<_> = ws.published().collect();
        let mut breaking = BTreeMap::new();
        let mut entries = Vec::new();
        // Dependencies first, those of tests apart; by name where that leaves a choice. cargo allows no
        // circle.
        let is_free = |it: &&Package, waiting: &[&Package]| {
            !waiting
                .iter()
                .any(|other| needs(it).any(|name| name == other.name.as_str()))
        };
        while let Some(next) = waiting.iter().position(|it| is_free(it, &waiting)) {
            let package = waiting.remove(next);
            let entry = Entry::new(ws, package, depth, &breaking)?;
            let is_breaking = |last| entry.version >= Step::Breaking.after(last);
            if entry.last.as_ref().is_some_and(is_breaking) {
                breaking.insert(package.name.to_string(), entry.version.clone());
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
fn needs(package: &Package) -> impl Iterator<Item = &str> {
    let dependencies = package.dependencies.iter();
    let shipped = dependencies.filter(|it| it.kind != DependencyKind::Development);
    shipped.map(|it| it.name.as_str())
}

impl<'a> Entry<'a> {
    fn new(
        ws: &Workspace,
        package: &'a Package,
        depth: Depth,
        breaking: &BTreeMap<String, Version>,
    ) -> Result<Self> {
        let (name, manifest) = (package.name.as_str(), &package.version);
        let follows = needs(package).filter_map(|name| breaking.get_key_value(name));
        let mut entry = Self {
            package,
            version: manifest.clone(),
            last: last_release(ws, name)?,
            commits: String::new(),
            evidence: Vec::new(),
            follows: follows
                .map(|(name, version)| (name.clone(), version.clone()))
                .collect(),
        };
        let Some(last) = &entry.last else {
            return Ok(entry);
        };
        ensure!(
            manifest >= last,
            "{name} is {manifest} in its manifest, but {last} is tagged"
        );
        let (tag, folder) = (tag(name, last), ws.path(package, ""));
        let list = ws.path(package, public_api::FILE);
        // Its tests and the list of its API are not in the package.
        let apart = [
            format!(":(exclude){folder}/tests"),
            format!(":(exclude){list}"),
        ];
        let log = cmd!(
            ws,
            "git log --format=%h\x20%s {tag}..HEAD -- {folder} {apart...}"
        );
        entry.commits = log.read()?;
        let now = ws.sh.read_file(&list).ok();
        if !entry.commits.is_empty() {
            let show = cmd!(ws, "git show {tag}:{list}").ignore_stderr().quiet();
            let changelog = changelog(ws, package)?;
            entry.evidence.push(match (show.read(), &now) {
                (Ok(then), Some(now)) => by_lists(&then, now),
                // All that there is for a program, whose interface nothing lists.
                _ => (
                    changelog.step(),
                    "by its changelog's headings".to_owned(),
                    Vec::new(),
                ),
            });
            if changelog.says_breaking() {
                let why = "its changelog says so".to_owned();
                entry.evidence.push((Step::Breaking, why, Vec::new()));
            }
            if !depth.listings_only && is_library(package) {
                // It sees what a list does not, such as a variant more in an enum that others match.
                let found = semver::find(ws, name, &tag)?;
                let found = found.map(|(is_breaking, failures)| {
                    let step = if is_breaking {
                        Step::Breaking
                    } else {
                        Step::Addition
                    };
                    (step, "cargo-semver-checks".to_owned(), failures)
                });
                entry.evidence.extend(found);
            }
        }
        for (dependency, version) in &entry.follows {
            let (step, how) = ripple(package, now.as_deref(), dependency);
            let why = format!("follows {dependency} {version}, {how}");
            entry.evidence.push((step, why, Vec::new()));
        }
        if let Some(step) = entry.evidence.iter().map(|(step, ..)| *step).max() {
            // A bump that has been made, by hand or by a release that was broken off, is kept.
            entry.version = step.after(last).max(manifest.clone());
        }
        Ok(entry)
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

/// An item that has changed is gone, and new in another form.
fn by_lists(old: &str, new: &str) -> Evidence {
    let [old, new] = [old, new].map(|list| list.lines().collect::<BTreeSet<_>>());
    let mut lines: Vec<_> = old
        .difference(&new)
        .map(|item| format!("- {item}"))
        .collect();
    let gone = lines.len();
    lines.extend(new.difference(&old).map(|item| format!("+ {item}")));
    let step = match (gone, lines.len()) {
        (0, 0) => Step::Patch,
        (0, _) => Step::Addition,
        _ => Step::Breaking,
    };
    (
        step,
        format!("API: {gone} gone, {} new", lines.len() - gone),
        lines,
    )
}

/// What a breaking release of a dependency means for a package.
fn ripple(package: &Package, list: Option<&str>, dependency: &str) -> (Step, &'static str) {
    let module = dependency.replace('-', "_");
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let shows = |list: &str| {
        list.split(|letter| !is_name(letter))
            .any(|word| word == module)
    };
    match list {
        _ if !is_library(package) => (Step::Patch, "which no user of a program sees"),
        None => (
            Step::Breaking,
            "which its API may show: there is no list of it",
        ),
        Some(list) if shows(list) => (Step::Breaking, "which its API shows"),
        Some(_) => (Step::Patch, "which its API does not show"),
    }
}

impl fmt::Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.0 {
            let Entry {
                package, version, ..
            } = entry;
            let headline = match &entry.last {
                None => format!("{version}: the first release"),
                Some(last) if !entry.is_due() => format!("{last}: unchanged"),
                Some(last) if package.version == *version => {
                    format!("{last} → {version}, as its manifest says already")
                }
                Some(last) => format!("{last} → {version}"),
            };
            writeln!(f, "{:16}  {headline}", package.name)?;
            for (step, why, details) in &entry.evidence {
                writeln!(f, "    {}: {why}", format!("{step:?}").to_lowercase())?;
                details
                    .iter()
                    .try_for_each(|line| writeln!(f, "      {line}"))?;
            }
            entry
                .commits
                .lines()
                .try_for_each(|line| writeln!(f, "    {line}"))?;
        }
        match self.due().count() {
            0 => write!(f, "\nnothing to release"),
            count => write!(f, "\n{count} of {} to release, in this order", self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_line_less_breaks_and_a_line_more_adds() {
        let old = "pub mod a\npub fn a::sign()\n";
        let step = |new: &str| by_lists(old, new).0;
        assert_eq!(step(old), Step::Patch);
        assert_eq!(
            step("pub mod a\npub fn a::sign()\npub fn a::b()"),
            Step::Addition
        );
        assert_eq!(step("pub mod a\n"), Step::Breaking);
        let (step, why, lines) = by_lists(old, "pub mod a\npub fn a::sign(&str)\n");
        assert_eq!((step, why.as_str()), (Step::Breaking, "API: 1 gone, 1 new"));
        assert_eq!(lines, ["- pub fn a::sign()", "+ pub fn a::sign(&str)"]);
    }
}
