//! Callers without a token, and pages of strangers.

use std::io::Write;

use wxpay_agent::Token;

use crate::support::{Answer, Door, picture, start_sandbox};

fn ask(door: &Door, line: &str, headers: &str) -> Answer {
    door.send(format!("{line} HTTP/1.1\r\n{headers}\r\n").as_bytes())
}

#[test]
fn a_caller_without_the_token_is_turned_away() {
    let door = Door::start();
    let token = &door.token;
    for authorization in [
        String::new(),
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Bearer {}\r\n", &token[1..]),
        format!("Authorization: Bearer {token}0\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: {token}\r\n"),
    ] {
        for line in [
            "POST /v1/media",
            "GET /v1/media/x",
            "DELETE /v1/media/x",
            "GET /",
            "GET /livez/",
        ] {
            let answer = ask(&door, line, &format!("Host: localhost\r\n{authorization}"));
            let answer = answer.assert_refused(401, "token");
            assert!(
                answer.head.contains("www-authenticate: bearer"),
                "{}",
                answer.head
            );
        }
    }
    ask(
        &door,
        "GET /nowhere",
        &format!("Host: localhost\r\nAuthorization: bEARER {token}\r\n"),
    )
    .assert_status(404);
    assert_eq!(door.calls(), 0);
}

#[test]
fn health_and_metrics_want_no_token() {
    let door = Door::start();
    for path in ["/livez", "/readyz", "/metrics"] {
        ask(&door, &format!("GET {path}"), "Host: localhost\r\n").assert_status(200);
    }
    ask(&door, "GET /livez", "").assert_status(200);
}

#[test]
fn a_foreign_host_is_refused_before_all_else() {
    let door = Door::with(start_sandbox(), |setup| {
        setup.options.hosts.push("Agent.test".to_owned());
    });
    let authorization = format!("Authorization: Bearer {}\r\n", door.token);
    for host in [
        "evil.test",
        "evil.test:8479",
        "localhost.evil.test",
        "10.0.0.1",
        "1.localhost",
        "a b",
        "",
    ] {
        for line in ["POST /v1/media", "GET /livez", "GET /metrics"] {
            ask(&door, line, &format!("Host: {host}\r\n{authorization}"))
                .assert_refused(403, "Host");
        }
    }
    ask(
        &door,
        "GET /livez",
        "Host: localhost\r\nHost: evil.test\r\n",
    )
    .assert_status(403);
    ask(&door, "GET http://evil.test/livez", "Host: localhost\r\n").assert_status(403);
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.0.0.1:8479",
        "[::1]:8479",
        "agent.test.:80",
    ] {
        ask(&door, "GET /livez", &format!("Host: {host}\r\n")).assert_status(200);
    }
}

#[test]
fn a_foreign_origin_is_refused_before_all_else() {
    let door = Door::start();
    for origin in [
        "null",
        "http://evil.test",
        "http://localhost:3000",
        "https://localhost",
        "localhost",
        "",
    ] {
        for line in ["POST /v1/media", "GET /readyz"] {
            let headers = format!("Host: localhost\r\nOrigin: {origin}\r\n");
            ask(&door, line, &headers).assert_refused(403, "Origin");
        }
    }
    ask(
        &door,
        "GET /livez",
        "Host: localhost:1\r\nOrigin: http://localhost:1\r\n",
    )
    .assert_status(200);
}

#[test]
fn a_refusal_is_read_also_behind_a_body_that_was_not() {
    let door = Door::start();
    let body = picture(2_000_000);
    let head = format!(
        "POST /v1/media HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = door.connect();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
    Answer::read(stream).assert_status(401);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_wants_no_token_and_no_page() {
    use std::os::unix::net::UnixStream;
    use wxpay_agent::Listener;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let at = path.clone();
    let _door = Door::with(start_sandbox(), move |setup| {
        let listener = tokio::net::UnixListener::bind(at).unwrap();
        setup.listeners.push(Listener::Unix(listener));
    });
    let ask = |headers: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        let request = format!("POST /v1/media HTTP/1.1\r\n{headers}Content-Length: 100\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(&picture(100)).unwrap();
        Answer::read(stream)
    };
    ask("Host: localhost\r\n").assert_status(200);
    ask("Host: wxpay\r\n").assert_status(200);
    ask("Host: evil.test\r\n").assert_refused(403, "Host");
    ask("Host: localhost\r\nOrigin: http://evil.test\r\n").assert_refused(403, "Origin");
}

#[test]
fn a_token_is_made_once_for_its_owner_alone_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let made = Token::open(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.trim_end().len() == 64 && text.trim_end().bytes().all(|it| it.is_ascii_hexdigit())
    );
    Token::open(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(format!("{made:?}"), "Token(…)");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    for wrong in ["", "short", "with a space inside of it"] {
        std::fs::write(&path, wrong).unwrap();
        assert!(
            Token::open(&path)
                .unwrap_err()
                .to_string()
                .contains("no token"),
            "{wrong}"
        );
    }
}
