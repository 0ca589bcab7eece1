//! What a release would do: which packages, in which versions, and why.

mod table;

use std::collections::BTreeMap;

use anyhow::ensure;
use semver::Version;

use super::{listing, step::Step};

/// What is known of a package before anything is decided.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) name: String,
    /// The version that its manifest has.
    pub(super) manifest: Version,
    /// The packages of the workspace that its users get with it.
    pub(super) dependencies: Vec<String>,
    /// Its API as it is, for a library that lists it.
    pub(super) listing: Option<String>,
    pub(super) is_library: bool,
    /// Its last release; none before the first.
    pub(super) last: Option<Last>,
}

#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) version: Version,
    /// The commits since, each in a line.
    pub(super) commits: Vec<String>,
    /// What they mean, and how that is known; empty without commits.
    pub(super) evidence: Vec<Evidence>,
}

/// A reason for a step.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) step: Step,
    pub(super) why: String,
    /// Lines that show it.
    pub(super) details: Vec<String>,
}

/// All packages, each after those that it needs.
#[derive(Debug)]
pub(super) struct Plan(Vec<Entry>);

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) facts: Facts,
    /// Breaking releases of dependencies that its users must follow.
    pub(super) follows: Vec<(String, Version)>,
    evidence: Vec<Evidence>,
    /// The version that it has after the next release.
    pub(super) version: Version,
}

impl Plan {
    /// Decides over packages that stand in the order of their dependencies.
    ///
    /// # Errors
    ///
    /// When a manifest is behind what has been released already.
    pub(super) fn new(packages: Vec<Facts>) -> anyhow::Result<Self> {
        let mut breaking: BTreeMap<String, Version> = BTreeMap::new();
        let mut entries = Vec::new();
        for facts in packages {
            let entry = Entry::new(facts, &breaking)?;
            if entry.is_breaking() {
                breaking.insert(entry.facts.name.clone(), entry.version.clone());
            }
            entries.push(entry);
        }
        Ok(Self(entries))
    }

    /// In the order of publishing.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// What the next release has, in the order of publishing.
    pub(super) fn due(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.is_due())
    }
}

impl Entry {
    fn new(facts: Facts, breaking: &BTreeMap<String, Version>) -> anyhow::Result<Self> {
        let follows: Vec<_> = facts
            .dependencies
            .iter()
            .filter_map(|name| Some((name.clone(), breaking.get(name)?.clone())))
            .collect();
        let own = facts.last.iter().flat_map(|last| last.evidence.clone());
        let ripples = follows
            .iter()
            .map(|(name, version)| facts.ripple(name, version));
        let evidence: Vec<_> = own.chain(ripples).collect();
        let step = evidence.iter().map(|evidence| evidence.step).max();
        let needed = match (&facts.last, step) {
            (None, _) => facts.manifest.clone(),
            (Some(last), None) => last.version.clone(),
            (Some(last), Some(step)) => step.after(&last.version),
        };
        if let Some(last) = &facts.last {
            ensure!(
                facts.manifest >= last.version,
                "{} is {} in its manifest, but {} is tagged",
                facts.name,
                facts.manifest,
                last.version
            );
        }
        Ok(Self {
            // A bump that has been made, by hand or by a release that was broken off, is kept.
            version: needed.max(facts.manifest.clone()),
            follows,
            evidence,
            facts,
        })
    }

    /// Whether its version is not released yet.
    pub(super) fn is_due(&self) -> bool {
        let last = self.facts.last.as_ref();
        last.is_none_or(|last| last.version != self.version)
    }

    /// Whether it has changes of its own since its last release, of which users want to read.
    pub(super) fn has_changed(&self) -> bool {
        let last = self.facts.last.as_ref();
        last.is_none_or(|last| !last.commits.is_empty())
    }

    fn is_breaking(&self) -> bool {
        let last = self.facts.last.as_ref();
        last.is_some_and(|last| Step::is_breaking(&last.version, &self.version))
    }
}

impl Facts {
    /// What a breaking release of a dependency means here.
    fn ripple(&self, dependency: &str, version: &Version) -> Evidence {
        let (step, how) = match (&self.listing, self.is_library) {
            (_, false) => (Step::Patch, "which no user of a program sees"),
            (Some(listing), _) if !listing::shows(listing, dependency) => {
                (Step::Patch, "which its API does not show")
            }
            (Some(_), _) => (Step::Breaking, "which its API shows"),
            (None, _) => (
                Step::Breaking,
                "which its API may show: there is no list of it",
            ),
        };
        Evidence::new(step, &format!("follows {dependency} {version}, {how}"))
    }
}

impl Evidence {
    pub(super) fn new(step: Step, why: &str) -> Self {
        Self {
            step,
            why: format!("{step}: {why}"),
            details: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
