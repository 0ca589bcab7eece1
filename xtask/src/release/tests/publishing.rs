//! Real releases, to a registry on loopback.

use std::fs;

use super::{Throwaway, throwaway::output};
use crate::cargo;

/// In the order of their paths in the index.
const FIRST: [&str; 7] = [
    "wxpay-cli 0.1.0",
    "wxpay-media 0.1.0",
    "wxpay-multipart 0.1.0",
    "wxpay-sandbox 0.1.0",
    "wxpay-sign 0.1.0",
    "wxpay-transport 0.1.0",
    "wxpay-xml 0.1.0",
];

#[test]
fn releases_follow_each_other_and_consumers_build_from_the_registry() {
    let throwaway = Throwaway::new();
    throwaway.bump().unwrap();
    throwaway.publish_for_real().unwrap();
    assert_eq!(throwaway.registry.shelf().all(), FIRST);
    assert_eq!(throwaway.tags_here().lines().count(), 7);
    assert!(throwaway.releases().is_empty());
    assert!(throwaway.notes().contains("## wxpay-cli 0.1.0"));

    throwaway.add_to_sign("verify");
    throwaway.bump().unwrap();
    throwaway.publish_for_real().unwrap();
    assert_eq!(throwaway.registry.shelf().all().len(), 8);
    assert_eq!(throwaway.tags_here(), "wxpay-sign-v0.1.1\n");
    // The caret takes it, that of wxpay-media too.
    let sign = throwaway.consume("wxpay-sign", "wxpay_sign::verify()");
    assert_eq!(sign, ["wxpay-sign 0.1.1"]);
    let media = throwaway.consume("wxpay-media", "assert_eq!(wxpay_media::key().0, 42)");
    assert!(media.contains(&sign[0]), "{media:?}");

    throwaway.break_sign();
    throwaway.bump().unwrap();
    throwaway.publish_for_real().unwrap();
    assert_eq!(
        throwaway.tags_here(),
        "wxpay-cli-v0.1.1\nwxpay-media-v0.2.0\nwxpay-sandbox-v0.2.0\nwxpay-sign-v0.2.0\n"
    );
    assert_eq!(throwaway.registry.shelf().all().len(), 12);
    // Who asked for 0.1 has it still.
    let sign = throwaway.consume("wxpay-sign", "wxpay_sign::old()");
    assert_eq!(sign, ["wxpay-sign 0.1.1"]);
}

#[test]
fn a_failure_midway_is_repeated_and_a_late_index_waited_for() {
    let throwaway = Throwaway::new();
    throwaway.bump().unwrap();
    throwaway.registry.shelf().refuse_once("wxpay-transport");
    assert!(throwaway.publish_for_real().is_err());
    let before = ["wxpay-multipart 0.1.0", "wxpay-sign 0.1.0"];
    assert_eq!(throwaway.registry.shelf().all(), before);
    // One is there without its tag, as after a run that was ended between the two.
    throwaway.git(&["tag", "--delete", "wxpay-sign-v0.1.0"]);
    // The next crate, wxpay-sandbox, needs it.
    throwaway.registry.shelf().show_late("wxpay-xml", 2);
    throwaway.publish_for_real().unwrap();
    assert_eq!(throwaway.registry.shelf().all(), FIRST);
    assert_eq!(throwaway.tags_here().lines().count(), 7);
}

#[test]
fn a_dry_run_publishes_nothing() {
    let throwaway = Throwaway::new();
    throwaway.bump().unwrap();
    throwaway.publish(false).unwrap();
    assert!(throwaway.registry.shelf().all().is_empty());
    assert_eq!(throwaway.git(&["tag"]), "");
}

#[test]
fn publish_refuses_what_is_not_ready() {
    let throwaway = Throwaway::new();
    let refused = |why: &str| {
        let error = throwaway.publish_for_real().unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(why), "{error}");
        assert!(throwaway.registry.shelf().all().is_empty());
    };
    refused("crates/wxpay-multipart/CHANGELOG.md says nothing of 0.1.0");
    throwaway.bump().unwrap();
    throwaway.append("crates/wxpay-sign/src/lib.rs", "// unfinished\n");
    refused("the working tree has changes");
    throwaway.note("wxpay-sign", "### Fixed\n\n- More.");
    throwaway.commit("wxpay-sign: finish it");
    refused("crates/wxpay-sign/CHANGELOG.md has entries under `## [Unreleased]`");
    throwaway.bump().unwrap();
    fs::write(throwaway.workspace.root().join("red"), "").unwrap();
    refused("`cargo xtask ci` failed");
}

#[test]
fn a_change_after_the_bump_is_not_published_under_the_old_version() {
    let throwaway = Throwaway::released();
    throwaway.add_to_sign("verify");
    let error = throwaway.publish_for_real().unwrap_err().to_string();
    assert!(
        error.contains("wxpay-sign is 0.1.0 and has to be 0.1.1"),
        "{error}"
    );
}

impl Throwaway {
    fn tags_here(&self) -> String {
        self.git(&["tag", "--points-at", "HEAD"])
    }

    /// Builds and runs a project outside the workspace that depends on version 0.1 of a crate, and
    /// says which of ours that brought in.
    fn consume(&self, name: &str, statement: &str) -> Vec<String> {
        let folder = self.folder.path().join(format!("uses-{name}"));
        fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = format!(
            "[package]\nname = \"consumer\"\nedition = \"2024\"\n\n\
             [dependencies]\n{name} = \"0.1\"\n\n[workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        let main = format!("fn main() {{\n    {statement};\n}}\n");
        fs::write(folder.join("src/main.rs"), main).unwrap();
        let cargo = |arguments: &[&str]| {
            let mut cargo = cargo::command(&folder);
            cargo.env("CARGO_HOME", self.folder.path().join("cargo-home"));
            output(cargo.args(arguments))
        };
        cargo(&["run", "--quiet"]);
        let tree = cargo(&["tree", "--prefix", "none", "--format", "{p}"]);
        let ours = tree.lines().filter(|line| line.starts_with("wxpay-"));
        ours.map(|line| line.replace(" v", " ")).collect()
    }
}
