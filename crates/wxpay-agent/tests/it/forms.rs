//! The three forms of a body, and what is none of them.

use std::io::Write;

use crate::support::{Answer, Door, picture};

fn part(disposition: &str, kind: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), b"--b--\r\n".to_vec()].concat()
}

const FORM: &str = "multipart/form-data; boundary=b";

#[test]
fn any_other_content_type_is_taken_for_the_picture_itself() {
    let door = Door::start();
    for (number, kind) in [
        "image/png",
        "application/x-www-form-urlencoded",
        "text/plain",
    ]
    .iter()
    .enumerate()
    {
        let answer = door
            .post_as(kind, &picture(100 + number))
            .assert_status(200);
        assert_eq!(answer.json()["bytes"], 100 + number);
    }
    assert_eq!(door.calls(), 3);
}

#[test]
fn a_form_with_one_file_part_is_taken_and_its_texts_are_ignored() {
    let door = Door::start();
    let file = part(
        "name=\"f\"; filename=\"licence.png\"",
        "Content-Type: image/png\r\n",
        &picture(200),
    );
    let text = part("name=\"note\"", "", b"a text");
    let answer = door
        .post_as(FORM, &form(&[text, file.clone()]))
        .assert_status(200);
    assert_eq!(answer.json()["bytes"], 200);
    assert!(
        door.sandbox.requests()[0]
            .fields
            .iter()
            .any(|it| it.file_name.as_deref() == Some("licence.png"))
    );
    door.post_as(FORM, &form(&[file.clone(), file]))
        .assert_refused(400, "more than one file");
    door.post_as(FORM, &form(&[part("name=\"f\"", "", b"x")]))
        .assert_refused(400, "no file");
}

#[test]
fn a_body_of_no_form_is_refused_as_wrong() {
    let door = Door::start();
    for (kind, body) in [
        ("multipart/form-data", &b"--b--"[..]),
        (FORM, b"no boundary at all"),
        (
            FORM,
            b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\ncut",
        ),
        ("application/json", b"{}"),
        ("application/json", b"[\"https://a.test/\"]"),
        ("application/json; charset=utf-8", b"{\"url\": 1}"),
    ] {
        let answer = door.post_as(kind, body).assert_status(400);
        assert_eq!(answer.json()["error"]["kind"], "request", "{}", answer.text);
    }
    assert_eq!(door.calls(), 0);
}

#[test]
fn a_parameter_that_is_not_known_is_refused() {
    let door = Door::start();
    for query in ["?reuse=2h", "?reus=never", "?reuse="] {
        door.post(query, &picture(100))
            .assert_refused(400, "parameter");
    }
    assert_eq!(door.calls(), 0);
}

#[test]
fn a_body_over_the_bound_is_refused_at_once_or_when_it_passes() {
    let door = Door::start();
    let mut stream = door.connect();
    let head = door.head("POST /v1/media", "Content-Length: 16777217\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    Answer::read(&stream).assert_refused(413, "16 MiB");

    let mut body = door
        .head("POST /v1/media", "Transfer-Encoding: chunked\r\n\r\n")
        .into_bytes();
    for _ in 0..17 {
        body.extend_from_slice(b"100000\r\n");
        body.resize(body.len() + 0x10_0000, 0);
        body.extend_from_slice(b"\r\n");
    }
    door.send(&body).assert_refused(413, "16 MiB");

    let file = part("name=\"f\"; filename=\"x.png\"", "", &vec![0; 17 << 20]);
    door.post_as(FORM, &form(&[file])).assert_status(413);
}

#[test]
fn a_picture_over_the_gateways_limit_is_refused_however_it_comes() {
    let door = Door::start();
    let large = picture(2 * 1024 * 1024);
    door.post("", &large).assert_refused(422, "too large");
    let file = part("name=\"f\"; filename=\"x.png\"", "", &large);
    door.post_as(FORM, &form(&[file]))
        .assert_refused(422, "too large");
    let chunked = door.head(
        "POST /v1/media",
        "Transfer-Encoding: chunked\r\n\r\n200000\r\n",
    );
    let chunked = [chunked.as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    door.send(&chunked).assert_refused(422, "2097152 bytes");
    door.post("", &picture(2 * 1024 * 1024 - 1))
        .assert_status(200);
    assert_eq!(door.calls(), 1);
}

#[test]
fn a_body_that_is_cut_uploads_nothing() {
    let door = Door::start();
    let mut stream = door.connect();
    let head = door.head("POST /v1/media", "Content-Length: 1000\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&picture(500)).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    drop(stream);
    door.post("", &picture(300)).assert_status(200);
    assert_eq!(door.calls(), 1);
}

#[test]
fn bodies_that_stand_still_are_given_up_and_let_others_pass() {
    let door = Door::start();
    let head = door.head("POST /v1/media", "Content-Length: 2000000\r\n\r\n");
    // As many as have room in memory.
    let still: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = door.connect();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&picture(500)).unwrap();
            stream
        })
        .collect();
    door.post("", &picture(300)).assert_status(200);
    for stream in still {
        Answer::read(stream).assert_refused(408, "in time");
    }
}

#[test]
fn a_client_that_waits_for_100_continue_need_not_send_what_is_refused() {
    let door = Door::start();
    let mut stream = door.connect();
    let more = "Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n";
    stream
        .write_all(door.head("POST /v1/media", more).as_bytes())
        .unwrap();
    Answer::read(&stream).assert_refused(422, "too large");
}
