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

use crate::support::{Answer, Door, picture, start_sandbox};

/// Serves by path, as `pictures.test`; returns the port and the certificate.
fn server(answer: impl Fn(&str, u16) -> Vec<u8> + Send + 'static) -> (u16, String) {
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
                let _ = stream.get_mut().write_all(&answer(path, port));
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

fn answer(path: &str, port: u16) -> Vec<u8> {
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

/// A door that fetches from that server, whose address it is told.
fn door() -> (Door, u16) {
    let (port, certificate) = server(answer);
    let door = Door::with(start_sandbox(), move |setup| {
        let roots = Roots::empty().with_pem(&certificate).unwrap();
        let allowed = [format!("pictures.test:{port}"), "10.0.0.1".to_owned()];
        let allowed = allowed.map(|host| host.parse().unwrap());
        let fetcher = Fetcher::new(allowed, Transport::builder().roots(roots));
        let here = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        setup.options.fetcher = Some(fetcher.resolve("pictures.test", port, here));
    });
    (door, port)
}

fn post(door: &Door, url: &str) -> Answer {
    let json = serde_json::json!({"url": url}).to_string();
    door.post_as("application/json", json.as_bytes())
}

#[test]
fn a_picture_is_fetched_from_a_listed_host_also_by_its_redirects() {
    let (door, port) = door();
    for path in ["a.png", "there", "listed"] {
        let answer =
            post(&door, &format!("https://pictures.test:{port}/{path}")).assert_status(200);
        assert_eq!(answer.json()["bytes"], 700);
    }
    let upper = format!("https://Pictures.Test.:{port}/a.png");
    post(&door, &upper).assert_status(200);
    assert_eq!(door.calls(), 1);
}

#[test]
fn a_url_that_is_not_listed_is_refused() {
    let (door, port) = door();
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
        let answer = post(&door, url).assert_status(400);
        assert_eq!(
            answer.json()["error"]["kind"],
            "url",
            "{url}: {}",
            answer.text
        );
    }
    let none = Door::start();
    post(&none, "https://pictures.test/a.png").assert_refused(400, "no URL is allowed");
}

#[test]
fn a_private_address_is_refused_whatever_its_host() {
    let private = [
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "0.0.0.0",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[::10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fe80::1]",
        "[fd12::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "localhost",
    ];
    let door = Door::with(start_sandbox(), move |setup| {
        let allowed = private.map(|host| host.parse().unwrap());
        setup.options.fetcher = Some(Fetcher::new(allowed, Transport::builder()));
    });
    for host in private {
        post(&door, &format!("https://{host}/a.png")).assert_refused(400, "private address");
    }
}

#[test]
fn a_redirect_off_the_list_is_not_followed() {
    let (door, port) = door();
    for (path, word) in [
        ("unlisted", "not allowed"),
        ("private", "not allowed"),
        ("plain", "not https"),
    ] {
        let answer = post(&door, &format!("https://pictures.test:{port}/{path}"));
        answer.assert_refused(400, word);
    }
    post(&door, &format!("https://pictures.test:{port}/circle")).assert_refused(422, "too often");
    assert_eq!(door.calls(), 0);
}

#[test]
fn what_a_url_gives_is_judged_as_a_body_is() {
    let (door, port) = door();
    for (path, status, word) in [
        ("page", 422, "HTML"),
        ("large", 422, "too large"),
        ("missing", 422, "404"),
        ("part", 422, "206"),
        ("busy", 503, "503"),
    ] {
        let answer = post(&door, &format!("https://pictures.test:{port}/{path}"));
        let answer = answer.assert_refused(status, word);
        assert_eq!(answer.head.contains("retry-after: "), status == 503);
    }
    assert_eq!(door.calls(), 0);
}
