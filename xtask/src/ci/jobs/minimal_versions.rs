//! The oldest dependencies that the manifests allow.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "minimal-versions",
    about: "each library builds with the oldest direct dependencies that its manifest allows",
    quick: false,
    why_not: always,
    steps: |_| vec![Step::new("minimal versions", "xtask minimal-versions")],
};
