//! A short search by libFuzzer.

use crate::{
    ci::{job::Job, step::Step},
    tool,
};

pub(super) const JOB: Job = Job {
    name: "fuzz-smoke",
    about: "each fuzz target holds for 20 seconds",
    quick: false,
    why_not: |_| tool::CXX.missing(),
    steps: |_| vec![Step::new("fuzz smoke", "xtask fuzz --smoke")],
};
