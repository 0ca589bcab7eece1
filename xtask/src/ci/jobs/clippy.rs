//! clippy, with warnings as errors.

use crate::{
    ci::{
        feature_set::FeatureSet,
        job::{Job, always},
        step::Step,
    },
    metadata::Metadata,
};

pub(super) const JOB: Job = Job {
    name: "clippy",
    about: "no warning of clippy, in any target, with the main sets of features",
    quick: true,
    why_not: always,
    steps,
};

fn steps(metadata: &Metadata) -> Vec<Step> {
    let whole = Step::new(
        "clippy",
        "clippy --locked --workspace --all-targets -- -D warnings",
    );
    let sets = FeatureSet::all(metadata);
    [whole].into_iter().chain(sets.iter().map(of)).collect()
}

fn of(set: &FeatureSet<'_>) -> Step {
    Step::new(
        format!("clippy with {}", set.name()),
        &format!(
            "clippy --locked {} --all-targets -- -D warnings",
            set.arguments()
        ),
    )
}
