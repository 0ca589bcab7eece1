//! plan, bump and notes, which need no registry.

use super::Throwaway;

const ALL: [&str; 7] = [
    "wxpay-multipart 0.1.0",
    "wxpay-sign 0.1.0",
    "wxpay-transport 0.1.0",
    "wxpay-xml 0.1.0",
    "wxpay-sandbox 0.1.0",
    "wxpay-media 0.1.0",
    "wxpay-cli 0.1.0",
];

#[test]
fn the_first_release_is_everything_dependencies_first() {
    let throwaway = Throwaway::new();
    assert_eq!(throwaway.releases(), ALL);
    throwaway.bump().unwrap();
    // The changelogs have their headings, the versions are as they were.
    let changelog = throwaway.workspace.read("crates/wxpay-cli/CHANGELOG.md");
    let changelog = changelog.unwrap();
    assert!(changelog.starts_with("# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 20"));
    assert!(changelog.ends_with("\n\nThe first version.\n"));
    assert_eq!(throwaway.git(&["status", "--porcelain"]), "");
    assert_eq!(throwaway.releases(), ALL);
    assert!(
        throwaway
            .notes()
            .starts_with("## wxpay-multipart 0.1.0\n\nThe first version.\n")
    );
}

#[test]
fn what_is_released_is_not_released_again() {
    let throwaway = Throwaway::released();
    assert!(throwaway.releases().is_empty());
    let before = throwaway.git(&["rev-parse", "HEAD"]);
    throwaway.bump().unwrap();
    assert_eq!(throwaway.git(&["rev-parse", "HEAD"]), before);
}

#[test]
fn a_compatible_change_of_sign_raises_sign_and_what_others_require() {
    let throwaway = Throwaway::released();
    throwaway.add_to_sign("verify");
    assert_eq!(throwaway.releases(), ["wxpay-sign 0.1.1"]);
    let to_come = throwaway.notes();
    assert_eq!(to_come, "## wxpay-sign 0.1.1\n\n### Added\n\n- `verify`.\n");
    throwaway.bump().unwrap();
    assert_eq!(throwaway.notes(), to_come);
    let manifest = throwaway.workspace.read("Cargo.toml").unwrap();
    let entry = r#"wxpay-sign = { version = "0.1.1", path = "crates/wxpay-sign" } # ours"#;
    assert!(manifest.contains(entry), "{manifest}");
    assert_eq!(manifest.matches("0.1.0").count(), 6, "{manifest}");
    let subject = throwaway.git(&["log", "--format=%s", "-1"]);
    assert_eq!(subject, "Release wxpay-sign 0.1.1\n");
    assert_eq!(throwaway.releases(), ["wxpay-sign 0.1.1"]);
}

#[test]
fn a_breaking_change_of_sign_takes_along_what_stands_on_it() {
    let throwaway = Throwaway::released();
    throwaway.break_sign();
    let expected = [
        "wxpay-sign 0.2.0",
        "wxpay-sandbox 0.2.0",
        "wxpay-media 0.2.0",
        "wxpay-cli 0.1.1",
    ];
    assert_eq!(throwaway.releases(), expected);
    let plan = throwaway.plan().to_string();
    assert!(plan.contains("- pub fn wxpay_sign::old()"), "{plan}");
    assert!(plan.contains("wxpay-sign: remove a function"), "{plan}");
    throwaway.bump().unwrap();
    assert_eq!(throwaway.releases(), expected);
    let notes = throwaway.notes();
    let media = "## wxpay-media 0.2.0\n\n### Changed\n\n- Follows `wxpay-sandbox` 0.2.0.";
    assert!(!notes.contains(media), "tests alone depend on it: {notes}");
    let media = "## wxpay-media 0.2.0\n\n### Changed\n\n- Follows `wxpay-sign` 0.2.0.";
    assert!(notes.contains(media), "{notes}");
}

