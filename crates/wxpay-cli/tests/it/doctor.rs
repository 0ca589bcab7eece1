//! `wxpay doctor`: every check of a healthy sandbox is ok, and each fault has its check.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
    thread,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};

use crate::{
    config::{authority, issue},
    program::{KEY, PNG, Runnable},
    sandbox::Sandbox,
};

/// `wxpay doctor` with the settings of the sandbox in a folder.
fn doctor(folder: &Path, words: &str) -> Command {
    Sandbox::client(folder, &format!("doctor --json {words}"))
}

/// Asserts the status of the check with this name, at any endpoint, and a word of its detail or
/// advice.
fn assert_check(mut doctor: Command, exit: i32, check: &str, status: &str, word: &str) {
    let run = doctor.assert_exit(exit);
    run.assert_not(KEY);
    let lines = run.json();
    let found = lines.iter().find(|line| {
        let name = line["check"].as_str().unwrap();
        name == check || name.starts_with(&format!("{check} at "))
    });
    let line = found.unwrap_or_else(|| panic!("no {check}: {run:?}"));
    assert_eq!(line["status"], status, "{line}");
    assert!(line.to_string().contains(word), "{word}: {line}");
}

fn assert_fails(doctor: Command, check: &str, word: &str) {
    assert_check(doctor, 1, check, "failed", word);
}

#[test]
fn with_a_healthy_sandbox_all_is_ok() {
    let sandbox = Sandbox::new("");
    let run = doctor(sandbox.folder(), "").assert_exit(0);
    assert!(run.json().len() > 12, "{run:?}");
    for line in run.json() {
        assert_eq!(line["status"], "ok", "{line}");
    }
    let run = Sandbox::client(sandbox.folder(), "doctor").assert_exit(0);
    let is_ok = |line: &str| line.starts_with("ok      ");
    assert!(run.out.lines().all(is_ok), "{run:?}");
}

#[test]
fn wrong_settings_have_their_checks() {
    let sandbox = Sandbox::new("");
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
    for (check, words, word) in [
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
        assert_fails(doctor(folder, words), check, word);
    }
}

#[test]
fn expired_and_unknown_certificates_have_their_checks() {
    let sandbox = Sandbox::new("");
    let folder = sandbox.folder();
    // A client's certificate of an unknown authority.
    let issue = |change: &dyn Fn(&mut CertificateParams)| {
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        issue(&authority("unknown"), folder, "own", usage, |params| {
            let name = &mut params.distinguished_name;
            name.push(DnType::CommonName, "1900000109");
            change(params);
        });
    };
    let own = "WXPAY_CERT=own.pem WXPAY_KEY=own_key.pem";
    issue(&|params| params.not_after = date_time_ymd(2001, 1, 1));
    assert_fails(doctor(folder, own), "certificate validity", "2001");
    let soon = SystemTime::now() + Duration::from_secs(86_400 * 10);
    issue(&|params| params.not_after = soon.into());
    let validity = "certificate validity";
    assert_check(doctor(folder, own), 1, validity, "warning", "30 days");
    // An upload warns too.
    let mut upload = Sandbox::client(folder, "upload --dry-run");
    let run = upload.with(own).arg(PNG).assert_exit(0);
    run.assert_err("expires within 30 days");
    // Only the gateway knows that it did not issue the certificate.
    issue(&|_| {});
    assert_fails(doctor(folder, own), "client certificate", "does not accept");
}

#[test]
fn each_failed_step_to_an_endpoint_has_its_check() {
    let sandbox = Sandbox::new("");
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
    for (check, words, word) in [
        ("connection", &*nobody, "refused"),
        ("name", no_name, "no-such-host.invalid"),
        ("tls", "WXPAY_CA=", "unknown issuer"),
        ("tls", &elsewhere, "another name"),
        ("tls", &format!("--endpoint https://{plain}"), "TLS"),
        ("connection", &format!("--proxy http://{proxy}"), "403"),
    ] {
        assert_fails(doctor(folder, words), check, word);
    }
    let both = format!("--endpoint {} {nobody}", sandbox.origin);
    assert_check(doctor(folder, &both), 0, "answer", "ok", "");
}

#[test]
fn a_page_in_place_of_an_answer_has_its_check() {
    let sandbox = Sandbox::new("--fault certificate-page");
    let page = "certificate, says its page: 400";
    assert_fails(doctor(sandbox.folder(), ""), "answer", page);
    let check = "client certificate";
    assert_fails(doctor(sandbox.folder(), ""), check, "did not accept");
    let sandbox = Sandbox::new("--fault bad-gateway-page");
    let page = "a page with HTTP status 502";
    assert_fails(doctor(sandbox.folder(), ""), "answer", page);
    assert_check(doctor(sandbox.folder(), ""), 1, check, "unknown", "");
}

/// A server without TLS that sends this to each client.
fn answering(words: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().take(8).flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(words.as_bytes());
        }
    });
    addr
}
