//! Dependencies that nothing uses.

use crate::{
    ci::{job::Job, step::Step},
    tool,
};

pub(super) const JOB: Job = Job {
    name: "machete",
    about: "no dependency that nothing uses (cargo-machete)",
    quick: false,
    why_not: |_| tool::MACHETE.missing(),
    // With cargo's metadata: without it, md-5, whose library is `md5`, is taken for unused.
    steps: |_| vec![Step::new("machete", "machete --with-metadata")],
};
