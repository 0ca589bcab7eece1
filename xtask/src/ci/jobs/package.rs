//! What goes to the registry.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "package",
    about: "each package holds what it needs and nothing else, and builds from that",
    quick: false,
    why_not: always,
    steps: |_| vec![Step::new("package", "xtask package")],
};
