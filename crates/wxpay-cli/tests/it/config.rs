//! Settings: what is missing or wrong is said, with exit status 2.

use std::{fs, path::Path, process::Command};

use rcgen::ExtendedKeyUsagePurpose;

use crate::{
    certificates::{authority, issue},
    program::{KEY, RunToEnd, example, text, wxpay},
};

fn write_pair(folder: &Path, name: &str) {
    let usage = ExtendedKeyUsagePurpose::ClientAuth;
    issue(&authority("a test's own"), folder, name, usage, |_| {});
}

/// An upload with settings that are complete and of the right form, in a folder.
pub(crate) fn complete(folder: &Path) -> Command {
    write_pair(folder, "cert");
    fs::write(folder.join("key.txt"), KEY).unwrap();
    let mut command = wxpay(["upload"]);
    command
        .env("WXPAY_MCH_ID", "1900000109")
        .env("WXPAY_API_KEY", KEY)
        .env("WXPAY_CERT", folder.join("cert.pem"))
        .env("WXPAY_KEY", folder.join("cert_key.pem"));
    command
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let run = wxpay(["upload", text(&example("licence.png"))])
        .run()
        .exits(2);
    for name in [
        "WXPAY_MCH_ID",
        "WXPAY_API_KEY",
        "WXPAY_CERT",
        "WXPAY_KEY",
        "--sandbox",
    ] {
        assert!(run.err.contains(name), "{name}: {run:?}");
    }
    assert_eq!(run.out, "");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = complete(folder.path());
    let run = command
        .env("WXPAY_MCH_ID", "")
        .arg(example("licence.png"))
        .run()
        .exits(2);
    assert!(run.err.contains("WXPAY_MCH_ID"), "{run:?}");
    let mut command = complete(folder.path());
    let empty = ["WXPAY_CA", "WXPAY_ENDPOINT", "WXPAY_SIGN_TYPE"].map(|name| (name, ""));
    command
        .envs(empty)
        .args(["--dry-run", text(&example("licence.png"))])
        .run()
        .exits(0);
}

#[test]
fn each_wrong_setting_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    write_pair(folder.path(), "other");
    for (name, value, word) in [
        ("WXPAY_API_KEY", "short".to_owned(), "WXPAY_API_KEY"),
        ("WXPAY_API_KEY", format!("{KEY}\n"), "WXPAY_API_KEY"),
        ("WXPAY_MCH_ID", "19 00".to_owned(), "WXPAY_MCH_ID"),
        ("WXPAY_CERT", file("missing.pem"), "missing.pem"),
        ("WXPAY_CERT", file("cert_key.pem"), "swapped"),
        ("WXPAY_KEY", file("cert.pem"), "swapped"),
        ("WXPAY_KEY", file("other_key.pem"), "does not belong"),
        ("WXPAY_KEY", file("key.txt"), "no private key"),
        ("WXPAY_KEY", "/dev/zero".to_owned(), "1 MiB"),
        (
            "WXPAY_CA",
            file("cert_key.pem"),
            "holds a private key: give",
        ),
        (
            "WXPAY_ENDPOINT",
            "http://localhost".to_owned(),
            "WXPAY_ENDPOINT",
        ),
        (
            "WXPAY_ENDPOINT",
            "https://localhost/path".to_owned(),
            "no path",
        ),
        ("WXPAY_SIGN_TYPE", "sha1".to_owned(), "WXPAY_SIGN_TYPE"),
    ] {
        let mut command = complete(folder.path());
        let run = command
            .env(name, &value)
            .arg(example("licence.png"))
            .run()
            .exits(2);
        assert!(run.err.contains(word), "{name}={value}: {run:?}");
        assert!(!run.err.contains(KEY), "{run:?}");

        let mut command = complete(folder.path());
        let run = command
            .env(name, &value)
            .args(["--json", "a.png", "b.png"])
            .run()
            .exits(2);
        let lines = run.json();
        assert_eq!((lines.len(), &lines[1]["file"]), (2, &"b.png".into()));
        assert_eq!(lines[0]["error"]["kind"], "config");
    }
}

#[test]
fn a_flag_beats_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = complete(folder.path());
    let run = command
        .env("WXPAY_API_KEY", "wrong")
        .arg("--api-key-file")
        .arg(folder.path().join("key.txt"))
        .args(["--mch-id", "42", "--dry-run", text(&example("licence.png"))])
        .run()
        .exits(0);
    assert!(run.out.contains("mch_id=42&"), "{run:?}");
}

#[test]
fn a_key_file_may_end_with_a_line_end_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key.txt");
    for (content, status) in [
        (format!("{KEY}\n"), 0),
        (format!("{KEY}\r\n"), 0),
        (format!("{KEY} \n"), 2),
        (format!(" {KEY}"), 2),
        (format!("{KEY}{KEY}"), 2),
        (String::new(), 2),
    ] {
        let mut command = complete(folder.path());
        fs::write(&key_file, &content).unwrap();
        command.arg("--api-key-file").arg(&key_file);
        let run = command
            .args(["--dry-run", text(&example("licence.png"))])
            .run();
        let run = run.exits(status);
        assert!(!run.err.contains(&KEY[..8]), "{run:?}");
    }
}

#[test]
fn wrong_usage_is_status_2() {
    let picture = example("licence.png");
    let picture = text(&picture);
    for arguments in [
        &["upload"][..],
        &["upload", "--no-such-flag", picture],
        &["upload", "--api-key", KEY, picture],
        &["upload", "--timeout", "0", picture],
        &["upload", "--concurrency", "0", picture],
        &["upload", "--sign-type", "sha1", picture],
        &["upload", "--endpoint", "https://localhost/path", picture],
        &["upload", "--endpoint", "http://localhost", picture],
        &["upload", "--sandbox", "--mch-id", "1", picture],
        &["sign"],
        &["sign", "no-equals-sign"],
        &["verify"],
        &["no-such-command"],
        &[],
    ] {
        let run = wxpay(arguments.iter().copied()).run().exits(2);
        assert!(
            !run.err.is_empty() && run.out.is_empty(),
            "{arguments:?}: {run:?}"
        );
    }
}

#[test]
fn help_and_version_are_there() {
    assert!(
        wxpay(["--version"])
            .run()
            .exits(0)
            .out
            .starts_with("wxpay 0.")
    );
    for arguments in [&["--help"][..], &["upload", "--help"], &["sandbox", "-h"]] {
        assert!(
            !wxpay(arguments.iter().copied())
                .run()
                .exits(0)
                .out
                .is_empty()
        );
    }
}
