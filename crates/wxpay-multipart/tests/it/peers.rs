//! The same form, written by curl, and read by Python. Needs `curl` and `python3` on the path.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use wxpay_multipart::{Boundary, Form};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Every byte, with lone and paired CR and LF; so small that curl does not wait for `100 Continue`.
fn picture() -> Bytes {
    (0..=255).chain(*b"\r\n\r\r\n\n--\r\n--\r\n").collect()
}

fn form(boundary: Boundary) -> Form {
    Form::with_boundary(boundary)
        .text("mch_id", "1000000000")
        .and_then(|form| form.text("营业执照", "值 \"1\";\r\n a=b"))
        .and_then(|form| form.file("media", "营 \"1\"; 100%22.png", "image/png", picture()))
        .and_then(|form| form.text("last", ""))
        .unwrap()
}

#[test]
fn curl_writes_the_same_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture");
    fs::write(&path, picture()).unwrap();

    let more = r#"type=image/png;filename="营 \"1\"; 100%22.png""#;
    #[rustfmt::skip] // an option and its value belong together
    let (content_type, theirs) = posted_by_curl(&[
        "--form-string", "mch_id=1000000000",
        "--form-string", "营业执照=值 \"1\";\r\n a=b",
        "-F", &format!("media=@{};{more}", path.display()),
        "--form-string", "last=",
    ]);
    let their_boundary = multer::parse_boundary(content_type).unwrap();

    let form = form(Boundary::random());
    let our_boundary = form.boundary().to_string();
    let ours = form.into_bytes().unwrap();

    let shown = |body: &Bytes, boundary: &str| {
        let text = body.escape_ascii().to_string();
        text.replace(boundary, "boundary")
    };
    assert_eq!(shown(&ours, &our_boundary), shown(&theirs, &their_boundary));
}

/// The content type and the body that curl sends with these arguments.
fn posted_by_curl(arguments: &[&str]) -> (String, Bytes) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, captured) = mpsc::channel();
    thread::spawn(move || sender.send(capture(&listener)));

    let output = Command::new("curl")
        // `-q`: without a ~/.curlrc.
        .args(["-q", "--silent", "--show-error", "--fail", "--noproxy", "*"])
        .args(["--max-time", &TIMEOUT.as_secs().to_string()])
        .args(arguments)
        .arg(format!("http://{address}/"))
        .output()
        .expect("curl is installed");
    assert!(output.status.success(), "{output:?}");
    captured.recv_timeout(TIMEOUT).unwrap()
}

/// Takes one request and answers 200.
fn capture(listener: &TcpListener) -> (String, Bytes) {
    let (mut connection, _) = listener.accept().unwrap();
    connection.set_read_timeout(Some(TIMEOUT)).unwrap();
    connection.set_write_timeout(Some(TIMEOUT)).unwrap();

    let mut request = BufReader::new(&connection);
    let (mut content_type, mut length) = (None, None);
    for line in request.by_ref().lines() {
        let line = line.unwrap();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-type" => content_type = Some(value.to_owned()),
            "content-length" => length = Some(value.parse::<usize>().unwrap()),
            _ => {}
        }
    }
    let mut body = vec![0; length.expect("a Content-Length")];
    request.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    connection.write_all(answer).unwrap();
    (content_type.expect("a Content-Type"), body.into())
}

#[test]
fn python_reads_the_same_parts() {
    // It reads a tab, too, so tabs are allowed in names.
    let form = form(Boundary::random());
    let form = form.file("tab\t\"", "a\tb.png", "image/png", "").unwrap();
    let content_type = form.content_type();
    let body = form.into_bytes().unwrap();
    let digits = |bytes: &[u8]| -> String { bytes.iter().map(|it| format!("{it:02x}")).collect() };
    let expected = [
        format!("mch_id|None|None|{}", digits(b"1000000000")),
        format!(
            "营业执照|None|None|{}",
            digits("值 \"1\";\r\n a=b".as_bytes())
        ),
        format!(
            "media|营 %221%22; 100%22.png|image/png|{}",
            digits(&picture())
        ),
        "last|None|None|".to_owned(),
        "tab\t%22|a\tb.png|image/png|".to_owned(),
    ];
    let read = read_by_python(content_type.to_str().unwrap(), &body);
    assert_eq!(read.lines().collect::<Vec<_>>(), expected);
}

fn read_by_python(content_type: &str, body: &[u8]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/read_form.py");
    let mut python = Command::new("python3")
        .args([script, content_type])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    python.stdin.take().unwrap().write_all(body).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "see its message above");
    String::from_utf8(output.stdout).unwrap()
}
