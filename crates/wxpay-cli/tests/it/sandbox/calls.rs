//! The calls that `wxpay sandbox` prints and keeps, and its faults.

use std::fs::{self, File};

use super::Sandbox;
use crate::program::{KEY, PNG, Runnable, shell, text};

#[test]
fn faults_are_injected_by_a_flag_and_by_the_inspector() {
    let mut sandbox =
        Sandbox::new("--inspector 127.0.0.1:0 --fault system-error,next=1 --fault bom,file=*.jpg");
    let line = sandbox.line("inspector on ");
    let inspector = line.strip_prefix("inspector on ").unwrap();
    let curl = sandbox.curl();
    let upload = || shell(&curl);
    upload().assert_out("SYSTEMERROR");
    assert!(upload().out.starts_with("<xml>"));
    let ask = |words: &str| shell(&format!("curl --silent --noproxy '*' {inspector}/{words}"));
    ask("faults -d '{\"fault\": \"frequency-limited\", \"next\": 1}'");
    upload().assert_out("FREQUENCY_LIMITED");
    assert_eq!(ask("requests").json_line()[0]["number"], 3);
}

#[test]
fn calls_are_explained_in_both_languages() {
    for (words, sign, explained) in [
        ("--fault delay=1ms", "", "  fault: delay=1ms"),
        ("", "", "#1 POST \"/secapi/mch/uploadmedia\": accepted"),
        ("--lang zh", "x", "signature-unknown: 签名不正确"),
    ] {
        let mut sandbox = Sandbox::new(words);
        let curl = sandbox.curl();
        shell(&curl.replace("-F sign=", &format!("-F sign={sign}")));
        let run = sandbox.stop("INT").assert_exit(0);
        run.assert_err(explained);
    }
}

#[test]
fn calls_are_printed_as_json_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let mut sandbox = Sandbox::new(&format!("--json --keep {}", keep.display()));
    shell(&sandbox.curl());
    let run = sandbox.stop("INT").assert_exit(0);
    let call: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(call["file_name"], "sample.png");
    let kept = fs::read_dir(&keep).unwrap();
    let mut kept: Vec<_> = kept.map(|entry| entry.unwrap().path()).collect();
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
fn the_inspector_can_be_off_and_each_sandbox_has_its_own() {
    let mut off = Sandbox::new("--inspector off");
    assert!(off.line("").starts_with("credentials in "));
    let [mut one, mut other] = [(); 2].map(|()| Sandbox::new(""));
    assert_ne!(one.line("inspector on "), other.line("inspector on "));
}

#[test]
fn other_keys_are_tried() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.txt");
    fs::write(&other, format!("{KEY}\n")).unwrap();
    let sandbox = Sandbox::new(&format!("--other-key-file {}", text(&other)));
    let mut upload = Sandbox::client(sandbox.folder(), "upload");
    upload.env("WXPAY_API_KEY", KEY).arg(PNG).assert_exit(1);
    let run = sandbox.stop("INT").assert_exit(0);
    run.assert_err("signature-other-key").assert_not(KEY);
}

#[test]
fn unread_messages_stop_nothing() {
    // More messages than a pipe holds.
    for (words, calls) in [("", 700), ("--json", 200), ("-vv", 200)] {
        let sandbox = Sandbox::new(words);
        let mut upload = Sandbox::client(sandbox.folder(), "upload");
        let run = upload.args(vec![PNG; calls]).assert_exit(0);
        run.assert_lines(calls);
        assert_eq!(sandbox.stop_unread("TERM"), Some(0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_does_not_end_it() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut sandbox = Sandbox::start(Some(folder.path()), "", full.into());
    let curl = sandbox.curl();
    for _ in 0..3 {
        shell(&curl);
    }
}
