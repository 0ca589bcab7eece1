//! Uploads to a gateway that is not ours: Python's TLS, Python's reading of the form.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    certificates::{authority, issue},
    program::{KEY, Run, RunToEnd, example, text, wxpay},
};

/// The Python gateway, with certificates of its own; it ends when this is dropped.
struct Gateway {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Gateway {
    fn start(mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let file = |name: &str| folder.path().join(name);
        fs::write(file("api_key.txt"), format!("{KEY}\n")).unwrap();
        let settings = json!({
            "mode": mode,
            "api_key": KEY,
            "mch_id": "1900000109",
            "cert": file("server.pem"),
            "key": file("server_key.pem"),
            "ca": file("ca.pem"),
        });
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/gateway.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 must be installed");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().parse().expect("the gateway prints its port");
        Self {
            folder,
            port,
            child,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Uploads with the right settings, but for those among these arguments.
    fn upload(&self, more: &[&str]) -> Run {
        self.command("upload", more).run()
    }

    /// The program with the right settings, but for those among these arguments.
    fn command(&self, verb: &str, more: &[&str]) -> Command {
        let file = |name: &str| text(&self.file(name)).to_owned();
        let mut command = wxpay([verb]);
        for (flag, value) in [
            ("--mch-id", "1900000109".to_owned()),
            ("--api-key-file", file("api_key.txt")),
            ("--cert", file("client.pem")),
            ("--key", file("client_key.pem")),
            ("--endpoint", format!("https://localhost:{}", self.port)),
            ("--ca", file("ca.pem")),
        ] {
            if !more.contains(&flag) {
                command.args([flag, &value]);
            }
        }
        command.args(more);
        command
    }

    /// Uploads one picture and expects one failure, as JSON.
    fn failure(&self, more: &[&str]) -> Value {
        let picture = example("licence.png");
        let arguments = [&[text(&picture), "--json"], more].concat();
        let run = self.upload(&arguments).assert_exit(1);
        let [line] = run.json().try_into().unwrap();
        line["error"].clone()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority, a server for `localhost`, a client, and another authority.
fn certificates(folder: &Path) {
    let ca = authority("a test's own authority");
    fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    let other = authority("another authority").pem();
    fs::write(folder.join("other_ca.pem"), other).unwrap();
    let (server, client) = (
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    );
    issue(&ca, folder, "server", server, |_| {});
    issue(&ca, folder, "client", client, |_| {});
}

#[test]
fn a_picture_arrives_by_either_algorithm() {
    let gateway = Gateway::start("honest");
    let picture = example("licence.jpg");
    let size = fs::metadata(&picture).unwrap().len().to_string();
    for sign_type in ["md5", "hmac-sha256"] {
        let signed = [
            "--strict-reply-sign",
            "--sign-type",
            sign_type,
            text(&picture),
        ];
        let run = gateway.upload(&signed).assert_exit(0);
        let (id, path) = run.out.trim_end().split_once("  ").unwrap();
        assert!(id.ends_with(&size), "{run:?}");
        assert_eq!(path, text(&picture));
    }
}

#[test]
fn two_pictures_with_one_media_id_are_a_warning() {
    let gateway = Gateway::start("replay");
    let (one, other) = (example("licence.jpg"), example("licence.png"));
    let run = gateway.upload(&[text(&one), text(&one)]).assert_exit(0);
    assert_eq!(run.err, "");
    let run = gateway.upload(&[text(&one), text(&other)]).assert_exit(0);
    run.assert_err("two pictures have the media id same");
}

#[test]
fn a_reply_signed_with_md5_is_taken_unless_strict() {
    let gateway = Gateway::start("md5-reply");
    let picture = example("licence.bmp");
    gateway.upload(&[text(&picture)]).assert_exit(0);
    let error = gateway.failure(&["--strict-reply-sign"]);
    assert_eq!(error["kind"], "signature");
}

#[test]
fn wrong_credentials_are_told_apart() {
    let gateway = Gateway::start("honest");
    let other_key = gateway.file("other_key.txt");
    fs::write(&other_key, "0".repeat(32)).unwrap();

    for (wrong, code) in [
        (["--api-key-file", text(&other_key)], "SIGNERROR"),
        (["--mch-id", "1900000110"], "PARAM_ERROR"),
    ] {
        let error = gateway.failure(&wrong);
        assert_eq!(error["kind"], "gateway", "{error}");
        assert_eq!(error["code"], code, "{error}");
        assert_eq!(error["retryable"], false, "{error}");
    }
}

#[test]
fn another_authority_is_not_trusted() {
    let gateway = Gateway::start("honest");
    let error = gateway.failure(&["--ca", text(&gateway.file("other_ca.pem"))]);
    assert_eq!(error["kind"], "tls");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("unknown issuer"), "{error}");
}

#[test]
fn each_bad_answer_has_its_kind() {
    for (mode, kind, code, retryable) in [
        ("huge", "http", Value::Null, false),
        ("xxe", "xml", Value::Null, false),
        ("unsigned", "signature", Value::Null, false),
        ("page", "http", Value::Null, true),
        ("certificate", "tls", Value::Null, false),
        ("busy", "gateway", Value::Null, true),
    ] {
        let error = Gateway::start(mode).failure(&[]);
        assert_eq!(error["kind"], kind, "{mode}: {error}");
        assert_eq!(error["code"], code, "{mode}: {error}");
        assert_eq!(error["retryable"], retryable, "{mode}: {error}");
        // An entity is not read: the message holds its declaration, and nothing of the file.
        let message = error["message"].as_str().unwrap();
        assert!(!message.contains("root:"), "{error}");
        assert!(!error["advice"].as_str().unwrap().is_empty(), "{error}");
    }
}

#[test]
fn a_gateway_that_hangs_is_left_at_the_deadline() {
    let error = Gateway::start("hang").failure(&["--timeout", "0.5"]);
    assert_eq!(error["kind"], "timeout", "{error}");
    assert_eq!(error["retryable"], true, "{error}");
}

#[test]
fn files_are_independent_and_printed_in_their_order() {
    let gateway = Gateway::start("honest");
    let [jpg, png, bmp] = ["licence.jpg", "licence.png", "licence.bmp"].map(example);
    let text_file = gateway.file("text.jpg");
    fs::write(&text_file, "no picture").unwrap();
    let files = [&jpg, &text_file, &png, &bmp].map(|path| text(path));

    let run = gateway
        .upload(&[&["--json"][..], &files].concat())
        .assert_exit(1);

    let lines = run.json();
    let printed = lines.iter().map(|line| line["file"].as_str().unwrap());
    assert_eq!(printed.collect::<Vec<_>>(), files);
    assert_eq!(lines[1]["error"]["kind"], "image");
    let keys = lines[0].as_object().unwrap().keys();
    assert_eq!(
        keys.map(String::as_str).collect::<Vec<_>>().join(" "),
        "attempts bytes endpoint file media_hash media_id"
    );
    assert_eq!(lines[0]["attempts"], 1);
    let endpoint = format!("https://localhost:{}", gateway.port);
    assert_eq!(lines[0]["endpoint"], endpoint);
}

#[test]
fn doctor_reads_its_clock_and_its_refusal() {
    for (mode, clock) in [("honest", "ok"), ("yesterday", "warning")] {
        let gateway = Gateway::start(mode);
        let run = gateway.command("doctor", &["--json"]).assert_exit(0);
        let status = |check: &str| {
            let lines = run.json();
            let starts = |line: &&Value| line["check"].as_str().unwrap().starts_with(check);
            lines.iter().find(starts).unwrap()["status"].clone()
        };
        assert_eq!(status("clock"), clock, "{run:?}");
        assert_eq!(status("answer"), "ok", "{run:?}");
        assert_eq!(status("client certificate"), "ok", "{run:?}");
        // The certificates of this test name no merchant.
        assert_ne!(status("certificate merchant"), "failed", "{run:?}");
    }
}
