//! What the READMEs repeat.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "readme",
    about: "the READMEs show what the manifests say and what the program prints",
    quick: true,
    why_not: always,
    steps: |_| vec![Step::new("readme", "xtask readme --check")],
};
