//! `wxpay serve`, from its first line to its exit.

mod merchants;
mod sockets;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use crate::program::{RunToEnd, ends, example, signal, text, wxpay};

/// The program, ready.
pub(crate) struct Serve {
    pub(crate) child: Child,
    /// What follows `listening on `, line by line.
    pub(crate) on: Vec<String>,
    pub(crate) token: String,
}

impl Serve {
    /// Starts it in a folder, where the token is too.
    pub(crate) fn start(folder: &Path, words: &str) -> Self {
        Self::with(folder, words, &[])
    }

    pub(crate) fn with(folder: &Path, words: &str, variables: &[(String, String)]) -> Self {
        let mut command = wxpay(["serve"]);
        command.with(words).envs(variables.iter().cloned());
        if !words.contains("--socket") && !words.contains("--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command
            .current_dir(folder)
            .env("XDG_STATE_HOME", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let lines =
            usize::from(words.contains("--socket")) + usize::from(words.contains("--listen"));
        let line = |_| {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            line.trim_end()
                .strip_prefix("listening on ")
                .expect(&line)
                .to_owned()
        };
        let on = (0..lines.max(1)).map(line).collect();
        let token = ["token", "wxpay/token"].map(|name| fs::read_to_string(folder.join(name)));
        let token = token.into_iter().find_map(Result::ok).unwrap_or_default();
        Self {
            child,
            on,
            token: token.trim_end().to_owned(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path}"), b"")
    }

    pub(crate) fn post(&self, query: &str, picture: &[u8]) -> (u16, String) {
        self.ask(&format!("POST /v1/media{query}"), picture)
    }

    pub(crate) fn ask(&self, line: &str, body: &[u8]) -> (u16, String) {
        let addr = self.on[0].strip_prefix("http://").unwrap();
        ask(TcpStream::connect(addr).unwrap(), &self.token, line, body)
    }

    /// Ends it by a signal; returns the exit status.
    pub(crate) fn stop(mut self, name: &str) -> Option<i32> {
        signal(self.child.id(), name);
        ends(&mut self.child)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of a call.
pub(crate) fn ask(
    mut stream: impl Read + Write,
    token: &str,
    line: &str,
    body: &[u8],
) -> (u16, String) {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

fn picture() -> Vec<u8> {
    fs::read(example("licence.jpg")).unwrap()
}

#[test]
fn a_sandbox_needs_no_credentials_and_a_caller_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(folder.path(), "--sandbox");
    assert!(
        serve.on[0].starts_with("http://127.0.0.1:"),
        "{:?}",
        serve.on
    );
    let (status, answer) = serve.post("", &picture());
    assert_eq!(status, 200, "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert!(
        answer["media_id"].is_string() && answer["reused"] == false,
        "{answer}"
    );
    let addr = serve.on[0].strip_prefix("http://").unwrap();
    let stranger = ask(
        TcpStream::connect(addr).unwrap(),
        "guess",
        "POST /v1/media",
        b"",
    );
    assert_eq!(stranger.0, 401);
    assert_eq!(serve.stop("TERM"), Some(0));
}

#[test]
fn an_error_is_the_object_that_upload_prints() {
    let folder = tempfile::tempdir().unwrap();
    let text_file = folder.path().join("a.jpg");
    fs::write(&text_file, "no picture").unwrap();
    let printed = wxpay(["upload", "--sandbox", "--json", text(&text_file)]).run();
    let serve = Serve::start(folder.path(), "--sandbox");
    let (status, answer) = serve.post("", b"no picture");
    assert_eq!(status, 422);
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["error"], printed.json()[0]["error"]);
}

#[test]
fn the_token_is_made_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = Serve::start(folder.path(), "--sandbox").token.clone();
    let again = Serve::start(folder.path(), "--sandbox").token.clone();
    assert_eq!((first.len(), &first), (64, &again));
    let serve = Serve::start(folder.path(), "--sandbox --token-file token");
    assert_ne!(serve.token, first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for (path, mode) in [("token", 0o600), ("wxpay/token", 0o600), ("wxpay", 0o700)] {
            let metadata = folder.path().join(path).metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
        }
    }
}

#[test]
fn a_ledger_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--sandbox --ledger shop.ledger";
    let serve = Serve::start(folder.path(), words);
    let (status, first) = serve.post("", &picture());
    assert_eq!(status, 200, "{first}");
    assert_eq!(serve.stop("KILL"), None);
    let serve = Serve::start(folder.path(), words);
    let (_, again) = serve.post("", &picture());
    let id = |answer: &str| answer.split('"').nth(3).unwrap().to_owned();
    assert_eq!(id(&again), id(&first));
    assert!(again.contains("\"reused\":true"), "{again}");
    let second = wxpay([
        "serve",
        "--sandbox",
        "--listen",
        "127.0.0.1:0",
        "--ledger",
        "shop.ledger",
    ])
    .current_dir(folder.path())
    .env("XDG_STATE_HOME", folder.path())
    .assert_exit(2);
    second.assert_err("another process");
}

#[test]
fn wrong_usage_ends_before_anything_listens() {
    let folder = tempfile::tempdir().unwrap();
    for (words, word) in [
        ("--sandbox --listen 0.0.0.0:0", "--allow-remote"),
        (
            "--sandbox --listen 127.0.0.1:0 --token-file .",
            "token file",
        ),
        ("--listen 127.0.0.1:0", "missing"),
        ("--listen 127.0.0.1:0 --merchants missing", "missing"),
        ("--sandbox --merchants .", "cannot be used with"),
        ("--sandbox --allow-url https://a.test/", "HOST:PORT"),
        ("--sandbox --queue 0", "0"),
    ] {
        let run = wxpay(["serve"])
            .with(words)
            .current_dir(folder.path())
            .assert_exit(2);
        run.assert_err(word);
        assert_eq!(run.out, "", "{words}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = Serve::start(folder.path(), "--sandbox");
    let addr = serve.on[0].strip_prefix("http://").unwrap();
    let mut waiting = TcpStream::connect(addr).unwrap();
    // A body that never comes keeps it busy.
    let head = format!(
        "POST /v1/media HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 9\r\n\r\n",
        serve.token
    );
    waiting.write_all(head.as_bytes()).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while !serve
        .get("/metrics")
        .1
        .contains("wxpay_queue_requests{merchant=\"1900000109\"} 1")
    {
        assert!(Instant::now() < end);
    }
    signal(serve.child.id(), "TERM");
    while TcpStream::connect(addr).is_ok() {
        assert!(Instant::now() < end);
    }
    assert_eq!(serve.child.try_wait().unwrap(), None);
    signal(serve.child.id(), "TERM");
    assert_eq!(ends(&mut serve.child), Some(1));
}