#[test]
fn what_lands_after_a_bump_goes_out_with_it() {
    let throwaway = Throwaway::released();
    throwaway.break_sign();
    throwaway.bump().unwrap();
    throwaway.note("wxpay-media", "### Fixed\n\n- A typo.");
    throwaway.commit("wxpay-media: mend a typo");
    throwaway.bump().unwrap();
    let changelog = throwaway.workspace.read("crates/wxpay-media/CHANGELOG.md");
    let changelog = changelog.unwrap();
    assert_eq!(changelog.matches("## [0.2.0]").count(), 1, "{changelog}");
    assert_eq!(changelog.matches("Follows").count(), 1, "{changelog}");
    assert!(changelog.contains("### Fixed\n\n- A typo.\n\n### Changed"));
    assert_eq!(throwaway.releases()[2], "wxpay-media 0.2.0");
}

#[test]
fn what_is_not_in_the_package_is_no_change() {
    let throwaway = Throwaway::released();
    let tests = throwaway.workspace.root().join("crates/wxpay-xml/tests");
    std::fs::create_dir(&tests).unwrap();
    std::fs::write(tests.join("it.rs"), "").unwrap();
    throwaway.append(
        "crates/wxpay-xml/public-api.txt",
        "as another tool writes it\n",
    );
    throwaway.git(&["add", "."]);
    throwaway.commit("wxpay-xml: test it");
    assert!(throwaway.releases().is_empty());
}

#[test]
fn a_program_breaks_by_its_changelog() {
    let throwaway = Throwaway::released();
    throwaway.note("wxpay-cli", "### Fixed\n\n- A typo.");
    throwaway.commit("wxpay-cli: mend a typo");
    assert_eq!(throwaway.releases(), ["wxpay-cli 0.1.1"]);
    throwaway.note("wxpay-cli", "### Removed\n\n- `--old`.");
    throwaway.commit("wxpay-cli: remove an option");
    assert_eq!(throwaway.releases(), ["wxpay-cli 0.2.0"]);
}

#[test]
fn a_library_that_does_otherwise_breaks_by_its_changelog() {
    let throwaway = Throwaway::released();
    throwaway.note(
        "wxpay-xml",
        "### Changed\n\n- **Breaking**: refuses quotes.",
    );
    throwaway.commit("wxpay-xml: refuse quotes");
    let releases = throwaway.releases();
    assert_eq!(releases[0], "wxpay-xml 0.2.0");
    // It shows in no API, so these stay compatible, and what stands on them stays as it is.
    assert_eq!(releases[1..], ["wxpay-sandbox 0.1.1", "wxpay-media 0.1.1"]);
}

#[test]
fn bump_refuses_a_dirty_tree() {
    let throwaway = Throwaway::new();
    throwaway.append("crates/wxpay-sign/src/lib.rs", "// unfinished\n");
    let error = throwaway.bump().unwrap_err().to_string();
    assert!(error.contains("crates/wxpay-sign/src/lib.rs"), "{error}");
}

#[test]
fn bump_refuses_a_change_that_nobody_wrote_about() {
    let throwaway = Throwaway::released();
    throwaway.append("crates/wxpay-xml/src/lib.rs", "// faster\n");
    throwaway.commit("wxpay-xml: be faster");
    let error = throwaway.bump().unwrap_err().to_string();
    assert!(error.contains("crates/wxpay-xml/CHANGELOG.md"), "{error}");
    assert_eq!(throwaway.git(&["status", "--porcelain"]), "");
}

#[test]
fn lock_files_of_other_workspaces_follow() {
    let throwaway = Throwaway::released();
    let benches = throwaway.workspace.root().join("benches");
    std::fs::create_dir(&benches).unwrap();
    let lock = "[[package]]\nname = \"wxpay-sign\"\nversion = \"0.1.0\"\n";
    std::fs::write(benches.join("Cargo.lock"), lock).unwrap();
    throwaway.git(&["add", "."]);
    throwaway.add_to_sign("verify");
    throwaway.bump().unwrap();
    let locked = throwaway.workspace.read("benches/Cargo.lock").unwrap();
    assert_eq!(locked, lock.replace("0.1.0", "0.1.1"));
}
