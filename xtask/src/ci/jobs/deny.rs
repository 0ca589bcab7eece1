//! What the dependencies may be.

use crate::{
    ci::{job::Job, step::Step},
    tool,
};

pub(super) const JOB: Job = Job {
    name: "deny",
    about: "licences, bans and sources of dependencies are as deny.toml has them (cargo-deny)",
    quick: false,
    why_not: |_| tool::DENY.missing(),
    // Advisories need a database from the network: `cargo deny check advisories`, where there is one.
    steps: |_| {
        vec![Step::new(
            "deny",
            "deny --locked --all-features check bans licenses sources",
        )]
    },
};
