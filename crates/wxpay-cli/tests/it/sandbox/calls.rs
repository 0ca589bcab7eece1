//! The calls that `wxpay sandbox` prints and keeps, and its faults.

use std::{fs, process::Stdio};

use super::{Sandbox, shell};
use crate::program::{KEY, RunToEnd, example, text, wxpay};

/// Uploads with the curl command that it prints; what curl printed.
fn upload(sandbox: &mut Sandbox) -> String {
    let curl = sandbox.line("curl ");
    let run = shell(&format!("{} --silent --show-error", curl.trim_end()));
    run.assert_exit(0).out
}

#[test]
fn faults_by_flag_and_by_the_inspector() {
    let folder = tempfile::tempdir().unwrap();
    let dir = ["--dir", text(folder.path()), "--inspector", "127.0.0.1:0"];
    let faults = [
        "--fault",
        "system-error,next=1",
        "--fault",
        "bom,file=*.jpg",
    ];
    let mut sandbox = Sandbox::start(&[&dir[..], &faults].concat());
    let line = sandbox.line("inspector on ");
    let inspector = line.trim_end().strip_prefix("inspector on ").unwrap();
    let curl = sandbox.line("curl ");
    let upload = || {
        shell(&format!("{} --silent --show-error", curl.trim_end()))
            .assert_exit(0)
            .out
    };
    assert!(upload().contains("SYSTEMERROR"));
    assert!(upload().starts_with("<xml>"));
    let arm = "curl --silent --noproxy '*' -d '{\"fault\": \"frequency-limited\", \"next\": 1}'";
    shell(&format!("{arm} {inspector}/faults")).assert_exit(0);
    assert!(upload().contains("FREQUENCY_LIMITED"));
    let calls = shell(&format!("curl --silent --noproxy '*' {inspector}/requests")).assert_exit(0);
    assert_eq!(calls.json()[0][0]["number"], 3);
}

#[test]
fn calls_are_printed_in_blocks() {
    let mut sandbox = Sandbox::start_with(&["--fault", "delay=1ms"], Stdio::piped());
    upload(&mut sandbox);
    let run = sandbox.stop("INT").assert_exit(0);
    run.assert_err("#1 POST \"/secapi/mch/uploadmedia\": accepted");
    run.assert_err("  fault: delay=1ms");
}

#[test]
fn calls_are_explained_in_chinese() {
    let mut sandbox = Sandbox::start_with(&["--lang", "zh"], Stdio::piped());
    let curl = sandbox.line("curl ");
    shell(&curl.trim_end().replace("-F sign=", "-F sign=x")).assert_exit(0);
    let run = sandbox.stop("INT").assert_exit(0);
    run.assert_err("signature-unknown: 签名不正确");
}

#[test]
fn calls_that_nobody_reads_do_not_stop_it() {
    let mut sandbox = Sandbox::start_with(&[], Stdio::piped());
    let curl = sandbox.line("curl ");
    let many = curl
        .trim_end()
        .replace("uploadmedia", "'uploadmedia?[1-700]'");
    let run = shell(&format!("{many} --silent --show-error --max-time 120")).assert_exit(0);
    assert_eq!(run.out.matches("<media_id>").count(), 700);
    // Also told that it should end, it does.
    sandbox.stop("TERM").assert_exit(0);
}

#[test]
fn calls_are_printed_as_json_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let mut sandbox = Sandbox::start_with(&["--json", "--keep", text(&keep)], Stdio::piped());
    upload(&mut sandbox);
    let run = sandbox.stop("INT").assert_exit(0);
    let call: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(call["file_name"], "sample.png");
    let mut kept: Vec<_> = fs::read_dir(&keep)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    kept.sort();
    let [json, picture] = &kept[..] else {
        panic!("{kept:?}")
    };
    assert_eq!(fs::read_to_string(json).unwrap(), run.err.trim_end());
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.png");
    assert_eq!(fs::read(picture).unwrap(), fs::read(sample).unwrap());
    assert_eq!(picture.extension().unwrap(), "png");
}

#[test]
fn there_is_no_inspector_where_it_is_off() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--dir", text(folder.path()), "--inspector", "off"];
    let mut sandbox = Sandbox::start(&arguments);
    assert!(sandbox.line("").starts_with("credentials in "));
}

#[test]
fn two_sandboxes_have_an_inspector_each() {
    let [mut one, mut other] = [(); 2].map(|()| Sandbox::start(&[]));
    assert_ne!(one.line("inspector on "), other.line("inspector on "));
}

#[test]
fn a_wrong_fault_or_address_is_wrong_usage() {
    for (flag, value, why) in [
        (
            "--fault",
            "system-eror",
            "there is no fault \"system-eror\"",
        ),
        ("--fault", "bom,next=0", "next needs a number from 1"),
        (
            "--inspector",
            "8480",
            "neither an address with a port nor off",
        ),
        ("--inspector", "localhost", "neither an address"),
    ] {
        let run = wxpay(["sandbox", flag, value]).assert_exit(2);
        run.assert_err(why);
    }
}

#[test]
fn other_keys_are_tried() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, other) = (folder.path().join("dir"), folder.path().join("other.txt"));
    fs::write(&other, format!("{KEY}\n")).unwrap();
    let arguments = ["--dir", text(&dir), "--other-key-file", text(&other)];
    let sandbox = Sandbox::start_with(&arguments, Stdio::piped());
    let program = env!("CARGO_BIN_EXE_wxpay");
    let picture = example("licence.png");
    let upload = format!(
        ". '{}/env' && WXPAY_API_KEY={KEY} '{program}' upload '{}'",
        text(&dir),
        picture.canonicalize().unwrap().display()
    );
    shell(&upload).assert_exit(1);
    let run = sandbox.stop("INT").assert_exit(0);
    run.assert_err("signature-other-key");
    run.assert_not_err(KEY);
}

#[test]
fn messages_that_nobody_reads_stop_nothing() {
    for mode in ["--json", "-vv"] {
        let folder = tempfile::tempdir().unwrap();
        let arguments = [mode, "--dir", text(folder.path())];
        let sandbox = Sandbox::start_with(&arguments, Stdio::piped());
        // More than a pipe takes.
        let picture = example("licence.png");
        let upload = [&["upload"][..], &[text(&picture); 200]].concat();
        let variables = Sandbox::variables(folder.path());
        let run = wxpay(upload.iter().copied()).envs(variables).assert_exit(0);
        run.assert_lines(200);
        sandbox.stop_unread("TERM").assert_exit(0);
    }
}
