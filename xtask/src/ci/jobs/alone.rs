//! Each library by itself.

use crate::{
    ci::{
        job::{Job, always},
        step::Step,
    },
    metadata::Metadata,
};

pub(super) const JOB: Job = Job {
    name: "alone",
    about: "each library builds by itself, without default features",
    quick: true,
    why_not: always,
    steps,
};

/// Alone, a library shows what it borrowed from the features that the others turned on.
fn steps(metadata: &Metadata) -> Vec<Step> {
    let libraries = metadata.members().filter(|package| package.is_library());
    libraries
        .map(|package| {
            let name = &package.name;
            Step::new(
                format!("{name} alone"),
                &format!("build --locked -p {name} --lib --no-default-features"),
            )
        })
        .collect()
}
