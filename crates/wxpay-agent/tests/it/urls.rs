//! Pictures by URL, from a small HTTPS server.

use std::{
    io::{BufRead, BufReader, Write},
    net::{IpAddr, Ipv4Addr, TcpListener},
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use wxpay_agent::Fetcher;
use wxpay_media::{Roots, Transport};

use crate::support::{Response, TestAgent, picture, start_sandbox};

/// A server for `pictures.test`; returns its port and its certificate.
fn server() -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["pictures.test".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::from(key))
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(tls, stream));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).is_ok_and(|it| it > 0)
            {
            }
            if let Some(path) = head.split(' ').nth(1) {
                let _ = stream.get_mut().write_all(&respond(path, port));
            }
        }
    });
    (port, made.cert.pem())
}

fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn respond(path: &str, port: u16) -> Vec<u8> {
    let redirect = |to: &str| response("302 Found", &format!("Location: {to}\r\n"), b"");
    match path {
        "/a.png" => response("200 OK", "", &picture(700)),
        "/page" => response("200 OK", "", b"<html>sign in</html>"),
        "/large" => response("200 OK", "", &picture(2 * 1024 * 1024)),
        "/part" => response("206 Partial Content", "", &picture(700)),
        "/busy" => response("503 Service Unavailable", "", b""),
        "/there" => redirect("/a.png"),
        "/listed" => redirect(&format!("https://pictures.test:{port}/a.png")),
        "/unlisted" => redirect("https://evil.test/a.png"),
        "/private" => redirect("https://169.254.169.254/latest/meta-data"),
        "/plain" => redirect(&format!("http://pictures.test:{port}/a.png")),
        "/circle" => redirect("/circle"),
        _ => response("404 Not Found", "", b""),
    }
}

/// An agent that fetches from that server, and the server's port.
fn agent() -> (TestAgent, u16) {
    let (port, certificate) = server();
    let agent = TestAgent::with(start_sandbox(), move |setup| {
        let roots = Roots::empty().with_pem(&certificate).unwrap();
        let allowed = [format!("pictures.test:{port}"), "10.0.0.1".to_owned()];
        let allowed = allowed.map(|host| host.parse().unwrap());
        let fetcher = Fetcher::new(allowed, Transport::builder().roots(roots));
        let here = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        setup.options.fetcher = Some(fetcher.resolve("pictures.test", port, here));
    });
    (agent, port)
}

fn post(agent: &TestAgent, url: &str) -> Response {
    let json = serde_json::json!({"url": url}).to_string();
    agent.post_as("application/json", json.as_bytes())
}

#[test]
fn a_picture_is_fetched_from_a_listed_host_directly_and_through_its_redirects() {
    let (agent, port) = agent();
    for path in [
        "pictures.test:PORT/a.png",
        "pictures.test:PORT/there",
        "pictures.test:PORT/listed",
        "Pictures.Test.:PORT/a.png",
    ] {
        let url = format!("https://{}", path.replace("PORT", &port.to_string()));
        let response = post(&agent, &url).assert_status(200);
        assert_eq!(response.json()["bytes"], 700);
    }
    assert_eq!(agent.calls(), 1);
}

#[test]
fn a_url_that_is_not_listed_is_refused() {
    let (agent, port) = agent();
    for url in [
        "https://evil.test/a.png",
        "https://pictures.test/a.png",
        &format!("https://pictures.test.evil.test:{port}/a.png"),
        &format!("http://pictures.test:{port}/a.png"),
        &format!("https://user@pictures.test:{port}/a.png"),
        &format!("https://evil.test@pictures.test:{port}/a.png"),
        "file:///etc/passwd",
        "ftp://pictures.test/a.png",
        "/etc/passwd",
        "",
        "https://",
    ] {
        let response = post(&agent, url).assert_status(400);
        let error = &response.json()["error"];
        assert_eq!(error["kind"], "url", "{url}: {error}");
    }
    let none = TestAgent::start();
    let refused = post(&none, "https://pictures.test/a.png");
    let refused = refused.assert_refused(400, "no URL is allowed");
    assert_eq!(refused.json()["error"]["kind"], "url");
}

#[test]
fn json_without_one_short_url_is_refused() {
    let (agent, port) = agent();
    let post = |json: &str| agent.post_as("application/json", json.as_bytes());
    let url = format!(r#""url":"https://pictures.test:{port}/a.png""#);
    post(&format!(r#"{{"n":1e999,{url}}}"#)).assert_status(200);
    for json in [
        "",
        "{}",
        "[]",
        "url",
        r#"{"url":1}"#,
        &format!("{{{url},{url}}}"),
    ] {
        post(json).assert_refused(400, "the body is no JSON with one `url`");
    }
    let long = format!(r#"{{"url":"https://{}"}}"#, "a".repeat(20_000));
    post(&long).assert_refused(400, "16 KiB");
}

#[test]
fn a_private_address_is_refused_even_if_its_host_is_listed() {
    let private = "10.1.2.3 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.168.1.1 0.0.0.0 \
                   198.18.0.1 224.0.0.1 255.255.255.255 [::1] [::] [::ffff:10.0.0.1] \
                   [::10.0.0.1] [64:ff9b::a00:1] [fe80::1] [fd12::1] [fec0::1] [ff02::1] \
                   [2001:db8::1] [2002:7f00:1::] [2001::1] localhost 192.0.0.1 192.88.99.1 \
                   192.0.2.1 [3fff::1]";
    let agent = TestAgent::with(start_sandbox(), move |setup| {
        let allowed = private.split(' ').map(|host| host.parse().unwrap());
        setup.options.fetcher = Some(Fetcher::new(allowed, Transport::builder()));
    });
    for host in private.split(' ') {
        post(&agent, &format!("https://{host}/a.png")).assert_refused(400, "private address");
    }
}

#[test]
fn a_redirect_to_a_host_that_is_not_listed_is_not_followed() {
    let (agent, port) = agent();
    for (path, word) in [
        ("unlisted", "not allowed"),
        ("private", "not allowed"),
        ("plain", "not https"),
    ] {
        let response = post(&agent, &format!("https://pictures.test:{port}/{path}"));
        response.assert_refused(400, word);
    }
    post(&agent, &format!("https://pictures.test:{port}/circle")).assert_refused(422, "too often");
    assert_eq!(agent.calls(), 0);
}

#[test]
fn each_failure_to_fetch_a_picture_has_its_status() {
    let (agent, port) = agent();
    for (path, status, word) in [
        ("page", 422, "HTML"),
        ("large", 422, "too large"),
        ("missing", 422, "404"),
        ("part", 422, "206"),
        ("busy", 503, "503"),
    ] {
        let response = post(&agent, &format!("https://pictures.test:{port}/{path}"));
        let response = response.assert_refused(status, word);
        assert_eq!(response.head.contains("retry-after: "), status == 503);
    }
    assert_eq!(agent.calls(), 0);
}
