//! The three forms of a body, and bodies that are none of them.

use std::net::Shutdown;

use crate::support::{Response, TestAgent, picture};

const FORM: &str = "multipart/form-data; boundary=b";
const FILE: &str = "name=\"f\"; filename=\"licence.png\"";

fn part(disposition: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), b"--b--\r\n".to_vec()].concat()
}

#[test]
fn any_other_content_type_is_taken_for_the_picture_itself() {
    let agent = TestAgent::start();
    let kinds = "image/png application/x-www-form-urlencoded text/plain";
    for (bytes, kind) in (100..).zip(kinds.split(' ')) {
        let response = agent.post_as(kind, &picture(bytes)).assert_status(200);
        assert_eq!(response.json()["bytes"], bytes);
    }
    assert_eq!(agent.calls(), 3);
}

#[test]
fn the_one_file_of_a_form_is_uploaded_and_text_fields_are_ignored() {
    let agent = TestAgent::start();
    let (file, text) = (part(FILE, &picture(200)), part("name=\"f\"", b"a text"));
    let typed = "name=\"f\"\r\nContent-Type: image/png";
    for file in [&file, &part(typed, &picture(200))] {
        let form = form(&[text.clone(), file.clone()]);
        let response = agent.post_as(FORM, &form).assert_status(200);
        assert_eq!(response.json()["bytes"], 200);
    }
    let calls = agent.sandbox.requests();
    let mut names = calls[0].fields.iter().map(|it| it.file_name.as_deref());
    assert!(names.any(|name| name == Some("licence.png")));
    let two = form(&[file.clone(), file]);
    agent
        .post_as(FORM, &two)
        .assert_refused(400, "more than one file");
    agent
        .post_as(FORM, &form(&[text]))
        .assert_refused(400, "no file");
}

#[test]
fn a_body_of_none_of_the_forms_is_refused() {
    let agent = TestAgent::start();
    let cut = part(FILE, b"cut");
    for (kind, body) in [
        ("multipart/form-data", &b"--b--"[..]),
        (FORM, b"no boundary at all"),
        (FORM, &cut[..cut.len() - 2]),
        ("application/json", b"{}"),
        ("application/json", b"[\"https://a.test/\"]"),
        ("application/json; charset=utf-8", b"{\"url\": 1}"),
    ] {
        let response = agent.post_as(kind, body).assert_status(400);
        assert_eq!(
            response.json()["error"]["kind"],
            "request",
            "{}",
            response.text
        );
    }
    assert_eq!(agent.calls(), 0);
}

#[test]
fn an_unknown_parameter_is_refused() {
    let agent = TestAgent::start();
    let unknown = "a parameter of the URL is not known";
    let value = "this value of `reuse` is not known";
    for (query, message) in [
        ("?reus=never", unknown),
        ("?reuse=2h", value),
        ("?reuse=", value),
    ] {
        let refused = agent.post(query, &picture(100));
        refused.assert_refused(400, message);
    }
    assert_eq!(agent.calls(), 0);
}

#[test]
fn a_body_over_16_mib_is_refused_whether_its_length_is_declared_or_not() {
    let agent = TestAgent::start();
    let declared = agent.head("POST /v1/media", "Content-Length: 16777217\r\n\r\n");
    agent
        .send(declared.as_bytes())
        .assert_refused(413, "16 MiB");

    let chunked = agent.head("POST /v1/media", "Transfer-Encoding: chunked\r\n\r\n");
    let mut body = chunked.into_bytes();
    for _ in 0..17 {
        body.extend_from_slice(b"100000\r\n");
        body.resize(body.len() + 0x10_0000, 0);
        body.extend_from_slice(b"\r\n");
    }
    agent.send(&body).assert_refused(413, "16 MiB");

    let form = form(&[part(FILE, &vec![0; 17 << 20])]);
    agent.post_as(FORM, &form).assert_status(413);
}

#[test]
fn a_picture_over_the_gateways_limit_is_refused_in_every_form() {
    let agent = TestAgent::start();
    let large = picture(2 * 1024 * 1024);
    agent.post("", &large).assert_refused(422, "too large");
    let form = form(&[part(FILE, &large)]);
    agent.post_as(FORM, &form).assert_refused(422, "too large");
    let chunked = "Transfer-Encoding: chunked\r\n\r\n200000\r\n";
    let chunked = agent.head("POST /v1/media", chunked);
    let chunked = [chunked.as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    agent.send(&chunked).assert_refused(422, "2097152 bytes");
    agent.post("", &picture(large.len() - 1)).assert_status(200);
    assert_eq!(agent.calls(), 1);
}

#[test]
fn a_body_that_is_cut_uploads_nothing() {
    let agent = TestAgent::start();
    agent.begin(1000, 500).shutdown(Shutdown::Write).unwrap();
    agent.post("", &picture(300)).assert_status(200);
    assert_eq!(agent.calls(), 1);
}

#[test]
fn stalled_bodies_are_given_up_so_that_others_get_their_memory() {
    let agent = TestAgent::start();
    // As many as have room in memory.
    let stalled = [(); 8].map(|()| agent.begin(2_000_000, 500));
    agent.post("", &picture(300)).assert_status(200);
    for stream in stalled {
        Response::read(stream).assert_refused(408, "in time");
    }
}

#[test]
fn a_client_that_expects_100_continue_is_refused_before_it_sends_the_body() {
    let agent = TestAgent::start();
    let more = "Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n";
    let head = agent.head("POST /v1/media", more);
    agent.send(head.as_bytes()).assert_refused(422, "too large");
}
