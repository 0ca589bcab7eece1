//! The signature vectors.

use crate::{
    ci::{job::Job, step::Step},
    vectors,
};

pub(super) const JOB: Job = Job {
    name: "vectors",
    about: "openssl and Python compute the committed signature vectors",
    quick: false,
    why_not: vectors::why_not,
    steps: |_| vec![Step::new("vectors", "xtask vectors --check")],
};
