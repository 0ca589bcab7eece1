//! All jobs, in the order in which they run: what is fast and fails often comes first.

mod alone;
mod clippy;
mod deny;
mod doc;
mod features;
mod fmt;
mod fuzz_smoke;
mod machete;
mod minimal_versions;
mod msrv;
mod package;
mod public_api;
mod readme;
mod semver;
mod test;
mod tidy;
mod typos;
mod vectors;

use super::job::Job;

pub(super) const JOBS: &[Job] = &[
    fmt::JOB,
    clippy::JOB,
    test::JOB,
    doc::JOB,
    tidy::JOB,
    msrv::JOB,
    readme::JOB,
    alone::JOB,
    vectors::JOB,
    typos::JOB,
    machete::JOB,
    deny::JOB,
    package::JOB,
    public_api::JOB,
    semver::JOB,
    minimal_versions::JOB,
    features::JOB,
    fuzz_smoke::JOB,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metadata::metadata;

    fn steps(jobs: impl Iterator<Item = &'static Job>) -> Vec<String> {
        let metadata = metadata("wxpay-a = default, std, fast\nwxpay-b\nwxpay-cli\nxtask");
        jobs.flat_map(|job| (job.steps)(&metadata))
            .map(|step| step.to_string())
            .collect()
    }

    #[test]
    fn the_quick_set_is_what_a_change_must_pass() {
        assert_eq!(
            steps(JOBS.iter().filter(|job| job.quick)),
            [
                "cargo fmt --all --check",
                "cargo clippy --locked --workspace --all-targets -- -D warnings",
                "cargo clippy --locked -p wxpay-a --no-default-features --all-targets \
                 -- -D warnings",
                "cargo clippy --locked -p wxpay-a --no-default-features --features fast \
                 --all-targets -- -D warnings",
                "cargo clippy --locked -p wxpay-a --no-default-features --features fast,std \
                 --all-targets -- -D warnings",
                "cargo test --locked --workspace",
                "cargo test --locked -p wxpay-a --no-default-features --tests",
                "cargo test --locked -p wxpay-a --no-default-features --features fast",
                "cargo test --locked -p wxpay-a --no-default-features --features fast,std",
                "RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps",
                "cargo xtask tidy",
                "cargo xtask msrv",
                "cargo xtask readme --check",
                "cargo build --locked -p wxpay-a --lib --no-default-features",
                "cargo build --locked -p wxpay-b --lib --no-default-features",
            ]
        );
    }

    #[test]
    fn every_job_has_steps_and_a_name_of_its_own() {
        let names: BTreeSet<_> = JOBS.iter().map(|job| job.name).collect();
        assert_eq!(names.len(), JOBS.len());
        let metadata = metadata("wxpay-a = fast");
        for job in JOBS {
            assert!(!(job.steps)(&metadata).is_empty(), "{}", job.name);
            assert!(job.about.starts_with(char::is_lowercase), "{}", job.about);
        }
    }

    #[test]
    fn the_quick_set_runs_on_every_machine() {
        let root = crate::root::find().unwrap();
        for job in JOBS.iter().filter(|job| job.quick) {
            assert_eq!((job.why_not)(&root), None, "{}", job.name);
        }
    }

    #[test]
    fn the_workflow_names_every_job() {
        let workflow = crate::root::find()
            .unwrap()
            .join(".github/workflows/ci.yml");
        let workflow = std::fs::read_to_string(workflow).unwrap();
        for job in JOBS {
            let entry = format!("job: {}", job.name);
            let mut lines = workflow
                .lines()
                .map(|line| line.trim_start_matches([' ', '-']));
            assert!(lines.any(|line| line == entry), "no `{entry}` in ci.yml");
        }
    }
}
