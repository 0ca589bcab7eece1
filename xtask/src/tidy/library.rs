//! A library's `lib.rs` is its front page and its list of contents: the README as documentation,
//! modules and re-exports, and no logic.

use super::Finding;
use crate::{metadata::Metadata, source::Source};

const FRONT_PAGE: &str = "#![doc = include_str!(\"../README.md\")]";

pub(super) fn check(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members().filter(|package| package.is_library()) {
        let path = package.path("src/lib.rs");
        match sources.iter().find(|source| source.path == path) {
            Some(lib) => findings.extend([front_page(lib), logic(lib)].into_iter().flatten()),
            None => findings.push(Finding::new(path, "is missing: a library begins here")),
        }
    }
    findings
}

fn front_page(lib: &Source) -> Option<Finding> {
    let stands = lib.text.lines().any(|line| line == FRONT_PAGE);
    let problem = format!("`{FRONT_PAGE}` is missing: the README is the crate's documentation");
    (!stands).then(|| Finding::new(&lib.path, problem))
}

fn logic(lib: &Source) -> Option<Finding> {
    let code = lib.code();
    let function = code
        .iter()
        .find(|token| matches!(token.text, "fn" | "macro_rules"))?;
    let problem = format!("has logic (`{}`): move it to a module", function.text);
    Some(Finding::new(&lib.path, problem).at(function.line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source, tidy::finding::shown};

    fn problems(lib: &str) -> Vec<String> {
        let sources = [source("crates/wxpay-sign/src/lib.rs", lib)];
        shown(&check(&metadata("wxpay-sign\nwxpay-cli"), &sources))
    }

    #[test]
    fn modules_and_exports_pass() {
        let lib = "#![doc = include_str!(\"../README.md\")]\n\n// No fn here.\nmod a;\npub use a::A;\n\
                   type BoxError = Box<dyn std::error::Error>;\n";
        assert_eq!(problems(lib), [""; 0]);
    }

    #[test]
    fn another_front_page_or_logic_is_found() {
        assert_eq!(
            problems("//! A crate.\n\nfn a() {}\n"),
            [
                "crates/wxpay-sign/src/lib.rs: `#![doc = include_str!(\"../README.md\")]` is missing: \
             the README is the crate's documentation",
                "crates/wxpay-sign/src/lib.rs:3: has logic (`fn`): move it to a module",
            ]
        );
    }

    #[test]
    fn a_library_without_lib_rs_is_found() {
        assert_eq!(check(&metadata("wxpay-sign"), &[]).len(), 1);
    }
}
