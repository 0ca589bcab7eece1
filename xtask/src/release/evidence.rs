//! How it is known what a package's changes mean.

use super::{
    changelog, listing::Difference, plan::Evidence, semver_checks, step::Step, survey::Effort,
    workspace::Workspace,
};
use crate::{metadata::Package, public_api};

/// What its API, its changelog and cargo-semver-checks say since `release`.
pub(super) fn gather(
    workspace: &Workspace,
    package: &Package,
    release: &str,
    effort: Effort,
) -> anyhow::Result<Vec<Evidence>> {
    let path = listing_path(package);
    let old = workspace.git().file_at(release, &path)?;
    let new = listing(workspace, package)?;
    let changelog = workspace.changelog(package)?;
    let entries = changelog.unreleased();
    let mut evidence = vec![match (old, new) {
        (Some(old), Some(new)) => of_listings(&old, &new),
        _ => of_changelog(package, entries),
    }];
    if changelog::says_breaking(entries) {
        evidence.push(Evidence::new(Step::Breaking, "its changelog says so"));
    }
    if effort == Effort::Checks && package.is_library() {
        evidence.extend(semver_checks::run(workspace, &package.name, release)?);
    }
    Ok(evidence)
}

/// The list of the package's API, if there is one.
pub(super) fn listing(workspace: &Workspace, package: &Package) -> anyhow::Result<Option<String>> {
    let path = listing_path(package);
    match workspace.root().join(&path).exists() {
        true => workspace.read(&path).map(Some),
        false => Ok(None),
    }
}

fn listing_path(package: &Package) -> String {
    package.path(public_api::FILE)
}

fn of_listings(old: &str, new: &str) -> Evidence {
    let difference = Difference::between(old, new);
    let gone = difference.gone.iter().map(|item| format!("- {item}"));
    let new = difference.new.iter().map(|item| format!("+ {item}"));
    Evidence {
        details: gone.chain(new).collect(),
        ..Evidence::new(difference.step(), &difference.summary())
    }
}

/// All that there is for a program, whose interface nothing lists.
fn of_changelog(package: &Package, entries: &str) -> Evidence {
    let why = match package.is_library() {
        true => "no list of its API to compare: by its changelog's headings",
        false => "a program: by its changelog's headings",
    };
    Evidence::new(changelog::step(entries), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_show_what_is_gone_and_what_is_new() {
        let evidence = of_listings("a\nb\n", "b\nc\n");
        assert_eq!(evidence.step, Step::Breaking);
        assert_eq!(evidence.why, "breaking: API: 1 item gone, 1 new");
        assert_eq!(evidence.details, ["- a", "+ c"]);
    }

    #[test]
    fn a_program_is_told_by_its_changelog() {
        let metadata = crate::metadata::metadata("wxpay-cli\nwxpay-a");
        let of = |name| of_changelog(metadata.member(name).unwrap(), "### Removed\n\n- `--old`");
        assert_eq!(of("wxpay-cli").step, Step::Breaking);
        assert!(of("wxpay-cli").why.contains("a program"));
        assert!(of("wxpay-a").why.contains("no list"));
    }
}
