//! `CHANGELOG.md`, in the form of Keep a Changelog.

use anyhow::{Context, Result};
use cargo_metadata::semver::Version;

const UNRELEASED: &str = "## [Unreleased]";

/// The kind of a change for the users of a crate, from the smallest to the largest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Step {
    Patch,
    Addition,
    Breaking,
}

impl Step {
    /// The version after `last` by cargo's rules: before 1.0 a breaking change raises the minor
    /// version, and all others the patch.
    pub(super) fn after(self, last: &Version) -> Version {
        match (last.major, self) {
            (0, Self::Breaking) => Version::new(0, last.minor + 1, 0),
            (0, _) | (_, Self::Patch) => Version::new(last.major, last.minor, last.patch + 1),
            (major, Self::Breaking) => Version::new(major + 1, 0, 0),
            (major, Self::Addition) => Version::new(major, last.minor + 1, 0),
        }
    }
}

/// A changelog, whose sections begin with `## [`.
#[derive(Clone, Debug)]
pub(super) struct Changelog {
    before: String,
    /// The entries of the next release.
    pub(super) unreleased: String,
    /// The sections of releases, with their headings.
    released: Vec<String>,
}

impl Changelog {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let place = text.split_once(&format!("{UNRELEASED}\n"));
        let (before, after) = place.with_context(|| format!("no heading `{UNRELEASED}`"))?;
        let mut sections = after.split("\n## [");
        let unreleased = sections.next().unwrap_or_default().trim().to_owned();
        let released = sections.map(|section| format!("## [{}\n", section.trim_end()));
        Ok(Self {
            before: before.to_owned(),
            unreleased,
            released: released.collect(),
        })
    }

    pub(super) fn text(&self) -> String {
        let unreleased = format!("{UNRELEASED}\n\n{}", self.unreleased);
        let sections = [unreleased.trim_end().to_owned() + "\n"].into_iter();
        let sections: Vec<_> = sections.chain(self.released.iter().cloned()).collect();
        self.before.clone() + &sections.join("\n")
    }

    pub(super) fn version(&self, version: &Version) -> Option<&str> {
        let heading = format!("## [{version}]");
        let section = self.released.iter().find(|it| it.starts_with(&heading))?;
        section.split_once('\n').map(|(_, body)| body.trim())
    }

    /// Adds a line under `### Changed` of the next release.
    pub(super) fn add_change(&mut self, line: &str) {
        const CHANGED: &str = "### Changed\n\n";
        let changed = match self.unreleased.split_once(CHANGED) {
            Some((before, after)) => format!("{before}{CHANGED}- {line}\n{after}"),
            None => format!("{}\n\n{CHANGED}- {line}", self.unreleased),
        };
        changed.trim().clone_into(&mut self.unreleased);
    }

    /// Moves the entries of the next release to the section of `version`, before those that an
    /// unpublished bump has put there.
    pub(super) fn release(&mut self, version: &Version, date: &str) {
        let earlier = self.version(version).unwrap_or_default();
        let body = format!("{}\n\n{earlier}", self.unreleased);
        let heading = format!("## [{version}]");
        self.released.retain(|it| !it.starts_with(&heading));
        let section = format!("{heading} - {date}\n\n{}\n", body.trim());
        self.released.insert(0, section);
        self.unreleased.clear();
    }

    /// The kind of the change by the headings, for a program: a removal or a change may break a
    /// script.
    pub(super) fn step(&self) -> Step {
        let has = |heading: &str| self.unreleased.lines().any(|it| it.trim_end() == heading);
        match () {
            () if has("### Removed") || has("### Changed") => Step::Breaking,
            () if has("### Added") => Step::Addition,
            () => Step::Patch,
        }
    }

    /// Whether an entry says that it is breaking: behaviour can change without the API.
    pub(super) fn says_breaking(&self) -> bool {
        let mut lines = self.unreleased.lines().map(str::trim_start);
        lines.any(|line| line.starts_with("- **Breaking"))
    }
}
