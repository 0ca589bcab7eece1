//! Mutants that no test sees, each with the reason why that is right.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, bail, ensure};
use toml_edit::DocumentMut;

const FILE: &str = "xtask/survivors.toml";

/// Reasons by mutant, without the places in the files, which change with every edit.
#[derive(Debug)]
pub(super) struct Survivors(BTreeMap<String, String>);

impl Survivors {
    pub(super) fn load(root: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| format!("no {FILE}"))?;
        Self::parse(&text).with_context(|| format!("cannot read {FILE}"))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let document: DocumentMut = text.parse()?;
        let mut reasons = BTreeMap::new();
        let entries = document
            .get("survivor")
            .and_then(|it| it.as_array_of_tables());
        for entry in entries.into_iter().flatten() {
            let text = |key| entry.get(key).and_then(|value| value.as_str());
            let (Some(mutant), Some(reason)) = (text("mutant"), text("reason")) else {
                bail!("a survivor has a `mutant` and a `reason`");
            };
            ensure!(!reason.is_empty(), "`{mutant}` has an empty reason");
            reasons.insert(mutant.to_owned(), reason.to_owned());
        }
        Ok(Self(reasons))
    }

    /// Survivors of a crate without a reason, and reasons without a survivor.
    pub(super) fn findings(&self, name: &str, missed: &[String]) -> Vec<String> {
        let missed: Vec<String> = missed.iter().map(|line| without_place(line)).collect();
        let unexplained = missed
            .iter()
            .filter(|mutant| !self.0.contains_key(*mutant))
            .map(|mutant| format!("{mutant}: no test sees it: write one, or the reason in {FILE}"));
        let folder = format!("crates/{name}/");
        let stale = self
            .0
            .keys()
            .filter(|mutant| mutant.starts_with(&folder) && !missed.contains(mutant))
            .map(|mutant| format!("{mutant}: a test sees it now: take it out of {FILE}"));
        unexplained.chain(stale).collect()
    }
}

/// `src/a.rs:12:5: replace x with y` is `src/a.rs: replace x with y`.
fn without_place(line: &str) -> String {
    let mut parts = line.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(path), Some(_), Some(_), Some(what)) => format!("{path}:{what}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASONS: &str = r#"
        [[survivor]]
        mutant = "crates/wxpay-a/src/a.rs: replace < with <= in f"
        reason = "both are right there"
    "#;

    fn findings(missed: &[&str]) -> Vec<String> {
        let missed: Vec<_> = missed.iter().map(|&line| line.to_owned()).collect();
        let survivors = Survivors::parse(REASONS).unwrap();
        survivors.findings("wxpay-a", &missed)
    }

    const EXPLAINED: &str = "crates/wxpay-a/src/a.rs:12:5: replace < with <= in f";

    #[test]
    fn a_survivor_with_a_reason_is_no_finding() {
        assert!(findings(&[EXPLAINED]).is_empty());
    }

    #[test]
    fn a_survivor_without_a_reason_is_one() {
        let other = "crates/wxpay-a/src/b.rs:1:1: replace g -> u8 with 0";
        let findings = findings(&[EXPLAINED, other]);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].starts_with("crates/wxpay-a/src/b.rs: replace g -> u8 with 0: no test"),
            "{findings:?}"
        );
    }

    #[test]
    fn a_reason_without_a_survivor_is_one_too() {
        assert!(findings(&[])[0].contains("take it out of xtask/survivors.toml"));
        let survivors = Survivors::parse(REASONS).unwrap();
        assert!(survivors.findings("wxpay-b", &[]).is_empty());
    }

    #[test]
    fn every_survivor_must_have_its_reason() {
        assert!(Survivors::parse("[[survivor]]\nmutant = \"a\"").is_err());
        assert!(Survivors::parse("[[survivor]]\nmutant = \"a\"\nreason = \"\"").is_err());
        assert!(Survivors::load(&crate::root::find().unwrap()).is_ok());
    }
}
