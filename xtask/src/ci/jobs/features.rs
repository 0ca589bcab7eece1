//! Sets of features beyond the main ones.

use crate::{
    ci::{job::Job, step::Step},
    metadata::Metadata,
    tool,
};

pub(super) const JOB: Job = Job {
    name: "features",
    about: "each library compiles with no feature, each one and each two (cargo-hack)",
    quick: false,
    why_not: |_| tool::HACK.missing(),
    steps,
};

fn steps(metadata: &Metadata) -> Vec<Step> {
    metadata
        .members()
        .filter(|package| package.is_library() && !package.features.is_empty())
        .map(|package| {
            let name = &package.name;
            // Without the crates' tests, which need some features themselves.
            let arguments =
                format!("hack check --locked -p {name} --lib --feature-powerset --depth 2");
            Step::new(format!("{name}'s features"), &arguments)
        })
        .collect()
}
