//! `cargo xtask tidy`: what the design demands and the compiler does not see.
//!
//! It looks at `cargo metadata` and searches in texts; it compiles nothing and resolves no name.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use cargo_metadata::{DependencyKind, Package};

use crate::public_api;
use crate::workspace::{Workspace, is_library};

/// Which crate may depend on which, by normal and build dependencies. Those of tests are free. The
/// program may depend on every library, and an example on what it shows.
const ARROWS: [(&str, &str); 5] = [
    ("wxpay-diagnose", "wxpay-sign"),
    ("wxpay-transport", "wxpay-identity"),
    (
        "wxpay-media",
        "wxpay-identity wxpay-multipart wxpay-picture wxpay-sign wxpay-transport wxpay-xml",
    ),
    (
        "wxpay-sandbox",
        "wxpay-diagnose wxpay-picture wxpay-sign wxpay-xml",
    ),
    // It knows no signature and no XML. It can embed the sandbox.
    ("wxpay-agent", "wxpay-ledger wxpay-media wxpay-sandbox"),
];

fn may_depend(from: &str, to: &str) -> bool {
    let is_top = from == "wxpay-cli" || !from.starts_with("wxpay-") && from != "xtask";
    is_top
        || ARROWS
            .iter()
            .any(|(it, allowed)| *it == from && has(allowed, to))
}

/// Whether a list of words has one.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|it| it == word)
}

/// Crates that turn values into values, and the packages and modules by which they would do more.
pub(crate) const PURE: [&str; 5] = [
    "wxpay-diagnose",
    "wxpay-multipart",
    "wxpay-picture",
    "wxpay-sign",
    "wxpay-xml",
];
const IO_PACKAGES: &str = "hyper mio rustls socket2 tokio tower";
const IO_MODULES: [&str; 5] = ["env", "fs", "net", "os", "process"];

/// Crates whose types may show in a public signature, for their next major version is ours then, and
/// single types of others. What else comes from others is converted or boxed.
const PUBLIC: &str = "alloc bytes core futures_core http http_body rustls::crypto::CryptoProvider \
                      serde serde_core std tokio tower_service";

/// Words that the transport does not know, in lower case. `pay`, `sign` and `media` are too common.
const NOUNS: &str = "hmac mch_id mchid media_hash media_id merchant nonce_str wechat weixin xml";

/// In lines: what is longer is not read in one sitting.
const LONGEST: usize = 500;

/// Prints every finding as `path: what is wrong: what to do`.
pub(crate) fn run(ws: &Workspace) -> Result<()> {
    let mut findings = Vec::new();
    for package in ws.members() {
        findings.extend(dependencies(ws, package));
        findings.extend(files(ws, package));
    }
    for path in ws.files("*.rs")? {
        findings.extend(source(&path, &ws.sh.read_file(&path)?));
    }
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(findings.is_empty(), "tidy: {} found", findings.len());
    println!("tidy: nothing found");
    Ok(())
}

fn dependencies(ws: &Workspace, package: &Package) -> Vec<String> {
    let from = package.name.as_str();
    let manifest = ws.path(package, "Cargo.toml");
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let to = dependency.name.as_str();
        let is_shipped = dependency.kind != DependencyKind::Development;
        if is_shipped && ws.member(to).is_ok() && !may_depend(from, to) {
            let problem = "let a crate above both bring them together";
            findings.push(format!("{manifest}: must not depend on `{to}`: {problem}"));
        }
        // They check each other, and never share a line.
        if from == "wxpay-sandbox" && to == "wxpay-multipart" {
            findings.push(format!(
                "{manifest}: forms are read by `multer`, in tests too"
            ));
        }
        let mut packages = ws.metadata.packages.iter().filter(|it| it.name == to);
        let has_default =
            packages.any(|it| it.features.get("default").is_some_and(|it| !it.is_empty()));
        // `http` does not compile without its one default feature.
        if dependency.uses_default_features && has_default && to != "http" {
            let problem = "say `default-features = false` in [workspace.dependencies]";
            findings.push(format!(
                "{manifest}: `{to}` has its default features: {problem}"
            ));
        }
    }
    for (shipped, chain) in ws.shipped(package) {
        if PURE.contains(&from) && has(IO_PACKAGES, &shipped.name) {
            findings.push(format!("{manifest}: does I/O ({chain}): leave it out"));
        }
    }
    findings
}

