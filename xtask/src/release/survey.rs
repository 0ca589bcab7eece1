//! Asks cargo, git and the files for what a plan is made of.

use anyhow::Context;

use super::{
    evidence,
    git::tag,
    order::order,
    plan::{Facts, Last, Plan},
    workspace::Workspace,
};
use crate::metadata::{Dependency, Metadata, Package};

/// How sure a plan has to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Effort {
    /// The lists of the APIs alone.
    Listings,
    /// cargo-semver-checks too, which builds the documentation of each changed library twice.
    Checks,
}

/// Plans the next release of all packages in the workspace that are published.
pub(super) fn plan(
    workspace: &Workspace,
    metadata: &Metadata,
    effort: Effort,
) -> anyhow::Result<Plan> {
    // Its tests' dependencies too: cargo locks them when it packs a package.
    let all: Vec<_> = metadata
        .published()
        .map(|package| (package.name.as_str(), needs(package, |_| true)))
        .collect();
    let mut packages = Vec::new();
    for name in order(&all)? {
        let package = metadata.member(name).context("a package is gone")?;
        packages.push(facts(workspace, metadata, package, effort)?);
    }
    Plan::new(packages)
}

fn needs(package: &Package, wanted: impl Fn(&Dependency) -> bool) -> Vec<&str> {
    let dependencies = package.dependencies.iter().filter(|it| wanted(it));
    dependencies.map(|it| it.name.as_str()).collect()
}

fn facts(
    workspace: &Workspace,
    metadata: &Metadata,
    package: &Package,
    effort: Effort,
) -> anyhow::Result<Facts> {
    let shipped = needs(package, Dependency::is_shipped);
    let dependencies = metadata.published().map(|it| it.name.clone());
    Ok(Facts {
        name: package.name.clone(),
        manifest: package.version.clone(),
        dependencies: dependencies
            .filter(|name| shipped.contains(&name.as_str()))
            .collect(),
        listing: evidence::listing(workspace, package)?,
        is_library: package.is_library(),
        last: last(workspace, package, effort)?,
    })
}

fn last(workspace: &Workspace, package: &Package, effort: Effort) -> anyhow::Result<Option<Last>> {
    let git = workspace.git();
    let Some(version) = git.last_release(&package.name)? else {
        return Ok(None);
    };
    let release = tag(&package.name, &version);
    let commits = git.commits_since(&release, &package.folder())?;
    let evidence = match commits.is_empty() {
        true => Vec::new(),
        false => evidence::gather(workspace, package, &release, effort)?,
    };
    Ok(Some(Last {
        version,
        commits,
        evidence,
    }))
}
