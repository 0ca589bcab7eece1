//! Default features of dependencies are off, so that each crate turns on what it needs and its
//! users get no more.
//!
//! A package without default features needs no word in the manifest.

use super::Finding;
use crate::metadata::Metadata;

/// Packages that are taken with their default features, each with the reason.
const ALLOWED: &[(&str, &str)] = &[(
    "http",
    "its one default feature is `std`, and it says that it does not compile without",
)];

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members() {
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let is_allowed = ALLOWED.iter().any(|(allowed, _)| *allowed == name);
            if dependency.uses_default_features && has_defaults(metadata, name) && !is_allowed {
                findings.push(Finding::new(
                    package.manifest(),
                    format!(
                        "takes `{name}` with its default features: say `default-features = false` \
                         in [workspace.dependencies] and turn on here what is needed"
                    ),
                ));
            }
        }
    }
    findings
}

fn has_defaults(metadata: &Metadata, name: &str) -> bool {
    metadata
        .packages
        .iter()
        .filter(|package| package.name == name)
        .any(|package| {
            package
                .features
                .get("default")
                .is_some_and(|on| !on.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::metadata;

    #[test]
    fn off_or_absent_passes() {
        let off = "serde = default, std\nwxpay-xml -> serde";
        assert_eq!(check(&metadata(off)), []);
        let absent = "http-body = std\nwxpay-xml -> http-body (default)";
        assert_eq!(check(&metadata(absent)), []);
        let allowed = "http = default, std\nwxpay-xml -> http (default)";
        assert_eq!(check(&metadata(allowed)), []);
    }

    #[test]
    fn on_is_found() {
        let on = check(&metadata(
            "serde = default, std\nwxpay-xml -> serde (default)",
        ));
        assert_eq!(on.len(), 1);
        assert!(
            on[0]
                .to_string()
                .starts_with("crates/wxpay-xml/Cargo.toml: takes `serde` with")
        );
    }
}
