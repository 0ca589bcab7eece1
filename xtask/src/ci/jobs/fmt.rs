//! Layout of the sources.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "fmt",
    about: "rustfmt would change nothing",
    quick: true,
    why_not: always,
    steps: |_| vec![Step::new("fmt", "fmt --all --check")],
};
