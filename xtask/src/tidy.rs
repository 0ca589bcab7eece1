//! `cargo xtask tidy`: checks the rules of docs/architecture.md that the compiler does not, by
//! `cargo metadata` and by searching in texts.

use std::collections::BTreeSet;

use anyhow::Result;
use cargo_metadata::{DependencyKind, Package};

use crate::public_api;
use crate::workspace::{Workspace, is_library, require_none};

/// The allowed normal and build dependencies between crates. Tests, the program and the example may
/// depend on every library.
const ARROWS: &str = "
    wxpay-diagnose: wxpay-sign
    wxpay-transport: wxpay-identity
    wxpay-media: wxpay-identity wxpay-multipart wxpay-picture wxpay-sign wxpay-transport wxpay-xml
    wxpay-sandbox: wxpay-diagnose wxpay-picture wxpay-sign wxpay-xml
    wxpay-agent: wxpay-ledger wxpay-media
";

fn may_depend((from, to): (&str, &str)) -> bool {
    let is_top = from == "wxpay-cli" || !from.starts_with("wxpay-") && from != "xtask";
    let mut arrows = ARROWS.lines().filter_map(|it| it.trim().split_once(": "));
    is_top || arrows.any(|(it, allowed)| it == from && has(allowed, to))
}

/// Whether a list of words has this one.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|it| it == word)
}

/// The crates without I/O, and the packages and modules that would do I/O.
pub(crate) const PURE: &str = "wxpay-diagnose wxpay-multipart wxpay-picture wxpay-sign wxpay-xml";
const IO_PACKAGES: &str = "hyper mio rustls socket2 tokio tower";
const IO_MODULES: &str = "env fs net os process";

/// The crates, and single types of others, that may show in a public signature: their next major
/// version is also one of ours. Other foreign types are converted or boxed.
const PUBLIC: &str = "alloc bytes core futures_core http http_body http_body_util serde serde_core \
                      std tokio tower_layer tower_service rustls::crypto::CryptoProvider";

/// Words that the transport must not use, in lower case. `pay`, `sign` and `media` are too common.
const NOUNS: &str = "hmac mch_id mchid media_hash media_id merchant nonce_str wechat weixin xml";

/// Maximum number of lines of a file.
const MAX_LINES: usize = 500;

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
    require_none(&findings, "the rules are in docs/architecture.md")?;
    println!("tidy: nothing found");
    Ok(())
}

fn dependencies(ws: &Workspace, package: &Package) -> Vec<String> {
    let from = package.name.as_str();
    let mut problems = Vec::new();
    for dependency in &package.dependencies {
        let to = dependency.name.as_str();
        let is_shipped = dependency.kind != DependencyKind::Development;
        if is_shipped && ws.member(to).is_ok() && !may_depend((from, to)) {
            problems.push(format!("must not depend on `{to}`"));
        }
        if from == "wxpay-sandbox" && to == "wxpay-multipart" {
            problems.push("reads forms by `multer`, in tests too".to_owned());
        }
        let mut packages = ws.metadata.packages.iter().filter(|it| it.name == to);
        let defaults = packages.find_map(|it| it.features.get("default"));
        let has_defaults = defaults.is_some_and(|it| !it.is_empty());
        // `http` does not compile without its one default feature.
        if dependency.uses_default_features && has_defaults && to != "http" {
            problems.push(format!("takes `{to}` with default features: turn them off"));
        }
    }
    for (shipped, chain) in ws.shipped(package) {
        if has(PURE, from) && has(IO_PACKAGES, &shipped.name) {
            problems.push(format!("does I/O ({chain}): leave that out"));
        }
    }
    let manifest = ws.path(package, "Cargo.toml");
    let finding = |problem: String| format!("{manifest}: {problem}");
    problems.into_iter().map(finding).collect()
}

/// Checks that a crate has the workspace's lints, a README and a changelog, and no foreign types in
/// its API.
fn files(ws: &Workspace, package: &Package) -> Vec<String> {
    let text = |path: &str| ws.sh.read_file(path).unwrap_or_default();
    let (name, mut findings) = (package.name.as_str(), Vec::new());
    let is_published = ws.published().any(|it| it.name == name);
    let is_library = is_published && is_library(package);
    for (is_wanted, file, line) in [
        (true, "Cargo.toml", "\n[lints]\nworkspace = true\n"),
        (is_published, "README.md", "# "),
        (is_published, "CHANGELOG.md", "\n## [Unreleased]\n"),
        (is_library, "src/lib.rs", "include_str!(\"../README.md\")"),
        (name == "wxpay-sign", "src/lib.rs", "\n#![no_std]\n"),
        (name == "wxpay-sandbox", "Cargo.toml", "\nmulter"),
    ] {
        let path = ws.path(package, file);
        if is_wanted && !text(&path).contains(line) {
            findings.push(format!("{path}: has no line `{}`", line.trim()));
        }
    }
    let path = ws.path(package, public_api::FILE);
    let members = ws.members().into_iter();
    let ours: Vec<_> = members.map(|it| it.name.replace('-', "_")).collect();
    for type_ in foreign_types(&text(&path), &ours) {
        findings.push(format!("{path}: `{type_}` is public: convert or box it"));
    }
    findings
}

