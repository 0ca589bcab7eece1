//! The routes of the inspector, for its page and for scripts.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use wxpay_sandbox::Sandbox;

use crate::support::{Bench, CURL, IDENTITY, PICTURE, PNG};

/// Asks the inspector with curl; the status and the body, the head before it where `--include` is
/// given.
fn ask(bench: &Bench, path: &str, arguments: &[&str]) -> (String, String) {
    let addr = bench.sandbox.inspector_addr().unwrap();
    let url = format!("http://{addr}{path}");
    let shown = ["--write-out", "%{http_code}", &url];
    let mut out = bench.run("curl", &[&CURL[..], arguments, &shown].concat());
    let status = out.split_off(out.len() - 3);
    (status, out)
}

fn get(bench: &Bench, path: &str) -> String {
    let (status, body) = ask(bench, path, &["-H", "Accept: text/html"]);
    assert_eq!(status, "200", "{path}: {body}");
    body
}

fn json(bench: &Bench, path: &str, arguments: &[&str]) -> Value {
    serde_json::from_str(&ask(bench, path, arguments).1).unwrap()
}

#[test]
fn the_page_is_static_and_loads_nothing_from_elsewhere() {
    let bench = Bench::inspected();
    let page = get(&bench, "/");
    assert!(page.contains("<script src=\"/inspector.js\""), "{page}");
    for path in ["/", "/inspector.js", "/inspector.css", "/words.js"] {
        let file = get(&bench, path);
        for word in ["//cdn", "https://", "innerHTML", "eval("] {
            assert!(!file.contains(word), "{path} has {word}");
        }
    }
    bench.assert_uploads();
    // Calls come as JSON, so the page is the same at the address of each.
    assert_eq!(get(&bench, "/"), page);
    assert_eq!(get(&bench, "/requests/1"), page);
    let gateway = json(&bench, "/gateway", &[]);
    assert_eq!(gateway["origin"], bench.sandbox.origin());
    assert_eq!(gateway["mch_id"], "1900000109");
    let effects = gateway["effects"].as_array().unwrap();
    assert!(effects.contains(&"system-error".into()), "{effects:?}");
}

#[test]
fn the_bytes_of_a_request_are_exact_while_its_picture_is_remembered() {
    let bench = Bench::inspected();
    bench.assert_uploads();
    let output = ["--dump-header", "-", "--output", "out"];
    let (_, head) = ask(&bench, "/requests/1/body", &output);
    assert!(head.contains("x-body-cut: false"), "{head}");
    let bytes = std::fs::read(bench.path("out")).unwrap();
    let call = json(&bench, "/requests/1", &[]);
    assert_eq!(call["body_length"], bytes.len());
    assert!(bytes.windows(PICTURE.len()).any(|it| it == PICTURE));
    // The record keeps the beginning of a body that is no form.
    bench.write("long", "x".repeat(100_000));
    bench.curl(&["--data-binary", "@long", &bench.url]);
    let (_, body) = ask(&bench, "/requests/2/body", &["--include"]);
    assert!(body.contains("x-body-cut: true"), "{body:.500}");
    assert!(body.ends_with(&"x".repeat(8192)));
}

#[test]
fn calls_are_listed_and_cleared() {
    let bench = Bench::inspected();
    bench.assert_uploads();
    bench.assert_uploads();
    let calls = json(&bench, "/requests", &[]);
    let recorded = bench.sandbox.requests();
    assert_eq!(calls, json!([*recorded[1], *recorded[0]]));
    let accept = ["-H", "Accept: application/json"];
    assert_eq!(json(&bench, "/requests/1", &accept), calls[1]);
    for path in ["/requests/3", "/requests/x", "/else"] {
        assert_eq!(ask(&bench, path, &[]).0, "404");
    }
    assert_eq!(ask(&bench, "/requests", &["-X", "DELETE"]).0, "200");
    assert_eq!(ask(&bench, "/requests", &[]).1, "[]");
    assert_eq!(bench.sandbox.media(1), None);
    bench.assert_uploads();
    assert_eq!(json(&bench, "/requests", &[])[0]["number"], 3);
}

