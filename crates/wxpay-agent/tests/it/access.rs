//! Access control: the token, and the `Host` and `Origin` headers.

use std::{fs, io::Write};

use wxpay_agent::Token;

use crate::support::{Response, TestAgent, picture, start_sandbox};

fn ask(agent: &TestAgent, line: &str, headers: &str) -> Response {
    agent.send(format!("{line} HTTP/1.1\r\n{headers}\r\n").as_bytes())
}

#[test]
fn a_caller_without_the_token_is_refused() {
    let agent = TestAgent::start();
    let token = &agent.token;
    for authorization in [
        String::new(),
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Bearer {}\r\n", &token[1..]),
        format!("Authorization: Bearer {token}0\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: {token}\r\n"),
    ] {
        let headers = format!("Host: localhost\r\n{authorization}");
        for line in [
            "POST /v1/media",
            "GET /v1/media/x",
            "DELETE /v1/media/x",
            "GET /",
            "GET /livez/",
        ] {
            let response = ask(&agent, line, &headers).assert_refused(401, "token");
            response.assert_head("www-authenticate: bearer");
        }
    }
    let headers = format!("Host: localhost\r\nAuthorization: bEARER {token}\r\n");
    ask(&agent, "GET /nowhere", &headers).assert_status(404);
    assert_eq!(agent.calls(), 0);
}

#[test]
fn health_and_metrics_need_no_token() {
    let agent = TestAgent::start();
    for path in ["/livez", "/readyz", "/metrics"] {
        ask(&agent, &format!("GET {path}"), "Host: localhost\r\n").assert_status(200);
    }
    ask(&agent, "GET /livez", "").assert_status(200);
}

#[test]
fn a_foreign_host_is_refused_with_and_without_the_token() {
    let agent = TestAgent::with(start_sandbox(), |setup| {
        setup.options.hosts.push("Agent.test".to_owned());
    });
    let authorization = format!("Authorization: Bearer {}\r\n", agent.token);
    for host in [
        "evil.test",
        "evil.test:8479",
        "localhost.evil.test",
        "10.0.0.1",
        "1.localhost",
        "a b",
        "",
    ] {
        let headers = format!("Host: {host}\r\n{authorization}");
        for line in ["POST /v1/media", "GET /livez", "GET /metrics"] {
            ask(&agent, line, &headers).assert_refused(403, "Host");
        }
    }
    let two = "Host: localhost\r\nHost: evil.test\r\n";
    ask(&agent, "GET /livez", two).assert_status(403);
    ask(&agent, "GET http://evil.test/livez", "Host: localhost\r\n").assert_status(403);
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.0.0.1:8479",
        "[::1]:8479",
        "agent.test.:80",
    ] {
        ask(&agent, "GET /livez", &format!("Host: {host}\r\n")).assert_status(200);
    }
}

#[test]
fn a_foreign_origin_is_refused_without_a_look_at_the_token() {
    let agent = TestAgent::start();
    for origin in [
        "null",
        "http://evil.test",
        "http://localhost:3000",
        "https://localhost",
        "localhost",
        "",
    ] {
        let headers = format!("Host: localhost\r\nOrigin: {origin}\r\n");
        for line in ["POST /v1/media", "GET /readyz"] {
            ask(&agent, line, &headers).assert_refused(403, "Origin");
        }
    }
    let own = "Host: localhost:1\r\nOrigin: http://localhost:1\r\n";
    ask(&agent, "GET /livez", own).assert_status(200);
}

#[test]
fn a_refusal_reaches_a_client_that_sends_its_whole_body_first() {
    let agent = TestAgent::start();
    let head = "POST /v1/media HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n";
    let mut stream = agent.connect();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&picture(2_000_000)).unwrap();
    Response::read(stream).assert_status(401);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_needs_no_token_and_refuses_pages() {
    use std::os::unix::net::UnixStream;
    use wxpay_agent::Listener;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let at = path.clone();
    let _agent = TestAgent::with(start_sandbox(), move |setup| {
        let listener = tokio::net::UnixListener::bind(at).unwrap();
        setup.listeners.push(Listener::Unix(listener));
    });
    let ask = |headers: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        let request = format!("POST /v1/media HTTP/1.1\r\n{headers}Content-Length: 100\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(&picture(100)).unwrap();
        Response::read(stream)
    };
    ask("Host: localhost\r\n").assert_status(200);
    ask("Host: wxpay\r\n").assert_status(200);
    ask("Host: evil.test\r\n").assert_refused(403, "Host");
    ask("Host: localhost\r\nOrigin: http://evil.test\r\n").assert_refused(403, "Origin");
}

#[test]
fn a_token_is_created_once_for_its_owner_alone_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let created = Token::open(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let digits = text.trim_end();
    assert!(digits.len() == 64 && digits.bytes().all(|it| it.is_ascii_hexdigit()));
    Token::open(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(format!("{created:?}"), "Token(…)");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    for wrong in ["", "short", "with a space inside of it"] {
        fs::write(&path, wrong).unwrap();
        let error = Token::open(&path).unwrap_err().to_string();
        assert!(error.contains("no token"), "{wrong}: {error}");
    }
    let utf16 = format!("\u{feff}{digits}");
    let utf16: Vec<u8> = utf16.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&path, utf16).unwrap();
    let error = Token::open(&path).unwrap_err().to_string();
    assert!(error.contains("UTF-16"), "{error}");
}
