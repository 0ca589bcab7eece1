//! All tests, doctests included.

use crate::{
    ci::{
        feature_set::FeatureSet,
        job::{Job, always},
        step::Step,
    },
    metadata::Metadata,
};

pub(super) const JOB: Job = Job {
    name: "test",
    about: "the tests of the workspace, doctests included, with the main sets of features",
    quick: true,
    why_not: always,
    steps,
};

fn steps(metadata: &Metadata) -> Vec<Step> {
    let whole = Step::new("tests", "test --locked --workspace");
    let sets = FeatureSet::all(metadata);
    [whole].into_iter().chain(sets.iter().map(of)).collect()
}

/// What is compiled must also work: a feature that chooses a crypto provider compiles long before
/// it shakes hands.
fn of(set: &FeatureSet<'_>) -> Step {
    // Examples show a crate with a feature that makes it useful; without any they do not compile.
    let without_examples = if set.features.is_empty() {
        "--tests"
    } else {
        ""
    };
    Step::new(
        format!("tests with {}", set.name()),
        &format!("test --locked {} {without_examples}", set.arguments()),
    )
}