#[test]
fn texts_and_files_of_clients_stay_inert() {
    let bench = Bench::inspected();
    bench.write("test.jpg", "<script>alert(1)</script>");
    let media = "media=@test.jpg;filename=<script>alert(2)</script>";
    let more = ["more=x<img src=x onerror=alert(1)>"];
    bench.send_changed(&more, "media", media);
    for path in ["/", "/requests/1"] {
        assert!(!get(&bench, path).contains("alert("), "{path}");
    }
    let (_, call) = ask(&bench, "/requests/1", &["--include"]);
    assert!(call.contains("content-type: application/json"), "{call}");
    assert!(call.contains("<script>alert(2)</script>"), "{call}");
    let (_, media) = ask(&bench, "/requests/1/media", &["--include"]);
    for header in [
        "content-type: application/octet-stream",
        "content-disposition: attachment",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; sandbox",
    ] {
        assert!(media.contains(header), "{header}: {media}");
    }
    let (_, page) = ask(&bench, "/", &["--include"]);
    let policy = "content-security-policy: default-src 'none'; script-src 'self'";
    assert!(page.contains(policy), "{page}");
    // The media type of a picture comes from its bytes, not from the client.
    bench.write("test.jpg", PNG);
    bench.assert_uploads();
    let (_, media) = ask(&bench, "/requests/2/media", &["--head"]);
    assert!(media.contains("content-type: image/png"), "{media}");
}

