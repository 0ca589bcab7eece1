//! Breaking changes since the last release.

use crate::{
    ci::{job::Job, step::Step},
    semver_checks,
};

pub(super) const JOB: Job = Job {
    name: "semver",
    about: "each library's version says what changed in its API since its last release \
            (cargo-semver-checks)",
    quick: false,
    why_not: semver_checks::why_not,
    steps: |_| vec![Step::new("semver", "xtask semver")],
};
