//! `wxpay serve`, from its first line to its exit.

mod merchants;
#[cfg(unix)]
mod sockets;

use std::{
    fs::{self, File},
    io::{BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::program::{JPG, Runnable, ends, next_line, signal, wxpay};

/// The program, ready.
pub(crate) struct Serve {
    child: Child,
    /// The addresses that it prints.
    on: Vec<String>,
    token: String,
}

impl Serve {
    /// Starts it in a folder, in which it keeps the token and its messages, `stderr.txt`.
    pub(crate) fn start(folder: &Path, words: &str) -> Self {
        let mut command = wxpay("serve");
        command.with(words);
        let lines = ["--socket ", "--listen "].map(|flag| usize::from(words.contains(flag)));
        let lines: usize = lines.into_iter().sum();
        if lines == 0 {
            command.with("--listen 127.0.0.1:0");
        }
        command.current_dir(folder).env("XDG_STATE_HOME", folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(File::create(folder.join("stderr.txt")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let line = |_| {
            let line = next_line(&mut out);
            let on = line.trim_end().strip_prefix("listening on ").expect(&line);
            on.to_owned()
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

    fn connect(&self) -> Option<TcpStream> {
        let addr = self.on[0].strip_prefix("http://").unwrap();
        TcpStream::connect(addr).ok()
    }

    /// Status and body of the answer to a GET.
    fn get(&self, path: &str) -> (u16, String) {
        let stream = self.connect().unwrap();
        ask(stream, &self.token, &format!("GET {path}"), b"")
    }

    /// Status and body of the answer to a picture.
    pub(crate) fn post(&self, query: &str, picture: &[u8]) -> (u16, String) {
        let stream = self.connect().unwrap();
        let line = format!("POST /v1/media{query}");
        ask(stream, &self.token, &line, picture)
    }

    fn assert_uploads(&self, query: &str) -> Value {
        let (status, answer) = self.post(query, &picture());
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Ends it by a signal; returns the exit status.
    fn stop(mut self, name: &str) -> Option<i32> {
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

/// Status and body of the answer to a request.
fn ask(mut stream: impl Read + Write, token: &str, line: &str, body: &[u8]) -> (u16, String) {
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
    fs::read(JPG).unwrap()
}

pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "it never is so");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_sandbox_needs_no_credentials_and_a_caller_needs_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let serve = Serve::start(folder.path(), "--sandbox");
    assert!(
        serve.on[0].starts_with("http://127.0.0.1:"),
        "{:?}",
        serve.on
    );
    let answer = serve.assert_uploads("");
    assert!(answer["media_id"].is_string(), "{answer}");
    assert_eq!(answer["reused"], false, "{answer}");
    let stream = serve.connect().unwrap();
    assert_eq!(ask(stream, "guess", "POST /v1/media", b"").0, 401);
    assert_eq!(serve.stop("TERM"), Some(0));
}

#[test]
fn an_error_is_the_object_that_upload_prints() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.jpg"), "no picture").unwrap();
    let mut upload = wxpay("upload --sandbox --json a.jpg");
    let printed = upload.current_dir(folder.path()).assert_exit(1);
    let serve = Serve::start(folder.path(), "--sandbox");
    let (status, answer) = serve.post("", b"no picture");
    assert_eq!(status, 422);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["error"], printed.json_line()["error"]);
}

#[test]
fn only_the_owner_can_read_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let first = Serve::start(folder.path(), "--sandbox").token.clone();
    let again = Serve::start(folder.path(), "--sandbox").token.clone();
    assert_eq!((first.len(), &first), (64, &again));
    let serve = Serve::start(folder.path(), "--sandbox --token-file token");
    assert_ne!(serve.token, first);
    #[cfg(unix)]
    for (path, mode) in [("token", 0o600), ("wxpay/token", 0o600), ("wxpay", 0o700)] {
        use std::os::unix::fs::PermissionsExt;

        let metadata = folder.path().join(path).metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
    }
}

#[test]
fn a_ledger_keeps_its_ids_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--sandbox --ledger shop.ledger";
    let serve = Serve::start(folder.path(), words);
    let first = serve.assert_uploads("");
    assert_eq!(serve.stop("KILL"), None);
    let serve = Serve::start(folder.path(), words);
    let again = serve.assert_uploads("");
    assert_eq!(again["media_id"], first["media_id"]);
    assert_eq!(again["reused"], true, "{again}");
    let mut second = wxpay("serve --listen 127.0.0.1:0");
    second.with(words).current_dir(folder.path());
    second.assert_exit(2).assert_err("another process");
}

#[test]
fn wrong_usage_ends_the_program_before_it_listens() {
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
        ("--sandbox --allow-url a.test:0", "HOST:PORT"),
        ("--sandbox --host=", "--host"),
    ] {
        let mut command = wxpay("serve");
        let command = command.with(words).current_dir(folder.path());
        command.assert_exit(2).assert_err(word).assert_lines(0);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = Serve::start(folder.path(), "--sandbox");
    let mut waiting = serve.connect().unwrap();
    // A request without its body keeps it busy.
    let head = format!(
        "POST /v1/media HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 9\r\n\r\n",
        serve.token
    );
    waiting.write_all(head.as_bytes()).unwrap();
    let is_queued = "wxpay_queue_requests{merchant=\"1900000109\"} 1";
    until(|| serve.get("/metrics").1.contains(is_queued));
    signal(serve.child.id(), "TERM");
    until(|| serve.connect().is_none());
    assert_eq!(serve.child.try_wait().unwrap(), None);
    signal(serve.child.id(), "TERM");
    assert_eq!(ends(&mut serve.child), Some(1));
}