#[test]
fn faults_are_injected_by_scripts() {
    let bench = Bench::inspected();
    let fault = ["-d", r#"{"fault": "system-error", "next": 1}"#];
    assert_eq!(json(&bench, "/faults", &fault)[0]["id"], 1);
    assert_eq!(bench.send(&[]).get("err_code"), Some("SYSTEMERROR"));
    bench.assert_uploads();
    let faults = ["--json", r#"["bom,next=1", {"fault": "rate=9"}]"#];
    assert_eq!(ask(&bench, "/faults", &faults).0, "201");
    let all = json!([
        {"id": 1, "fault": "system-error", "next": 1, "hits": 1, "spent": true, "text": "system-error,next=1"},
        {"id": 2, "fault": "bom", "next": 1, "hits": 0, "spent": false, "text": "bom,next=1"},
        {"id": 3, "fault": "rate=9", "hits": 0, "spent": false, "text": "rate=9"},
    ]);
    assert_eq!(json(&bench, "/faults", &[]), all);
    assert_eq!(ask(&bench, "/faults/2", &["-X", "DELETE"]).0, "200");
    assert_eq!(ask(&bench, "/faults/2", &["-X", "DELETE"]).0, "404");
    assert_eq!(ask(&bench, "/faults", &["-X", "DELETE"]).1, "[]");

    for (body, why) in [
        (r#"{"fault": "bim"}"#, "there is no fault"),
        ("{", "EOF"),
        ("", "there is no fault"),
        ("[1]", "a fault, as"),
        ("fault=bom&when=1", "there is no condition"),
        ("fault=bom&next=x", "next needs a number from 1"),
    ] {
        let (status, said) = ask(&bench, "/faults", &["--json", body]);
        assert_eq!(status, "400", "{body}");
        assert!(said.contains(why), "{body}: {said}");
    }
    let many = serde_json::to_string(&vec!["bom"; 1001]).unwrap();
    assert_eq!(ask(&bench, "/faults", &["--json", &many]).0, "409");
    assert!(bench.sandbox.faults().is_empty());
    bench.write("huge", vec![b' '; 100_000]);
    let (status, said) = ask(&bench, "/faults", &["--data-binary", "@huge"]);
    assert_eq!(status, "400");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["error"], "the body is too large or too slow");
}

#[test]
fn faults_are_injected_by_forms() {
    let bench = Bench::inspected();
    let browser = ["-H", "Accept: text/html,*/*;q=0.8"];
    let form = ["-d", "next=2&every=&file=*.jpg&fault=system-error"];
    let (status, _) = ask(&bench, "/faults", &[&browser[..], &form].concat());
    assert_eq!(status, "303");
    let injected = bench.sandbox.faults()[0].fault().to_string();
    assert_eq!(injected, "system-error,next=2,file=*.jpg");
    assert_eq!(json(&bench, "/faults", &[])[0]["text"], injected);
    assert_eq!(ask(&bench, "/faults/1/disarm", &["-X", "POST"]).0, "303");
    assert!(bench.sandbox.faults().is_empty());
}

#[test]
fn requests_of_other_sites_are_refused() {
    let inspector = Sandbox::builder().inspector(([127, 0, 0, 1], 0).into());
    let bench = Bench::of(inspector.host("gateway.test"));
    let addr = bench.sandbox.inspector_addr().unwrap();
    let port = addr.port();
    let other = if port == 8481 { 8482 } else { 8481 };
    for (host, status) in [
        (format!("127.0.0.1:{port}"), "200"),
        (format!("localhost:{port}"), "200"),
        (format!("LocalHost:{port}"), "200"),
        (format!("[::1]:{port}"), "200"),
        (format!("gateway.test:{port}"), "200"),
        ("localhost".to_owned(), "421"),
        (format!("127.0.0.1:{other}"), "421"),
        (format!("evil.test:{port}"), "421"),
        (format!("localhost:{port}\r\nHost: evil.test"), "421"),
    ] {
        let header = format!("Host: {host}");
        assert_eq!(ask(&bench, "/", &["-H", &header]).0, status, "{host}");
    }
    for (origin, is_ours) in [
        (format!("http://localhost:{port}"), true),
        (format!("http://{addr}"), true),
        (format!("https://localhost:{port}"), false),
        (format!("http://localhost:{other}"), false),
        ("http://evil.test".to_owned(), false),
        ("null".to_owned(), false),
    ] {
        let header = format!("Origin: {origin}");
        let ask = |more: &[&str]| ask(&bench, "/faults", &[&["-H", &*header], more].concat()).0;
        let found = [ask(&["-d", "\"bom\""]), ask(&["-X", "DELETE"]), ask(&[])];
        let expected = match is_ours {
            true => ["201", "200", "200"],
            false => ["403", "403", "200"],
        };
        assert_eq!(found, expected, "{origin}");
    }
    assert!(bench.sandbox.faults().is_empty());
    assert_eq!(ask(&bench, "/", &["-X", "PUT"]).0, "405");
}

#[test]
fn calls_come_as_events() {
    let bench = Bench::inspected();
    bench.assert_uploads();
    let mut tcp = TcpStream::connect(bench.sandbox.inspector_addr().unwrap()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let host = bench.sandbox.inspector_addr().unwrap();
    write!(tcp, "GET /events?after=0 HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
    let mut lines = BufReader::new(tcp).lines().map(Result::unwrap);
    let mut wait_for = |what: &str| lines.find(|line| line.contains(what)).unwrap();
    wait_for("content-type: text/event-stream");
    wait_for("event: call");
    assert_eq!(wait_for("id: "), "id: 1");
    bench.assert_uploads();
    assert_eq!(wait_for("id: "), "id: 2");
    let data = wait_for("test.jpg");
    let call: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(call["number"], 2);
    assert_eq!(call["picture"], "image/jpeg");
    assert_eq!(call["verdict"]["message"], "accepted, signed with MD5");
    // It ends with the sandbox.
    drop(bench);
    lines.for_each(drop);
}

/// Its script passes file descriptors to the browser.
#[cfg(unix)]
#[test]
#[allow(clippy::print_stderr, reason = "says that it was skipped")]
fn a_browser_uses_the_page() {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let is_installed = |name: &&&str| Command::new(**name).arg("--version").output().is_ok();
    let Some(chromium) = names.iter().find(is_installed) else {
        eprintln!("skipped: no Chromium is installed");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser.py");
    // A PNG of one pixel, which a browser draws.
    let pixel = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
        \0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99\x3d\x1d\0\0\0\0IEND\xae\x42\x60\x82";
    let bench = Bench::inspected();
    bench.write("test.jpg", pixel);
    let media = "media=@test.jpg;filename=<img src onerror=hacked=1>.png";
    let form = bench.changed(&[], &[("media", media)]);
    let page = format!("http://{}/", bench.sandbox.inspector_addr().unwrap());
    // The screenshots are kept where this variable says.
    let folder = std::env::var("WXPAY_SCREENSHOTS");
    let folder = folder.unwrap_or_else(|_| bench.path("").to_str().unwrap().to_owned());
    let script = [script, chromium, &page, &folder, "curl"];
    let arguments = [&script[..], &CURL, &IDENTITY, &["--cacert", "ca.pem"]].concat();
    bench.run("python3", &bench.words(&arguments, &form));
}
