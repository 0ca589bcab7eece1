//! The documentation.

use crate::ci::{
    job::{Job, always},
    step::Step,
};

pub(super) const JOB: Job = Job {
    name: "doc",
    about: "rustdoc warns of nothing: links lead somewhere, everything public is explained",
    quick: true,
    why_not: always,
    steps: |_| {
        vec![
            Step::new("docs", "doc --locked --workspace --no-deps")
                .with_variable("RUSTDOCFLAGS", "-Dwarnings"),
        ]
    },
};
