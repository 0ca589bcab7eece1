//! The committed figures: `benches/counts.json`.

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use wxpay_bench_micro::Subject;

/// The tolerance above a committed count, in percent.
pub(crate) const TOLERANCE: f64 = 5.0;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../counts.json");

/// The counts, and the tools that made them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Committed {
    rustc: String,
    valgrind: String,
    machine: String,
    instructions: BTreeMap<String, u64>,
}

impl Committed {
    /// No counts yet, with the tools of this machine.
    pub(crate) fn of(valgrind: &str) -> Self {
        Self {
            rustc: rustc(),
            valgrind: valgrind.to_owned(),
            machine: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
            instructions: BTreeMap::new(),
        }
    }

    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
        serde_json::from_str(&text).with_context(|| format!("cannot understand {FILE}"))
    }

    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(FILE, text).with_context(|| format!("cannot write {FILE}"))
    }

    pub(crate) fn add(&mut self, subject: &Subject, count: u64) {
        self.instructions.insert(subject.name.to_owned(), count);
    }

    pub(crate) fn count(&self, subject: &Subject) -> Option<u64> {
        self.instructions.get(subject.name).copied()
    }

    /// The first difference between this machine's tools and those of the committed counts.
    pub(crate) fn made_elsewhere(&self, valgrind: &str) -> Option<String> {
        let here = Self::of(valgrind);
        let there = |name: &str, theirs: &str, ours: &str| {
            (theirs != ours)
                .then(|| format!("the committed counts are of {name} {theirs}, this is {ours}"))
        };
        there("rustc", &self.rustc, &here.rustc)
            .or_else(|| there("valgrind", &self.valgrind, &here.valgrind))
            .or_else(|| there("machine", &self.machine, &here.machine))
    }
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}
