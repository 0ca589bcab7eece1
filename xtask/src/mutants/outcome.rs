//! What became of a crate's mutants.

use std::{fs, path::Path};

use anyhow::Context;

/// cargo-mutants writes a file for each list, a mutant a line.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) caught: usize,
    /// The lines of those that no test has seen.
    pub(super) missed: Vec<String>,
    pub(super) timeout: usize,
    pub(super) unviable: usize,
}

impl Outcome {
    /// Of the table that docs/testing.md holds.
    pub(super) const HEADING: &str =
        "| crate | mutants | caught | by a timeout | did not compile | survived, with a reason |";
    pub(super) const RULE: &str = "|---|---|---|---|---|---|";

    pub(super) fn load(folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            caught: lines(folder, "caught.txt")?.len(),
            missed: lines(folder, "missed.txt")?,
            timeout: lines(folder, "timeout.txt")?.len(),
            unviable: lines(folder, "unviable.txt")?.len(),
        })
    }

    pub(super) fn row(&self, name: &str) -> String {
        let Self {
            caught,
            timeout,
            unviable,
            ..
        } = self;
        let missed = self.missed.len();
        let all = caught + missed + timeout + unviable;
        format!("| {name} | {all} | {caught} | {timeout} | {unviable} | {missed} |")
    }
}

fn lines(folder: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let path = folder.join(name);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutants_are_counted_from_the_lists() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("caught.txt", "a\nb\nc\n"),
            ("missed.txt", "d\n"),
            ("timeout.txt", ""),
            ("unviable.txt", "e\nf\n"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let outcome = Outcome::load(folder.path()).unwrap();
        assert_eq!(outcome.row("wxpay-a"), "| wxpay-a | 6 | 3 | 0 | 2 | 1 |");
        assert_eq!(outcome.missed, ["d"]);
        assert!(Outcome::load(&folder.path().join("none")).is_err());
    }
}
