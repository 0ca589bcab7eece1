//! What cargo-semver-checks finds, and since when: the tags of releases.

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::Version;
use xshell::{Cmd, cmd};

use crate::workspace::Workspace;

/// `cargo xtask semver`: holds each library's version against what changed in its API.
pub(crate) fn semver(ws: &Workspace) -> Result<()> {
    for library in ws.libraries() {
        let name = library.name.as_str();
        let Some(version) = last_release(ws, name)? else {
            println!("{name}: not released yet");
            continue;
        };
        let tag = tag(name, &version);
        let problem =
            format!("{name} breaks what it promised in {tag}: raise its version, or mend it");
        command(ws, name, &tag).run().context(problem)?;
    }
    Ok(())
}

/// The `wxpay-sign-v0.1.0` of a release.
pub(super) fn tag(package: &str, version: &Version) -> String {
    format!("{package}-v{version}")
}

/// A package's latest release among those that led here.
pub(super) fn last_release(ws: &Workspace, package: &str) -> Result<Option<Version>> {
    let prefix = format!("{package}-v");
    let tags = cmd!(ws, "git tag --merged HEAD --list {prefix}*").read()?;
    let versions = tags
        .lines()
        .filter_map(|tag| tag.strip_prefix(&prefix)?.parse().ok());
    Ok(versions.max())
}

fn command<'a>(ws: &'a Workspace, package: &str, tag: &str) -> Cmd<'a> {
    let command = cmd!(
        ws,
        "cargo semver-checks --color never --all-features -p {package}"
    );
    command.args(["--baseline-rev", tag])
}

/// What is found between a release and now, with its headlines such as `enum_variant_added: enum
/// variant added on exhaustive enum`; whether it breaks comes first.
pub(super) fn find(
    ws: &Workspace,
    package: &str,
    tag: &str,
) -> Result<Option<(bool, Vec<String>)>> {
    println!("cargo-semver-checks: {package} since {tag}");
    // As for a patch: then all that is more than one is found.
    let command = command(ws, package, tag).args(["--release-type", "patch"]);
    let output = command.ignore_status().output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match parse(&said) {
        None if !output.status.success() => bail!("cargo-semver-checks failed:\n{said}"),
        found => Ok(found),
    }
}

/// From the closing line; for it, before 1.0 too, a step that breaks is *major*.
fn parse(said: &str) -> Option<(bool, Vec<String>)> {
    let summary = said
        .lines()
        .find(|line| line.contains("Summary semver requires new"))?;
    let failures = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--- failure "));
    let failures = failures.map(|line| line.trim_end_matches(" ---").to_owned());
    Some((summary.contains("new major version"), failures.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_how_much_it_is() {
        let failure = "enum_variant_added: enum variant added on exhaustive enum";
        let said = format!(
            "Checking wxpay-sign v0.1.0 -> v0.1.0 (patch change)\n\n--- failure {failure} ---\n\n\
             Summary semver requires new major version: 1 major and 0 minor checks failed\n"
        );
        assert_eq!(parse(&said), Some((true, vec![failure.to_owned()])));
        let minor =
            "  Summary semver requires new minor version: 0 major and 1 minor checks failed";
        assert_eq!(parse(minor), Some((false, Vec::new())));
        assert_eq!(parse("error: no such tag"), None);
    }
}
