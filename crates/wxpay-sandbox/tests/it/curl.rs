//! The command of the API's page, with its host and values changed.

use crate::support::{Bench, CURL, HMAC, IDENTITY, PNG};

#[test]
fn the_documented_command_is_accepted_and_its_response_signed() {
    let bench = Bench::new();
    for (more, algorithm) in [
        (&[][..], "MD5"),
        (&["sign_type=MD5"], "MD5"),
        (HMAC, "HMAC-SHA256"),
        // An unknown one is MD5, and signed like any other field.
        (&["sign_type=sha1", "further==&"], "MD5"),
        (&["sign_type="], "MD5"),
        (&["a=1&b=2", "z=店铺", "empty="], "MD5"),
    ] {
        let answer = bench.send(more);
        assert_eq!(answer.status, "200");
        let names = "return_code return_msg result_code media_id sign";
        assert_eq!(answer.names().join(" "), names);
        assert_eq!(answer.get("return_code"), Some("SUCCESS"));
        answer.assert_accepted();
        let media_id = answer.get("media_id").unwrap();
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let is_right = media_id.len() == 43 && media_id.bytes().all(is_known);
        assert!(is_right, "{media_id}");
        answer.assert_signed(&bench, algorithm);
    }
}

#[test]
fn every_kind_of_picture_is_accepted_under_any_media_type_and_name() {
    let bench = Bench::new();
    let head = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0";
    let bitmap = [&head[..], &[0; 28]].concat();
    let long = format!(";filename={}", "名".repeat(256));
    for (picture, more) in [
        (PNG, ""),
        (PNG, ";type=application/nonsense"),
        (&bitmap, ";type=text/plain"),
        (b"\xff\xd8\xff\xe1", ";filename=x"),
        (b"\xff\xd8\xff\xe1", ";filename=店铺.jpg"),
        (b"\xff\xd8\xff\xe1", ";filename=no extension"),
        (b"\xff\xd8\xff\xe1", &long),
    ] {
        bench.write("test.jpg", picture);
        let media = format!("media=@test.jpg{more}");
        bench.send_changed(&[], "media", &media).assert_accepted();
    }
}

#[test]
fn the_largest_picture_is_accepted() {
    let bench = Bench::new();
    let mut picture = b"\xff\xd8\xff\xe0".to_vec();
    picture.resize(2 * 1024 * 1024 - 1, 0x55);
    bench.write("test.jpg", picture);
    let form = bench.form(HMAC);
    bench.upload(&form).assert_accepted();
    // curl sends this in chunks, and the other after a `100 Continue`.
    let chunked = ["-H", "Transfer-Encoding: chunked"];
    bench.curl(&bench.words(&chunked, &form)).assert_accepted();
}

#[test]
fn one_connection_serves_several_calls() {
    let bench = Bench::new();
    let form = bench.form(&[]);
    let shown = ["--cacert", "ca.pem", "--write-out", "%{num_connects} "];
    // The same form to each.
    let arguments = [&CURL[..], &IDENTITY, &shown, &[&*bench.url, &bench.url]].concat();
    let out = bench.run("curl", &bench.words(&arguments, &form));
    assert_eq!(out.matches("<media_id>").count(), 3, "{out}");
    let behind = out.split("</xml>").skip(1);
    let connects: Vec<_> = behind.map(|rest| rest.trim_start().as_bytes()[0]).collect();
    assert_eq!(connects, *b"100", "{out}");
}