/// What every crate has: a front page, a history, the workspace's lints, and no foreign types in its
/// API.
fn files(ws: &Workspace, package: &Package) -> Vec<String> {
    let text = |path: &str| ws.sh.read_file(path).unwrap_or_default();
    let mut wanted = vec![("Cargo.toml", "\n[lints]\nworkspace = true\n")];
    if ws.published().any(|it| it.name == package.name) {
        wanted.extend([("README.md", "# "), ("CHANGELOG.md", "\n## [Unreleased]\n")]);
        let front = ("src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n");
        wanted.extend(is_library(package).then_some(front));
    }
    match package.name.as_str() {
        "wxpay-sign" => wanted.push(("src/lib.rs", "\n#![no_std]\n")),
        "wxpay-sandbox" => wanted.push(("Cargo.toml", "\nmulter")),
        _ => {}
    }
    let mut findings = Vec::new();
    for (file, line) in wanted {
        let path = ws.path(package, file);
        if !text(&path).contains(line) {
            findings.push(format!("{path}: is missing, or has no `{}`", line.trim()));
        }
    }
    let path = ws.path(package, public_api::FILE);
    let ours: Vec<_> = ws
        .members()
        .iter()
        .map(|it| it.name.replace('-', "_"))
        .collect();
    for type_ in foreign_types(&text(&path), &ours) {
        findings.push(format!(
            "{path}: `{type_}` is in a public signature: convert or box it"
        ));
    }
    findings
}

/// The paths in a list of public items that begin with a crate which must not show.
fn foreign_types<'a>(list: &'a str, ours: &[String]) -> BTreeSet<&'a str> {
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let paths = list.split(|letter| !is_path(letter));
    let is_foreign = |path: &&str| {
        let (first, rest) = path.split_once("::").unwrap_or_default();
        let is_crate = !rest.is_empty() && first.starts_with(|it: char| it.is_ascii_lowercase());
        let is_public = has(PUBLIC, first) || has(PUBLIC, path);
        is_crate && !is_public && ours.iter().all(|it| it != first)
    };
    paths.filter(is_foreign).collect()
}

/// What is wrong with a Rust file.
fn source(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let length = text.lines().count();
    if length > LONGEST {
        findings.push(format!(
            "{path}: has {length} lines, over {LONGEST}: take it apart"
        ));
    }
    if path.ends_with("/mod.rs") {
        findings.push(format!(
            "{path}: one `mod.rs` among many: name it after its module"
        ));
    }
    let is_pure = |name: &str| path.starts_with(&format!("crates/{name}/src/"));
    if PURE.iter().any(|name| is_pure(name)) {
        for module in io_modules(text) {
            findings.push(format!(
                "{path}: uses `std::{module}`: take the value from the caller"
            ));
        }
    }
    if path.starts_with("crates/wxpay-transport/src/") {
        for (line, text) in (1..).zip(text.to_lowercase().lines()) {
            for noun in NOUNS.split(' ').filter(|noun| text.contains(noun)) {
                findings.push(format!(
                    "{path}:{line}: says `{noun}`: the transport serves any API"
                ));
            }
        }
    }
    findings
}

