//! The command of the API's page, with its host and values changed.

use crate::support::{Bench, PNG};

fn the_documented_command(more: &[&str], algorithm: &str) {
    let bench = Bench::new();
    let answer = bench.upload(&bench.form(more));
    assert_eq!(answer.status, "200");
    assert_eq!(
        answer.names(),
        [
            "return_code",
            "return_msg",
            "result_code",
            "media_id",
            "sign"
        ]
    );
    assert_eq!(answer.get("return_code"), Some("SUCCESS"));
    assert_eq!(answer.get("result_code"), Some("SUCCESS"));
    let media_id = answer.get("media_id").unwrap();
    assert_eq!(media_id.len(), 43);
    assert!(
        media_id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    answer.assert_signed(&bench, algorithm);
}

#[test]
fn a_signature_with_md5_is_taken() {
    the_documented_command(&[], "md5");
}

#[test]
fn a_signature_with_hmac_sha256_is_taken() {
    the_documented_command(&["sign_type=HMAC-SHA256"], "sha256");
}

#[test]
fn an_unknown_sign_type_is_md5_and_signed() {
    the_documented_command(&["sign_type=RSA"], "md5");
}

#[test]
fn further_fields_are_signed() {
    the_documented_command(&["a=1&b=2", "z=店铺", "empty="], "md5");
}

#[test]
fn every_kind_of_picture_is_taken_under_whatever_media_type() {
    let bench = Bench::new();
    let mut bitmap =
        b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    bitmap.resize(58, 0);
    for (name, picture) in [
        ("test.jpg", b"\xff\xd8\xff\xe1".as_slice()),
        ("test.png", PNG),
        ("test.bmp", &bitmap),
    ] {
        bench.write("test.jpg", picture);
        bench.write(name, picture);
        for media_type in ["", ";type=text/plain", ";type=application/nonsense"] {
            let mut form = bench.form(&[]);
            *form.last_mut().unwrap() = format!("media=@{name}{media_type}");
            let answer = bench.upload(&form);
            assert_eq!(
                answer.get("result_code"),
                Some("SUCCESS"),
                "{name}{media_type}: {answer:?}"
            );
        }
    }
}

#[test]
fn the_largest_picture_is_taken() {
    let bench = Bench::new();
    let mut picture = b"\xff\xd8\xff\xe0".to_vec();
    picture.resize(2 * 1024 * 1024 - 1, 0x55);
    bench.write("test.jpg", picture);
    let form = bench.form(&["sign_type=HMAC-SHA256"]);
    assert_eq!(bench.upload(&form).get("result_code"), Some("SUCCESS"));
    // curl sends this in chunks, and the other after a `100 Continue`.
    let chunked = [
        &form[..],
        &["-H".into(), "Transfer-Encoding: chunked".into()],
    ]
    .concat();
    assert_eq!(bench.upload(&chunked).get("result_code"), Some("SUCCESS"));
}

#[test]
fn one_connection_serves_several_calls() {
    let bench = Bench::new();
    let (form, url) = (bench.form(&[]), bench.url());
    let mut arguments = vec!["--silent", "--cacert", "ca.pem", "--cert", "cert.pem"];
    arguments.extend(["--key", "key.pem", "--max-time", "30", "--noproxy", "*"]);
    arguments.extend(["--write-out", "%{num_connects} "]);
    arguments.extend(form.iter().map(String::as_str));
    // The same form to each.
    arguments.extend([&*url, &*url, &*url]);
    let out = bench.run("curl", &arguments);
    assert_eq!(out.matches("<media_id>").count(), 3, "{out}");
    let connects: Vec<_> = out
        .split("</xml>")
        .skip(1)
        .map(|rest| rest.trim_start().as_bytes()[0])
        .collect();
    assert_eq!(connects, *b"100", "{out}");
}
