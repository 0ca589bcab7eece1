//! Spelling.

use crate::{
    ci::{job::Job, step::Step},
    tool,
};

pub(super) const JOB: Job = Job {
    name: "typos",
    about: "no well-known misspelling in any file (typos)",
    quick: false,
    why_not: |_| tool::TYPOS.missing(),
    steps: |_| vec![Step::program("typos", "typos", "")],
};