/// The modules of `std` that the code uses, without its comments and tests.
fn io_modules(text: &str) -> Vec<&'static str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(str::split_whitespace).collect();
    // `use std::{fmt, net::TcpStream};` without its spaces.
    let groups = code
        .split("usestd::{")
        .skip(1)
        .map(|it| it.split(';').next().unwrap_or_default());
    let groups: String = groups
        .map(|group| format!(",{},", group.replace('}', ",")))
        .collect();
    let is_used = |module: &&str| {
        let names = [format!(",{module},"), format!(",{module}::")];
        code.contains(&format!("std::{module}")) || names.iter().any(|it| groups.contains(it))
    };
    IO_MODULES.into_iter().filter(is_used).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_one_layer_do_not_meet() {
        assert!(may_depend("wxpay-media", "wxpay-sign"));
        assert!(may_depend("wxpay-cli", "wxpay-xml"));
        assert!(may_depend("sandbox-in-tests", "wxpay-sandbox"));
        for (from, to) in [
            ("wxpay-sign", "wxpay-xml"),
            ("wxpay-sign", "wxpay-media"),
            ("wxpay-transport", "wxpay-sign"),
            ("wxpay-agent", "wxpay-xml"),
            ("wxpay-new", "wxpay-sign"),
            ("wxpay-sign", "wxpay-core"),
            ("xtask", "wxpay-sign"),
        ] {
            assert!(!may_depend(from, to), "{from} → {to}");
        }
    }

    #[test]
    fn foreign_types_are_found_wherever_they_stand() {
        let found = |list: &str| foreign_types(list, &["wxpay_sign".to_owned()]).len();
        for list in [
            "pub fn wxpay_sign::a(http::Method) -> core::result::Result<u8, wxpay_sign::Error>",
            "impl<T> core::convert::From<T> for wxpay_sign::A where T::B: std::error::Error",
            "pub fn wxpay_sign::A::provider(self, rustls::crypto::CryptoProvider) -> Self",
        ] {
            assert_eq!(found(list), 0, "{list}");
        }
        for list in [
            "pub fn wxpay_sign::a() -> core::result::Result<(), hyper::Error>",
            "pub wxpay_sign::Error::Tls(alloc::boxed::Box<rustls::error::Error>)",
            "impl core::convert::From<&quick_xml::errors::Error> for wxpay_sign::Error",
            "pub type wxpay_sign::A::Error = digest::InvalidLength",
        ] {
            assert_eq!(found(list), 1, "{list}");
        }
    }

    #[test]
    fn a_file_is_read_in_one_sitting_and_named_after_its_module() {
        let count = |path, lines| source(path, &"a\n".repeat(lines)).len();
        assert_eq!(count("crates/wxpay-a/src/a.rs", LONGEST), 0);
        assert_eq!(count("crates/wxpay-a/tests/a.rs", LONGEST + 1), 1);
        assert_eq!(count("crates/wxpay-a/src/a/mod.rs", 1), 1);
    }

    #[test]
    fn a_pure_crate_does_no_io_in_its_code() {
        let pure = "//! As `std::fs::read`.\nuse std::{fmt, io::Read};\nfn a(net: u8) {}\n\
                    #[cfg(test)]\nmod tests { use std::fs; }";
        assert!(source("crates/wxpay-xml/src/a.rs", pure).is_empty());
        for code in [
            "fn a() { std::fs::read(\"a\") }",
            "use std::net;",
            "use std::{\n    fmt,\n    net::*,\n};",
            "use std::{fmt, process};",
            "use std::{env, fmt};",
        ] {
            assert_eq!(source("crates/wxpay-xml/src/a.rs", code).len(), 1, "{code}");
            assert!(source("crates/wxpay-xml/tests/a.rs", code).is_empty());
            assert!(source("crates/wxpay-identity/src/a.rs", code).is_empty());
        }
    }

    #[test]
    fn the_transport_knows_no_noun_of_the_api() {
        let text = "\n// as WeChat does\nfn read_xml() {}\nstruct MerchantId;";
        let found = source("crates/wxpay-transport/src/a.rs", text);
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("crates/wxpay-transport/src/a.rs:2: says `wechat`"));
        assert!(source("crates/wxpay-media/src/a.rs", text).is_empty());
    }
}
