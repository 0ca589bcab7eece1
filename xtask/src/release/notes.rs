//! `release notes`: what to tell about a release, as Markdown.

use anyhow::Context;

use super::{
    survey::{self, Effort},
    workspace::Workspace,
};

/// The sections of the changelogs for what is to be released or, once that is done, for what has
/// been released from the commit that is checked out.
pub(super) fn notes(workspace: &Workspace) -> anyhow::Result<String> {
    let metadata = workspace.metadata()?;
    let plan = survey::plan(workspace, &metadata, Effort::Listings)?;
    let mut sections = Vec::new();
    for entry in plan.entries() {
        let name = &entry.facts.name;
        let is_here = workspace.git().is_released_here(name, &entry.version)?;
        if is_here || entry.is_due() {
            let package = metadata.member(name).context("a package is gone")?;
            let changelog = workspace.changelog(package)?;
            let body = match changelog.version(&entry.version) {
                Some(body) => body.to_owned(),
                None => entry.announced(&changelog).unreleased().to_owned(),
            };
            sections.push(format!("## {name} {}\n\n{body}\n", entry.version));
        }
    }
    Ok(sections.join("\n"))
}
