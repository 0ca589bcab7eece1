//! `cargo semver-checks`: sees what a list of items does not show, such as a variant more in an enum
//! that others match.

use anyhow::{Context, bail};

use super::{plan::Evidence, step::Step, workspace::Workspace};

/// What it finds between a package's last release and now, if it finds anything.
pub(super) fn run(
    workspace: &Workspace,
    package: &str,
    release: &str,
) -> anyhow::Result<Option<Evidence>> {
    println!("cargo-semver-checks: {package} since {release}");
    // As for a patch: then all that is more than one is found.
    let output = workspace
        .cargo()
        .args(["semver-checks", "--color", "never", "--package", package])
        .args(["--all-features", "--baseline-rev", release])
        .args(["--release-type", "patch"])
        .output()
        .context("cannot start `cargo semver-checks`")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match (output.status.success(), step(&said)) {
        (true, _) => Ok(None),
        (false, Some(step)) => Ok(Some(Evidence {
            details: failures(&said),
            ..Evidence::new(step, "cargo-semver-checks")
        })),
        (false, None) => bail!("`cargo semver-checks` failed for {package}:\n{said}"),
    }
}

/// From its closing line; for it, before 1.0 too, a step that breaks is *major*.
fn step(said: &str) -> Option<Step> {
    let summary = said.lines().find(|line| line.contains("Summary semver"))?;
    match summary {
        _ if summary.contains("new major version") => Some(Step::Breaking),
        _ if summary.contains("new minor version") => Some(Step::Addition),
        _ => None,
    }
}

/// `--- failure enum_variant_added: enum variant added on exhaustive enum ---`
fn failures(said: &str) -> Vec<String> {
    let headings = said.lines().filter_map(|line| {
        let line = line.trim().strip_prefix("--- failure ")?;
        Some(line.trim_end_matches(" ---").to_owned())
    });
    headings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
        Checking wxpay-sign v0.1.0 -> v0.1.0 (patch change)\n\
        \n--- failure enum_variant_added: enum variant added on exhaustive enum ---\n\n\
        Description:\nA publicly-visible enum has a new variant.\n\
            Summary semver requires new major version: 1 major and 0 minor checks failed\n";

    #[test]
    fn reads_the_summary() {
        assert_eq!(step(SAID), Some(Step::Breaking));
        let minor =
            "     Summary semver requires new minor version: 0 major and 1 minor checks failed";
        assert_eq!(step(minor), Some(Step::Addition));
        assert_eq!(step("error: no such tag"), None);
    }

    #[test]
    fn names_what_failed() {
        assert_eq!(
            failures(SAID),
            ["enum_variant_added: enum variant added on exhaustive enum"]
        );
    }
}
