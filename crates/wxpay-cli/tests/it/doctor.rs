//! `wxpay doctor`: all is well with a healthy sandbox, and each fault has its name.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use crate::{
    certificates::{authority, issue},
    program::{KEY, RunToEnd, example, text, wxpay},
    sandbox::Sandbox,
};

/// A sandbox, and the settings for it.
struct Running {
    sandbox: Sandbox,
    variables: Vec<(String, String)>,
}

impl Running {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let sandbox = Sandbox::start(&[&["--dir", text(folder)], arguments].concat());
        // All of its files are there when it listens.
        let variables = Sandbox::variables(folder);
        Self { sandbox, variables }
    }

    fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables
            .iter()
            .map(|(name, value)| (&**name, &**value))
    }

    fn origin(&self) -> &str {
        &self.sandbox.origin
    }
}

/// `wxpay doctor` with the settings of a sandbox.
fn doctor(sandbox: &Running) -> Command {
    let mut command = wxpay(["doctor", "--json"]);
    command.envs(sandbox.variables());
    command
}

/// Status and detail of the check with this name, the part at an endpoint left out.
fn status(command: &mut Command, exit: i32, check: &str) -> (String, String) {
    let run = command.run().exits(exit);
    assert!(!run.out.contains(KEY), "{run:?}");
    let lines = run.json();
    let found = lines.iter().find(|line| {
        let name = line["check"].as_str().unwrap();
        name == check || name.starts_with(&format!("{check} at "))
    });
    let line = found.unwrap_or_else(|| panic!("no {check}: {run:?}"));
    let field = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    (field("status"), field("detail") + "; " + &field("advice"))
}

fn fails(command: &mut Command, check: &str, word: &str) {
    let (status, detail) = status(command, 1, check);
    assert_eq!(status, "failed", "{check}: {detail}");
    assert!(detail.contains(word), "{check}: {detail}");
}

#[test]
fn with_a_healthy_sandbox_all_is_ok() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path());
    let run = doctor(&sandbox).run().exits(0);
    assert!(run.json().len() > 12, "{run:?}");
    for line in run.json() {
        assert_eq!(line["status"], "ok", "{line}");
    }
    // For people: a line each.
    let run = wxpay(["doctor"]).envs(sandbox.variables()).run().exits(0);
    assert!(
        run.out.lines().all(|line| line.starts_with("ok      ")),
        "{run:?}"
    );
}

#[test]
fn wrong_settings_have_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path());
    let file = |name: &str, contents: &str| {
        let path = folder.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    };
    let p12 = folder.path().join("apiclient_cert.p12");

    fails(
        doctor(&sandbox).env("WXPAY_MCH_ID", ""),
        "merchant id",
        "--mch-id",
    );
    fails(
        doctor(&sandbox).env("WXPAY_API_KEY", ""),
        "api key",
        "--api-key-file",
    );
    fails(
        doctor(&sandbox).env("WXPAY_API_KEY", "short"),
        "api key",
        "32",
    );
    fails(
        doctor(&sandbox).env("WXPAY_SIGN_TYPE", "sha1"),
        "sign type",
        "WXPAY_SIGN_TYPE",
    );
    let neither = [("WXPAY_CERT", ""), ("WXPAY_KEY", "")];
    fails(doctor(&sandbox).envs(neither), "certificate file", "--p12");
    fails(
        doctor(&sandbox).env("WXPAY_KEY", ""),
        "certificate file",
        "--key",
    );
    fails(
        doctor(&sandbox).env("WXPAY_CERT", "/nowhere"),
        "certificate file",
        "/nowhere",
    );
    fails(
        doctor(&sandbox).env("WXPAY_P12", &p12),
        "certificate file",
        "WXPAY_P12",
    );
    let empty = file("empty.p12", "");
    fails(
        doctor(&sandbox).args(["--p12", text(&empty)]),
        "certificate file",
        "empty",
    );
    let password = file("password.txt", "wrong\n");
    fails(
        doctor(&sandbox).args(["--p12", text(&p12), "--p12-password-file", text(&password)]),
        "certificate file",
        "password",
    );
    let other = file("other.pem", &KeyPair::generate().unwrap().serialize_pem());
    fails(
        doctor(&sandbox).args(["--key", text(&other)]),
        "private key",
        "does not belong",
    );
    fails(
        doctor(&sandbox).args(["--mch-id", "5"]),
        "certificate merchant",
        "1900000109",
    );
    fails(
        doctor(&sandbox).env("WXPAY_CA", text(&password)),
        "network",
        "WXPAY_CA",
    );
    fails(
        doctor(&sandbox).env("WXPAY_ENDPOINT", "http://a"),
        "endpoints",
        "https://",
    );
}

