//! `cargo xtask tidy`: what the design demands and the compiler does not see.
//!
//! Each check is a function from `cargo metadata`, or the sources, or both, to its findings. None
//! stops at its first, so that one run shows all there is to do.

mod arrows;
mod default_features;
mod examples;
mod finding;
mod library;
mod lints;
mod package_files;
mod public_errors;
mod pure;
mod rust_files;
mod transport;
mod white_space;

use std::path::Path;

use anyhow::bail;

use crate::{metadata::Metadata, source::Source};
use finding::Finding;

/// Prints every finding.
///
/// # Errors
///
/// When there is a finding, or when the workspace cannot be read.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let findings = findings(&Metadata::load(root)?, &Source::read_all(root)?);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: nothing found");
            Ok(())
        }
        1 => bail!("tidy: 1 finding"),
        count => bail!("tidy: {count} findings"),
    }
}

fn findings(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let mut findings = [
        arrows::check(metadata),
        pure::check(metadata, sources),
        transport::check(metadata, sources),
        public_errors::check(metadata, sources),
        default_features::check(metadata),
        examples::check(metadata, sources),
        lints::check(metadata, sources),
        package_files::check(metadata, sources),
        library::check(metadata, sources),
        rust_files::check(sources),
        white_space::check(sources),
    ]
    .concat();
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source};

    #[test]
    fn reports_all_findings_of_all_checks_by_path() {
        let metadata = metadata("wxpay-xml -> tokio\nwxpay-xml -> wxpay-sign");
        let sources = [source("xtask/src/a/mod.rs", "fn a() {} \n")];
        let findings: Vec<_> = findings(&metadata, &sources)
            .iter()
            .map(ToString::to_string)
            .collect();
        let has = |what: &str| findings.iter().any(|finding| finding.contains(what));
        assert!(has("`tokio`"), "{findings:#?}");
        assert!(has("`wxpay-sign`"), "{findings:#?}");
        assert!(has("README.md"), "{findings:#?}");
        assert!(has("mod.rs"), "{findings:#?}");
        assert!(has("white space"), "{findings:#?}");
        assert!(findings.is_sorted());
    }
}
