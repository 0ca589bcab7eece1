//! One job: a name, and the steps behind it.

use std::path::Path;

use super::step::Step;
use crate::metadata::Metadata;

/// One of what `ci` can run. Each is a file of `jobs/`.
pub(super) struct Job {
    /// What it is asked for by.
    pub(super) name: &'static str,
    /// One line, for `--list`.
    pub(super) about: &'static str,
    /// Whether it is run when nothing is asked for: it needs no tool beside Rust's own, and a change
    /// that it would find is likely.
    pub(super) quick: bool,
    /// Why it cannot run on this machine, if so.
    pub(super) why_not: fn(&Path) -> Option<String>,
    pub(super) steps: fn(&Metadata) -> Vec<Step>,
}

/// For jobs that run on every machine.
pub(super) fn always(_: &Path) -> Option<String> {
    None
}