/// A client's certificate of an unknown authority.
fn certificate(
    folder: &Path,
    change: impl FnOnce(&mut CertificateParams),
) -> [(&'static str, PathBuf); 2] {
    let usage = ExtendedKeyUsagePurpose::ClientAuth;
    issue(&authority("unknown"), folder, "strange", usage, |params| {
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "1900000109");
        change(params);
    });
    [
        ("WXPAY_CERT", "strange.pem"),
        ("WXPAY_KEY", "strange_key.pem"),
    ]
    .map(|(variable, name)| (variable, folder.join(name)))
}

#[test]
fn certificates_that_do_not_hold_have_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path());
    let expired = certificate(folder.path(), |params| {
        params.not_after = date_time_ymd(2001, 1, 1);
    });
    fails(
        doctor(&sandbox).envs(expired),
        "certificate validity",
        "2001",
    );
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400 * 10);
    let soon = certificate(folder.path(), |params| params.not_after = soon.into());
    let (warned, detail) = status(doctor(&sandbox).envs(soon), 1, "certificate validity");
    assert_eq!(warned, "warning", "{detail}");
    // Whole and in time, but nobody's: only the gateway can tell.
    let strange = certificate(folder.path(), |_| {});
    fails(
        doctor(&sandbox).envs(strange),
        "client certificate",
        "does not accept",
    );
}

#[test]
fn what_is_wrong_on_the_way_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path());
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("https://{free}");
    fails(
        doctor(&sandbox).args(["--endpoint", &nobody]),
        "connection",
        "refused",
    );
    fails(
        doctor(&sandbox).args(["--endpoint", "https://no-such-host.invalid"]),
        "name",
        "no-such-host.invalid",
    );
    fails(
        doctor(&sandbox).env("WXPAY_CA", ""),
        "tls",
        "unknown issuer",
    );
    let port = sandbox.origin().rsplit_once(':').unwrap().1.to_owned();
    let elsewhere = format!("https://gateway.test:{port}");
    let resolve = format!("gateway.test:{port}:127.0.0.1");
    fails(
        doctor(&sandbox).args(["--endpoint", &elsewhere, "--resolve", &resolve]),
        "tls",
        "another name",
    );
    let plain = answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    fails(
        doctor(&sandbox).args(["--endpoint", &format!("https://{plain}")]),
        "tls",
        "TLS",
    );
    let proxy = answering("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    fails(
        doctor(&sandbox).args(["--proxy", &format!("http://{proxy}")]),
        "connection",
        "403",
    );
    let (status, detail) = status(
        doctor(&sandbox).args(["--endpoint", sandbox.origin(), "--endpoint", &nobody]),
        0,
        "answer",
    );
    assert_eq!(status, "ok", "{detail}");
}

#[test]
fn a_page_in_place_of_an_answer_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start_with(folder.path(), &["--fault", "certificate-page"]);
    let mut command = doctor(&sandbox);
    fails(&mut command, "answer", "certificate, says its page: 400");
    fails(&mut command, "client certificate", "did not accept");

    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start_with(folder.path(), &["--fault", "bad-gateway-page"]);
    let mut command = doctor(&sandbox);
    fails(&mut command, "answer", "a page with HTTP status 502");
    let (status, detail) = status(&mut command, 1, "client certificate");
    assert_eq!(status, "unknown", "{detail}");
}

/// A server without TLS, which says this to whoever connects.
fn answering(words: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().take(8).flatten() {
            let mut stream = stream;
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ = stream.write_all(words.as_bytes());
        }
    });
    addr
}

#[test]
fn an_upload_warns_of_a_certificate_that_expires_soon_on_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Running::start(folder.path());
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400 * 10);
    let soon = certificate(folder.path(), |params| params.not_after = soon.into());
    let run = wxpay(["upload", "--dry-run", text(&example("licence.png"))])
        .envs(sandbox.variables())
        .envs(soon)
        .run()
        .exits(0);
    assert!(run.err.contains("expires within 30 days"), "{run:?}");
}
