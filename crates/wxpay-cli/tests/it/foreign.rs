//! Uploads to a gateway in Python, with a TLS and a reading of the form that are not ours.

use std::{
    fs,
    io::BufReader,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    config::{authority, issue},
    program::{BMP, JPG, KEY, PNG, Runnable, next_line, text, wxpay},
    serve::{Serve, until},
};

/// The Python gateway, with certificates of its own; it ends on drop.
struct Gateway {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Gateway {
    fn start(mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let ca = authority("a test's own authority");
        fs::write(file("ca.pem"), ca.pem()).unwrap();
        let other = authority("another authority").pem();
        fs::write(file("other_ca.pem"), other).unwrap();
        issue(&ca, folder.path(), "server", ServerAuth, |_| {});
        issue(&ca, folder.path(), "client", ClientAuth, |_| {});
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
        let line = next_line(&mut BufReader::new(child.stdout.as_mut().unwrap()));
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

    /// The program with the right settings, except for those among these words.
    fn command(&self, words: &str) -> Command {
        let endpoint = format!("https://localhost:{}", self.port);
        let mut command = wxpay("");
        command.current_dir(self.folder.path()).with(words);
        for (flag, value) in [
            ("--mch-id", "1900000109"),
            ("--api-key-file", "api_key.txt"),
            ("--cert", "client.pem"),
            ("--key", "client_key.pem"),
            ("--endpoint", &endpoint),
            ("--ca", "ca.pem"),
        ] {
            if !words.contains(flag) {
                command.args([flag, value]);
            }
        }
        command
    }

    /// Uploads one picture, which fails; returns the error.
    fn failure(&self, words: &str) -> Value {
        let mut command = self.command(&format!("upload --json {words}"));
        let run = command.arg(PNG).assert_exit(1);
        run.json_line()["error"].clone()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_picture_arrives_by_either_algorithm() {
    let gateway = Gateway::start("honest");
    let size = fs::metadata(JPG).unwrap().len().to_string();
    for sign_type in ["md5", "hmac-sha256"] {
        let words = format!("upload --strict-reply-sign --sign-type {sign_type}");
        let run = gateway.command(&words).arg(JPG).assert_exit(0);
        let (id, path) = run.out.trim_end().split_once("  ").unwrap();
        assert!(id.ends_with(&size), "{run:?}");
        assert_eq!(path, JPG);
    }
}

#[test]
fn two_pictures_with_one_media_id_are_a_warning() {
    let gateway = Gateway::start("replay");
    let run = gateway.command("upload").args([JPG, JPG]).assert_exit(0);
    assert_eq!(run.err, "");
    let run = gateway.command("upload").args([JPG, PNG]).assert_exit(0);
    run.assert_err("two pictures have the media id same");

    let words = format!(
        "--mch-id 1900000109 --api-key-file api_key.txt --cert client.pem --key client_key.pem \
         --ca ca.pem --endpoint https://localhost:{}",
        gateway.port
    );
    let serve = Serve::start(gateway.folder.path(), &words);
    let upload = |picture: &str| {
        let (status, answer) = serve.post("?reuse=never", &fs::read(picture).unwrap());
        assert_eq!(status, 200, "{answer}");
        fs::read_to_string(gateway.file("stderr.txt")).unwrap()
    };
    let warning = "two pictures have the media id same";
    assert!(![JPG, JPG].map(upload).concat().contains(warning));
    upload(PNG);
    until(|| upload(PNG).contains(warning));
}

#[test]
fn wrong_credentials_have_different_codes() {
    let gateway = Gateway::start("honest");
    fs::write(gateway.file("other_key.txt"), "0".repeat(32)).unwrap();
    for (wrong, code) in [
        ("--api-key-file other_key.txt", "SIGNERROR"),
        ("--mch-id 1900000110", "PARAM_ERROR"),
    ] {
        let error = gateway.failure(wrong);
        assert_eq!(error["kind"], "gateway", "{error}");
        assert_eq!(error["code"], code, "{error}");
        assert_eq!(error["retryable"], false, "{error}");
    }
    let error = gateway.failure("--ca other_ca.pem");
    assert_eq!(error["kind"], "tls");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("unknown issuer"), "{error}");
}

#[test]
fn an_answer_without_end_and_an_entity_that_names_a_file_are_refused() {
    for (mode, kind) in [("huge", "http"), ("xxe", "xml")] {
        let error = Gateway::start(mode).failure("");
        assert_eq!(error["kind"], kind, "{error}");
        assert_eq!(error["retryable"], false, "{error}");
        // The message holds the declaration of the entity, and nothing of the file.
        assert!(!error.to_string().contains("root:"), "{error}");
    }
}

#[test]
fn files_are_independent_and_printed_in_their_order() {
    let gateway = Gateway::start("honest");
    let text_file = gateway.file("text.jpg");
    fs::write(&text_file, "no picture").unwrap();
    let files = [JPG, text(&text_file), PNG, BMP];
    let mut command = gateway.command("upload --json");
    let lines = command.args(files).assert_exit(1).json();
    let printed = lines.iter().map(|line| line["file"].as_str().unwrap());
    assert_eq!(printed.collect::<Vec<_>>(), files);
    assert_eq!(lines[1]["error"]["kind"], "image");
    let endpoint = format!("https://localhost:{}", gateway.port);
    assert_eq!(lines[0]["endpoint"], endpoint);
}

#[test]
fn doctor_checks_the_clock_and_the_refusal() {
    for (mode, clock) in [("honest", "ok"), ("yesterday", "warning")] {
        let gateway = Gateway::start(mode);
        let run = gateway.command("doctor --json").assert_exit(0);
        let lines = run.json();
        let status = |check: &str| {
            let starts = |line: &&Value| line["check"].as_str().unwrap().starts_with(check);
            lines.iter().find(starts).unwrap()["status"].as_str()
        };
        assert_eq!(status("clock"), Some(clock), "{run:?}");
        assert_eq!(status("answer"), Some("ok"), "{run:?}");
        assert_eq!(status("client certificate"), Some("ok"), "{run:?}");
        // The certificates of this test name no merchant.
        assert_eq!(status("certificate merchant"), Some("unknown"), "{run:?}");
    }
}
