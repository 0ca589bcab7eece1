//! What cargo-semver-checks finds, and since when: the tags of releases.

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::Version;
use xshell::Cmd;

use super::plan::Step;
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
        let problem = format!("{name} breaks what it promised in {tag}");
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
    let tags = ws.read(&format!("git tag --merged HEAD --list {prefix}*"))?;
    let versions = tags
        .lines()
        .filter_map(|tag| tag.strip_prefix(&prefix)?.parse().ok());
    Ok(versions.max())
}

fn command<'a>(ws: &'a Workspace, package: &str, tag: &str) -> Cmd<'a> {
    let command = "cargo semver-checks --color never --all-features";
    ws.line(&format!(
        "{command} --package {package} --baseline-rev {tag}"
    ))
}

/// What is found between a release and now, with headlines such as `enum_variant_added: enum variant
/// added on exhaustive enum`.
pub(super) fn find(ws: &Workspace, name: &str, tag: &str) -> Result<Option<(Step, String)>> {
    println!("cargo-semver-checks: {name} since {tag}");
    // As for a patch: then all that is more than one is found.
    let command = command(ws, name, tag).args(["--release-type", "patch"]);
    let output = command.ignore_status().output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match parse(&said) {
        None if !output.status.success() => bail!("cargo-semver-checks failed:\n{said}"),
        found => Ok(found),
    }
}

/// From the closing line; for it, before 1.0 too, a step that breaks is *major*.
fn parse(said: &str) -> Option<(Step, String)> {
    let (_, summary) = said.split_once("Summary semver requires new ")?;
    let is_breaking = summary.starts_with("major");
    let mut why = "cargo-semver-checks".to_owned();
    for line in said.lines().filter(|line| line.contains("--- failure ")) {
        why += &format!("\n      {}", line.trim());
    }
    Some((
        if is_breaking {
            Step::Breaking
        } else {
            Step::Addition
        },
        why,
    ))
}

#[test]
fn the_summary_says_how_much_it_is() {
    let said = "--- failure enum_variant_added: a variant more ---\n\n\
                Summary semver requires new major version: 1 major and 0 minor checks failed\n";
    let (step, why) = parse(said).unwrap();
    assert_eq!(step, Step::Breaking);
    assert!(
        why.ends_with("\n      --- failure enum_variant_added: a variant more ---"),
        "{why}"
    );
    let minor = "Summary semver requires new minor version: 0 major and 1 minor checks failed";
    assert_eq!(parse(minor).unwrap().0, Step::Addition);
    assert_eq!(parse("error: no such tag"), None);
}
