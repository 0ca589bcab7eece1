//! As much of HTTP/1.1 as cargo speaks: one request a connection.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// More than the largest crate, windows-sys for one.
const MAX_BODY: u64 = 64 * 1024 * 1024;
const MAX_HEAD: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) struct Response {
    pub(super) status: &'static str,
    pub(super) body: Vec<u8>,
}

impl Response {
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: "200 OK",
            body: body.into(),
        }
    }

    pub(super) fn not_found() -> Self {
        Self {
            status: "404 Not Found",
            body: Vec::new(),
        }
    }

    /// In the form that cargo shows to its user.
    pub(super) fn refused(why: &str) -> Self {
        let body = serde_json::json!({ "errors": [{ "detail": why }] });
        Self {
            status: "403 Forbidden",
            body: body.to_string().into_bytes(),
        }
    }
}

/// Answers one request.
pub(super) fn serve(
    stream: &TcpStream,
    answer: impl FnOnce(&Request) -> Response,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = read(BufReader::new(stream))?;
    write(stream, &answer(&request))
}

fn read(mut reader: impl BufRead) -> io::Result<Request> {
    let mut head = reader.by_ref().take(MAX_HEAD).lines();
    let mut line = || head.next().unwrap_or_else(|| Err(invalid("no empty line")));
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(invalid("no request"));
    };
    let mut headers = BTreeMap::new();
    loop {
        let line = line()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("no header"))?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = match headers.get("content-length") {
        Some(length) => length.parse().map_err(|_| invalid("no length"))?,
        None => 0,
    };
    if length > MAX_BODY {
        return Err(invalid("too long"));
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(invalid("cut short"));
    }
    Ok(Request {
        method,
        path,
        headers,
        body,
    })
}

fn write(mut stream: impl Write, response: &Response) -> io::Result<()> {
    let Response { status, body } = response;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )?;
    stream.write_all(body)?;
    stream.flush()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_request_and_not_what_follows() {
        let bytes = b"PUT /new HTTP/1.1\r\nContent-Length: 3\r\nAuthorization: a:b\r\n\r\nabcd";
        let request = read(&bytes[..]).unwrap();
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("PUT", "/new")
        );
        assert_eq!(request.headers["authorization"], "a:b");
        assert_eq!(request.body, b"abc");
    }

    #[test]
    fn half_a_request_is_none() {
        assert!(read(&b"PUT /new HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"[..]).is_err());
        assert!(read(&b"GET / HTTP/1.1\r\n"[..]).is_err());
        assert!(read(&b"\r\n\r\n"[..]).is_err());
    }

    #[test]
    fn an_answer_has_its_length() {
        let mut sent = Vec::new();
        write(&mut sent, &Response::ok("hello")).unwrap();
        let sent = String::from_utf8(sent).unwrap();
        assert!(
            sent.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"),
            "{sent}"
        );
        assert!(sent.ends_with("\r\n\r\nhello"), "{sent}");
    }
}