/// The paths in a list of public items that begin with a foreign crate.
fn foreign_types<'a>(list: &'a str, ours: &[String]) -> BTreeSet<&'a str> {
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let paths = list.split(|letter| !is_path(letter));
    let is_foreign = |path: &&str| {
        let first = path.split_once("::").map_or("", |(first, _)| first);
        let is_crate = first.starts_with(|it: char| it.is_ascii_lowercase());
        let is_public = has(PUBLIC, first) || has(PUBLIC, path);
        is_crate && !is_public && ours.iter().all(|it| it != first)
    };
    paths.filter(is_foreign).collect()
}

fn source(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let length = text.lines().count();
    if length > MAX_LINES {
        findings.push(format!("{path}: {length} lines, over {MAX_LINES}"));
    }
    if path.ends_with("/mod.rs") {
        findings.push(format!("{path}: name it after its module"));
    }
    let (name, _) = path.split_once("/src/").unwrap_or_default();
    let name = name.trim_start_matches("crates/");
    if has(PURE, name) {
        let uses = io_modules(text).map(|it| format!("{path}: uses `std::{it}`: take a value"));
        findings.extend(uses);
    }
    if name == "wxpay-transport" {
        for (line, text) in (1..).zip(text.to_lowercase().lines()) {
            for noun in NOUNS.split(' ').filter(|noun| text.contains(noun)) {
                findings.push(format!("{path}:{line}: says `{noun}`"));
            }
        }
    }
    findings
}

/// The I/O modules of `std` in the code, without comments and tests: in a path, or in a list such
/// as that of `use std::{fmt, net::TcpStream}`.
fn io_modules(text: &str) -> impl Iterator<Item = &'static str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(str::trim);
    let code: String = lines.filter(|it| !it.starts_with("//")).collect();
    let code = code.replace(' ', "");
    IO_MODULES.split(' ').filter(move |it| {
        let mut around = ["std::_", "{_,", ",_,", ",_}", "{_::", ",_::"].iter();
        around.any(|around| code.contains(&around.replace('_', it)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_dependencies_are_allowed() {
        let may = |arrow: &&str| may_depend(arrow.split_once(' ').unwrap());
        let allowed = "wxpay-media wxpay-sign,wxpay-cli wxpay-xml,example wxpay-sandbox";
        assert!(allowed.split(',').all(|arrow| may(&arrow)));
        let not = "wxpay-sign wxpay-media,wxpay-sign wxpay-core,xtask wxpay-sign,\
                   wxpay-sign wxpay-xml,wxpay-agent wxpay-xml,wxpay-new wxpay-sign";
        assert_eq!(not.split(',').find(may), None);
    }

    #[test]
    fn foreign_types_are_found_wherever_they_stand() {
        let list = "pub fn wxpay_sign::a(http::Method) -> core::result::Result<u8, wxpay_sign::A>
            impl<T> core::convert::From<T> for wxpay_sign::A where T::B: std::error::Error
            pub fn wxpay_sign::A::provider(self, rustls::crypto::CryptoProvider) -> Self
            pub fn wxpay_sign::a() -> core::result::Result<(), hyper::Error>
            pub wxpay_sign::Error::Tls(alloc::boxed::Box<rustls::Error>)
            impl core::convert::From<&quick_xml::Error> for wxpay_sign::Error";
        let found = foreign_types(list, &["wxpay_sign".to_owned()]);
        let foreign = ["hyper::Error", "quick_xml::Error", "rustls::Error"];
        assert_eq!(found, BTreeSet::from(foreign));
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
            "use std::{env, fmt, io};",
        ] {
            assert_eq!(source("crates/wxpay-xml/src/a.rs", code).len(), 1, "{code}");
            assert!(source("crates/wxpay-xml/tests/a.rs", code).is_empty());
            assert!(source("crates/wxpay-identity/src/a.rs", code).is_empty());
        }
    }

    #[test]
    fn long_files_and_nouns_of_the_api_in_the_transport_are_found() {
        let text = "\n// as WeChat does\nfn read_xml() {}\nstruct MerchantId;";
        let found = source("crates/wxpay-transport/src/a.rs", text);
        assert_eq!(found[0], "crates/wxpay-transport/src/a.rs:2: says `wechat`");
        assert_eq!(found.len(), 3);
        assert!(source("crates/wxpay-media/src/a.rs", text).is_empty());
        // Files may have the maximum length, and are named after their module.
        let lines = "a\n".repeat(MAX_LINES);
        assert!(source("crates/wxpay-a/src/a.rs", &lines).is_empty());
        let found = source("crates/wxpay-a/tests/a/mod.rs", &(lines + "a\n"));
        assert_eq!(found.len(), 2);
    }
}
