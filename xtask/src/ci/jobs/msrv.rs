//! The oldest Rust.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "msrv",
    about: "the declared oldest Rust is the one that the dependencies declare",
    quick: true,
    why_not: always,
    steps: |_| vec![Step::new("msrv", "xtask msrv")],
};
