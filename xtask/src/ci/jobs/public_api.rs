//! The committed lists of each library's API.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "public-api",
    about: "the committed list of each library's API is what it has",
    quick: false,
    why_not: always,
    steps: |_| vec![Step::new("public-api", "xtask public-api --check")],
};
