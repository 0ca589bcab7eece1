//! `wxpay doctor`: all is well with a healthy sandbox, and each fault has its name.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use crate::{
    certificates::{authority, issue},
    program::{KEY, RunToEnd, example, text},
    sandbox::Sandbox,
};

/// `wxpay doctor` with the settings of the sandbox in a folder.
fn doctor(folder: &Path) -> Command {
    Sandbox::client(folder, &["doctor", "--json"])
}

/// Status and detail of the check with this name, the part at an endpoint left out.
fn status(command: &mut Command, exit: i32, check: &str) -> (String, String) {
    let run = command.assert_exit(exit);
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

fn assert_fails(command: &mut Command, check: &str, word: &str) {
    let (status, detail) = status(command, 1, check);
    assert_eq!(status, "failed", "{check}: {detail}");
    assert!(detail.contains(word), "{check}: {detail}");
}

#[test]
fn with_a_healthy_sandbox_all_is_ok() {
    let sandbox = Sandbox::new(&[]);
    let run = doctor(sandbox.folder()).assert_exit(0);
    assert!(run.json().len() > 12, "{run:?}");
    for line in run.json() {
        assert_eq!(line["status"], "ok", "{line}");
    }
    // For people: a line each.
    let run = Sandbox::client(sandbox.folder(), &["doctor"]).assert_exit(0);
    let is_ok = |line: &str| line.starts_with("ok      ");
    assert!(run.out.lines().all(is_ok), "{run:?}");
}

#[test]
fn wrong_settings_have_their_names() {
    let sandbox = Sandbox::new(&[]);
    let folder = sandbox.folder();
    let other = KeyPair::generate().unwrap().serialize_pem();
    for (name, contents) in [
        ("empty.p12", ""),
        ("wrong.txt", "wrong\n"),
        ("other.pem", &other),
    ] {
        fs::write(folder.join(name), contents).unwrap();
    }
    let wrong_password = "--p12 apiclient_cert.p12 --p12-password-file wrong.txt";
    for (check, settings, word) in [
        ("merchant id", "WXPAY_MCH_ID=", "--mch-id"),
        ("api key", "WXPAY_API_KEY=", "--api-key-file"),
        ("api key", "WXPAY_API_KEY=short", "32"),
        ("sign type", "WXPAY_SIGN_TYPE=sha1", "WXPAY_SIGN_TYPE"),
        ("rate", "WXPAY_RATE=fast", "WXPAY_RATE"),
        ("timeouts", "WXPAY_TIMEOUT=0", "WXPAY_TIMEOUT"),
        ("timeouts", "WXPAY_STALL_TIMEOUT=x", "WXPAY_STALL_TIMEOUT"),
        ("certificate file", "WXPAY_CERT= WXPAY_KEY=", "--p12"),
        ("certificate file", "WXPAY_KEY=", "--key"),
        ("certificate file", "WXPAY_CERT=/nowhere", "/nowhere"),
        ("certificate file", "WXPAY_P12=own.p12", "WXPAY_P12"),
        ("certificate file", "--p12 empty.p12", "empty"),
        ("certificate file", wrong_password, "password"),
        ("private key", "--key other.pem", "does not belong"),
        ("certificate merchant", "--mch-id 5", "1900000109"),
        ("network", "WXPAY_CA=wrong.txt", "WXPAY_CA"),
        ("endpoints", "WXPAY_ENDPOINT=http://a", "https://"),
    ] {
        assert_fails(doctor(folder).with(settings), check, word);
    }
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
    let sandbox = Sandbox::new(&[]);
    let folder = sandbox.folder();
    let expired = certificate(folder, |params| {
        params.not_after = date_time_ymd(2001, 1, 1);
    });
    assert_fails(doctor(folder).envs(expired), "certificate validity", "2001");
    let soon = SystemTime::now() + Duration::from_secs(86_400 * 10);
    let soon = certificate(folder, |params| params.not_after = soon.into());
    let (warned, detail) = status(doctor(folder).envs(soon.clone()), 1, "certificate validity");
    assert_eq!(warned, "warning", "{detail}");
    // An upload says so on stderr.
    let picture = example("licence.png");
    Sandbox::client(folder, &["upload", "--dry-run", text(&picture)])
        .envs(soon)
        .assert_exit(0)
        .assert_err("expires within 30 days");
    // The gateway alone knows that it did not issue it.
    let strange = certificate(folder, |_| {});
    let check = "client certificate";
    assert_fails(doctor(folder).envs(strange), check, "does not accept");
}

#[test]
fn what_is_wrong_on_the_way_has_its_name() {
    let sandbox = Sandbox::new(&[]);
    let folder = sandbox.folder();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("--endpoint https://{}", free.local_addr().unwrap());
    drop(free);
    let port = sandbox.origin.rsplit_once(':').unwrap().1;
    let elsewhere =
        format!("--endpoint https://gateway.test:{port} --resolve gateway.test:{port}:127.0.0.1");
    let plain = answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let proxy = answering("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    let no_name = "--endpoint https://no-such-host.invalid";
    for (check, settings, word) in [
        ("connection", &*nobody, "refused"),
        ("name", no_name, "no-such-host.invalid"),
        ("tls", "WXPAY_CA=", "unknown issuer"),
        ("tls", &elsewhere, "another name"),
        ("tls", &format!("--endpoint https://{plain}"), "TLS"),
        ("connection", &format!("--proxy http://{proxy}"), "403"),
    ] {
        assert_fails(doctor(folder).with(settings), check, word);
    }
    let both = format!("--endpoint {} {nobody}", sandbox.origin);
    let (status, detail) = status(doctor(folder).with(&both), 0, "answer");
    assert_eq!(status, "ok", "{detail}");
}

#[test]
fn a_page_in_place_of_an_answer_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    {
        let _sandbox = Sandbox::in_folder_with(folder, &["--fault", "certificate-page"]);
        assert_fails(
            &mut doctor(folder),
            "answer",
            "certificate, says its page: 400",
        );
        assert_fails(&mut doctor(folder), "client certificate", "did not accept");
    }
    let _sandbox = Sandbox::in_folder_with(folder, &["--fault", "bad-gateway-page"]);
    assert_fails(&mut doctor(folder), "answer", "a page with HTTP status 502");
    let (status, detail) = status(&mut doctor(folder), 1, "client certificate");
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
