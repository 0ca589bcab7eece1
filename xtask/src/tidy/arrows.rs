//! Which crate of the workspace may depend on which.
//!
//! The table is the design: a crate or an arrow that is not in it is a finding, so that a shared
//! "core" crate cannot come in by the way. Dependencies of tests are free, but for one: the sandbox
//! and the form builder check each other, and must never share a line.

use super::Finding;
use crate::metadata::Metadata;

const LIBRARIES: &[&str] = &[
    "wxpay-media",
    "wxpay-multipart",
    "wxpay-picture",
    "wxpay-sandbox",
    "wxpay-sign",
    "wxpay-transport",
    "wxpay-xml",
];

/// Each crate, and those that it may depend on by normal or build dependencies.
const ARROWS: &[(&str, &[&str])] = &[
    ("wxpay-sign", &[]),
    ("wxpay-xml", &[]),
    ("wxpay-multipart", &[]),
    ("wxpay-picture", &[]),
    ("wxpay-transport", &[]),
    (
        "wxpay-media",
        &[
            "wxpay-sign",
            "wxpay-xml",
            "wxpay-multipart",
            "wxpay-picture",
            "wxpay-transport",
        ],
    ),
    (
        "wxpay-sandbox",
        &["wxpay-picture", "wxpay-sign", "wxpay-xml"],
    ),
    ("wxpay-cli", LIBRARIES),
    // An example, which is what it shows: a user of the facade.
    ("sandbox-in-tests", &["wxpay-media"]),
    ("xtask", &[]),
];

const SANDBOX: &str = "wxpay-sandbox";
/// Reads the forms in the sandbox.
const READER: &str = "multer";
/// Writes the forms in the client.
const WRITER: &str = "wxpay-multipart";

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    [outside_the_table(metadata), sandbox(metadata)].concat()
}

fn outside_the_table(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members() {
        let row = ARROWS.iter().find(|(name, _)| *name == package.name);
        let Some((_, allowed)) = row else {
            findings.push(Finding::new(
                package.manifest(),
                format!(
                    "`{}` is not a crate of the design: put its code where it belongs, or add it \
                     to docs/architecture.md and to ARROWS in xtask",
                    package.name
                ),
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|it| it.is_shipped()) {
            let name = dependency.name.as_str();
            if metadata.member(name).is_some() && !allowed.contains(&name) {
                findings.push(Finding::new(
                    package.manifest(),
                    format!(
                        "`{}` must not depend on `{name}`: let a crate above both bring them \
                         together",
                        package.name
                    ),
                ));
            }
        }
    }
    findings
}

fn sandbox(metadata: &Metadata) -> Vec<Finding> {
    let Some(package) = metadata.member(SANDBOX) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let mut dependencies = package.dependencies.iter();
    if dependencies.clone().any(|it| it.name == WRITER) {
        problems.push(format!(
            "the sandbox must not use `{WRITER}`, not even in tests: send forms that are written \
             out by hand or by curl"
        ));
    }
    if !dependencies.any(|it| it.is_shipped() && it.name == READER) {
        problems.push(format!(
            "the sandbox must read forms with `{READER}`, a stranger's code: depend on it"
        ));
    }
    problems
        .into_iter()
        .map(|problem| Finding::new(package.manifest(), problem))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, tidy::finding::shown};

    fn problems(lines: &str) -> Vec<String> {
        shown(&check(&metadata(lines)))
    }

    #[test]
    fn arrows_of_the_design_pass() {
        let design = "wxpay-cli -> wxpay-media
             wxpay-cli -> wxpay-sandbox
             wxpay-media -> wxpay-sign
             wxpay-media -> wxpay-transport
             wxpay-sandbox -> wxpay-xml
             wxpay-sandbox -> multer
             xtask -> clap";
        assert_eq!(problems(design), [""; 0]);
    }

    #[test]
    fn crates_of_one_layer_do_not_meet() {
        let found = problems("wxpay-sign -> wxpay-xml");
        assert_eq!(
            found,
            [
                "crates/wxpay-sign/Cargo.toml: `wxpay-sign` must not depend on `wxpay-xml`: let a \
              crate above both bring them together"
            ]
        );
        assert_eq!(problems("wxpay-transport -> wxpay-sign (build)").len(), 1);
        assert_eq!(problems("xtask -> wxpay-sign").len(), 1);
        assert_eq!(problems("wxpay-sign -> wxpay-media").len(), 1);
    }

    #[test]
    fn tests_are_free() {
        assert_eq!(problems("wxpay-multipart -> wxpay-sign (dev)"), [""; 0]);
        let sandbox = "wxpay-sandbox -> multer\nwxpay-media -> wxpay-sandbox (dev)";
        assert_eq!(problems(sandbox), [""; 0]);
    }

    #[test]
    fn a_core_crate_is_found() {
        let found = problems("wxpay-core\nwxpay-sign -> wxpay-core");
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("not a crate of the design"));
    }

    #[test]
    fn the_sandbox_never_meets_the_form_builder() {
        for kind in ["", " (dev)", " (build)"] {
            let lines = format!("wxpay-sandbox -> multer\nwxpay-sandbox -> wxpay-multipart{kind}");
            let found = problems(&lines);
            assert!(
                found.iter().any(|it| it.contains("not even in tests")),
                "{found:#?}"
            );
        }
    }

    #[test]
    fn the_sandbox_reads_with_multer() {
        assert_eq!(problems("wxpay-sandbox -> http").len(), 1);
        assert_eq!(problems("wxpay-sandbox -> multer (dev)").len(), 1);
    }
}
