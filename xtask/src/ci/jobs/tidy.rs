//! The design, as far as the compiler does not see it.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "tidy",
    about: "arrows between crates, files and manifests are as the design has them",
    quick: true,
    why_not: always,
    steps: |_| vec![Step::new("tidy", "xtask tidy")],
};
