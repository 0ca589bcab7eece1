//! `wxpay-sign`, `-xml` and `-multipart` turn values into values: they do no I/O.
//!
//! Checked in their dependencies, to the last, and in their own code. What the code says is read
//! without a compiler: a macro of another crate that expands to `std::fs` is not seen. What a
//! dependency does with files or sockets of its own is not seen either; only the crates by which
//! it would be done in this field are known here.

use super::Finding;
use crate::{
    metadata::{Metadata, Package},
    source::{Import, Source, mentions},
};

const PURE: [&str; 3] = ["wxpay-sign", "wxpay-xml", "wxpay-multipart"];

/// Packages that move bytes in and out of the process.
const IO_PACKAGES: [&str; 10] = [
    "async-std",
    "futures-io",
    "h2",
    "hyper",
    "hyper-util",
    "mio",
    "rustls",
    "socket2",
    "tokio",
    "tower",
];

/// Modules of the standard library through which the process meets its surroundings.
const IO_MODULES: [&str; 5] = ["env", "fs", "net", "os", "process"];

const SIGN: &str = "wxpay-sign";
const NO_STD: &str = "#![no_std]";

pub(super) fn check(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let mut findings = no_std(metadata, sources);
    for package in PURE.iter().filter_map(|name| metadata.member(name)) {
        findings.extend(graph(metadata, package));
        for source in sources.iter().filter(|it| it.is_code_of(package)) {
            findings.extend(code(source));
        }
    }
    findings
}

fn graph(metadata: &Metadata, package: &Package) -> Vec<Finding> {
    let shipped = metadata.shipped(&package.name);
    IO_PACKAGES
        .iter()
        .filter_map(|name| shipped.get_key_value(name))
        .map(|(name, chain)| {
            Finding::new(
                package.manifest(),
                format!("brings `{name}`, which does I/O ({chain}): leave out what brings it"),
            )
        })
        .collect()
}

fn code(source: &Source) -> Vec<Finding> {
    let code = source.code();
    mentions(&code, &Import::all(&code))
        .iter()
        .filter_map(|mention| match mention.path.as_slice() {
            ["std", module, ..] if IO_MODULES.contains(module) => Some((module, mention.line)),
            _ => None,
        })
        .map(|(module, line)| {
            let problem = format!("uses `std::{module}`: take the value from the caller instead");
            Finding::new(&source.path, problem).at(line)
        })
        .collect()
}

fn no_std(metadata: &Metadata, sources: &[Source]) -> Vec<Finding> {
    let Some(package) = metadata.member(SIGN) else {
        return Vec::new();
    };
    let path = package.path("src/lib.rs");
    let stands = sources
        .iter()
        .any(|source| source.path == path && source.text.lines().any(|line| line == NO_STD));
    if stands {
        Vec::new()
    } else {
        vec![Finding::new(
            path,
            format!("`{NO_STD}` is missing: add it below the front page"),
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::metadata, source::source, tidy::finding::shown};

    fn in_xml(code: &str) -> Vec<String> {
        let sources = [source("crates/wxpay-xml/src/a.rs", code)];
        shown(&check(&metadata("wxpay-xml"), &sources))
    }

    #[test]
    fn values_in_values_out() {
        let code = "//! Reads as `std::fs::read` does.\nuse std::{fmt, io::Read};\nuse crate::fs;\n\
                    fn a(net: u8) -> &'static str { let fs = net; \"std::fs\" }\n\
                    #[cfg(test)]\nmod tests { use std::fs; }";
        assert_eq!(in_xml(code), [""; 0]);
    }

    #[test]
    fn io_in_the_code_is_found() {
        assert_eq!(
            in_xml("fn a() {\n    std::fs::read(\"a\")\n}"),
            ["crates/wxpay-xml/src/a.rs:2: uses `std::fs`: take the value from the caller instead"]
        );
        for code in [
            "use std::net;",
            "use std::{fmt, net::*};",
            "use std::{env as surroundings};",
            "use std as s; fn a() { s::process::exit(1) }",
        ] {
            assert!(!in_xml(code).is_empty(), "{code}");
        }
    }

    #[test]
    fn io_in_the_tests_is_fine() {
        let sources = [source("crates/wxpay-xml/tests/a.rs", "use std::fs;")];
        assert_eq!(check(&metadata("wxpay-xml"), &sources), []);
    }

    #[test]
    fn io_in_the_graph_is_found_with_its_chain() {
        let found = check(&metadata("wxpay-multipart -> a\na -> tokio"), &[]);
        assert_eq!(
            shown(&found),
            [
                "crates/wxpay-multipart/Cargo.toml: brings `tokio`, which does I/O \
              (wxpay-multipart → a → tokio): leave out what brings it"
            ]
        );
        assert_eq!(
            check(
                &metadata("wxpay-xml -> tokio (dev)\nwxpay-xml -> bytes"),
                &[]
            ),
            []
        );
        assert_eq!(check(&metadata("wxpay-transport -> tokio"), &[]), []);
    }

    #[test]
    fn sign_is_no_std() {
        let lib = |text| [source("crates/wxpay-sign/src/lib.rs", text)];
        let metadata = metadata("wxpay-sign");
        assert_eq!(
            check(&metadata, &lib("#![no_std]\nextern crate alloc;")),
            []
        );
        assert_eq!(check(&metadata, &lib("// #![no_std]\n")).len(), 1);
        assert_eq!(check(&metadata, &[]).len(), 1);
    }
}
