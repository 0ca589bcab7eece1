//! The same form, written by curl and by this crate, and read by multer and by Python.
//!
//! Needs `curl` and `python3` on the path.

use crate::multer_reader;

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
use http_body_util::BodyExt as _;
use wxpay_multipart::{Boundary, Form};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Every byte, in an order that has lone and paired CR and LF in it. Small, so that curl does not
/// wait for `100 Continue`.
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

#[tokio::test]
async fn curl_writes_the_same_form() {
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
    let ours = form.into_body().collect().await.unwrap().to_bytes();

    let shown = |body: &Bytes, boundary: &str| {
        let text = body.escape_ascii().to_string();
        text.replace(boundary, "boundary")
    };
    assert_eq!(shown(&ours, &our_boundary), shown(&theirs, &their_boundary));
}

async fn parts(boundary: &str, body: &Bytes) -> Vec<multer_reader::Part> {
    let frames = multer_reader::frames(body.clone(), &[64]);
    multer_reader::read(boundary, frames).await.unwrap()
}

/// The content type and the body of what curl sends with these arguments.
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

#[tokio::test]
async fn python_reads_what_was_meant() {
    // A tab, too: that Python accepts it is one of the reasons to.
    let form = form(Boundary::random())
        .file("tab\t\"", "a\tb.png", "image/png", "")
        .unwrap();
    let content_type = form.content_type();
    let body = form.into_body().collect().await.unwrap().to_bytes();
    let boundary = multer::parse_boundary(content_type.to_str().unwrap()).unwrap();
    let parts = parts(&boundary, &body).await;
    let read = read_by_python(content_type.to_str().unwrap(), &body);
    assert_eq!(read, in_hexadecimal(&parts));
    let names = parts.iter().map(|part| part.name.as_deref().unwrap());
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["mch_id", "营业执照", "media", "last", "tab\t%22"]);
    assert_eq!(parts[2].filename.as_deref(), Some("营 %221%22; 100%22.png"));
    assert_eq!(parts[2].content, picture());
    assert_eq!(parts[4].filename.as_deref(), Some("a\tb.png"));
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

/// The form in which `read_form.py` prints parts.
fn in_hexadecimal(parts: &[multer_reader::Part]) -> String {
    let digits = |bytes: &[u8]| -> String { bytes.iter().map(|it| format!("{it:02x}")).collect() };
    let written = |text: &String| digits(text.as_bytes());
    let field = |text: &Option<String>| text.as_ref().map_or("-".to_owned(), written);
    let line = |part: &multer_reader::Part| {
        let [name, filename, content_type] =
            [&part.name, &part.filename, &part.content_type].map(field);
        let content = digits(&part.content);
        format!("{name}\t{filename}\t{content_type}\t{content}\n")
    };
    parts.iter().map(line).collect()
}
