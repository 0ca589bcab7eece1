//! What the sandbox says of mistakes, made with curl.

use crate::support::{Bench, PNG, WHOLE};

/// The codes of what was found in the last call.
fn codes(bench: &Bench) -> Vec<String> {
    let last = bench.sandbox.requests().pop().unwrap();
    last.findings
        .iter()
        .map(|finding| finding.code.to_string())
        .collect()
}

/// Uploads the form with some words replaced, and tells what was found.
fn found(bench: &Bench, change: impl Fn(&mut Vec<String>)) -> Vec<String> {
    let mut form = bench.form(&[]);
    change(&mut form);
    bench.upload(&form);
    codes(bench)
}

fn replace(form: &mut [String], start: &str, by: &str) {
    let word = form
        .iter_mut()
        .find(|word| word.starts_with(start))
        .unwrap();
    by.clone_into(word);
}

#[test]
fn a_picture_that_is_good_is_not_complained_of() {
    let bench = Bench::new();
    bench.write("test.jpg", WHOLE);
    assert_eq!(found(&bench, |_| {}), [""; 0]);
    // One that is taken, and odd.
    bench.write("test.jpg", b"\xff\xd8\xff\xe0 half a picture");
    assert_eq!(found(&bench, |_| {}), ["media-truncated"]);
    assert!(
        bench.sandbox.requests()[1]
            .outcome
            .as_ref()
            .unwrap()
            .is_accepted()
    );
    let end = b"\x08\x06\0\0\0crc.\0\0\0\0IEND\xae\x42\x60\x82";
    bench.write("test.jpg", [PNG, &end[..]].concat());
    assert_eq!(found(&bench, |_| {}), ["media-type-other", "extension"]);
}

#[test]
fn what_is_in_a_pictures_place_is_named() {
    let bench = Bench::new();
    let url = |form: &mut Vec<String>| replace(form, "media=", "media=https://example.com/a.jpg");
    let all = found(&bench, url);
    assert!(all[..2] == ["media-not-a-file", "media-is-url"], "{all:?}");
    bench.write("empty", "");
    let empty = |form: &mut Vec<String>| replace(form, "media=", "media=@empty");
    let all = found(&bench, empty);
    assert!(all.iter().any(|code| code == "media-empty"), "{all:?}");
    bench.write("test.jpg", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\0\u{10}JFIF");
    assert_eq!(found(&bench, |_| {}), ["media-decoded"]);
    let mut large = b"\xff\xd8\xff\xe0".to_vec();
    large.resize(2_097_152, 0x55);
    large.extend(b"\xff\xd9");
    bench.write("test.jpg", large);
    assert_eq!(found(&bench, |_| {}), ["media-too-large"]);
}

#[test]
fn mistakes_in_fields_are_named() {
    let bench = Bench::new();
    bench.write("test.jpg", WHOLE);
    bench.write("line", "1900000109\n");
    let cases: [(&str, &str, &[&str]); 6] = [
        ("mch_id=", "mch_id=1", &["merchant-unknown"]),
        (
            "mch_id=",
            "mch_id=<line",
            &["value-not-trimmed", "merchant-unknown"],
        ),
        ("mch_id=", "mchId=1900000109", &["field-misnamed"]),
        ("media=", "file=@test.jpg", &["field-misnamed"]),
        (
            "media_hash=",
            "media_hash=",
            &["field-empty", "hash-of-other-bytes"],
        ),
        ("sign=", "more=1", &["field-missing"]),
    ];
    for (start, by, codes) in cases {
        let all = found(&bench, |form| replace(form, start, by));
        // Each makes the signature wrong too.
        let others: Vec<_> = all
            .into_iter()
            .filter(|code| !code.starts_with("sign"))
            .collect();
        assert_eq!(others, codes, "{by:?}");
    }
    let twice = found(&bench, |form| {
        form.extend(["-F".into(), "mch_id=1900000109".into()]);
    });
    assert!(
        twice.iter().any(|code| code == "field-repeated"),
        "{twice:?}"
    );
    let form = bench.form(&["sign_type=hmac-sha256"]);
    bench.upload(&form);
    assert!(codes(&bench).iter().any(|code| code == "sign-type-unknown"));
}

#[test]
fn the_hash_is_explained() {
    let bench = Bench::new();
    let by = |form: &mut Vec<String>| {
        replace(
            form,
            "media_hash=",
            "media_hash=709d1e858d2ef9d0501cc053668b2872",
        );
    };
    let all = found(&bench, by);
    assert!(
        all.iter().any(|code| code == "hash-of-other-bytes"),
        "{all:?}"
    );
    let last = bench.sandbox.requests().pop().unwrap();
    let finding = last
        .findings
        .iter()
        .find(|finding| finding.code.starts_with("hash"));
    let said = &finding.unwrap().message;
    assert!(
        said.contains("\"709d1e858d2ef9d0501cc053668b2872\""),
        "{said}"
    );
}

/// A form by hand, sent with curl; what was answered and found.
fn raw(bench: &Bench, content_type: &str, body: impl AsRef<[u8]>) -> (Option<String>, Vec<String>) {
    bench.write("form", body);
    let header = format!("Content-Type: {content_type}");
    let url = bench.url();
    let answer = bench.curl(&["--data-binary", "@form", "-H", &header, &url]);
    let message = answer.get("return_msg").map(str::to_owned);
    (message, codes(bench))
}

const EDGE: &str = "multipart/form-data; boundary=edge";

#[test]
fn forms_that_wechats_parsers_do_not_read_are_refused_and_named() {
    let bench = Bench::new();
    let part = |disposition: &str| {
        format!("--edge\r\nContent-Disposition: form-data; {disposition}\r\n\r\nx\r\n--edge--\r\n")
    };
    for (content_type, body, message, code) in [
        (
            "multipart/form-data; boundary=\"edge\"",
            part("name=\"media\"; filename=\"a.jpg\""),
            "the boundary is in quotes",
            "boundary-quoted",
        ),
        (
            EDGE,
            part("filename=\"a.jpg\"; name=\"media\""),
            "filename comes before name",
            "filename-before-name",
        ),
        (
            EDGE,
            part("name=\"media\"; filename*=UTF-8''a.jpg"),
            "a file name is given as filename*",
            "filename-extended",
        ),
        (
            EDGE,
            part("name=\"media\"; filename=\"a.jpg\"").replace("\r\n", "\n"),
            "a line of the form ends with LF alone",
            "line-ends",
        ),
        (
            EDGE,
            part("name=\"media\"").replace("--edge--", "--edge"),
            "the body is not a form that ends with its boundary",
            "form-not-closed",
        ),
        (
            "multipart/form-data; boundary=other",
            part("name=\"media\""),
            "the body is not a form that ends with its boundary",
            "boundary-mismatch",
        ),
        (
            EDGE,
            "{}".to_owned(),
            "the body is not a form that ends with its boundary",
            "not-a-form",
        ),
        (
            "multipart/form-data",
            part("name=\"media\""),
            "the Content-Type is not multipart/form-data with a boundary",
            "boundary-missing",
        ),
        (
            "application/json",
            "{}".to_owned(),
            "the Content-Type is not multipart/form-data with a boundary",
            "not-multipart",
        ),
    ] {
        let (said, codes) = raw(&bench, content_type, &body);
        assert_eq!(said.as_deref(), Some(message), "{code}");
        assert!(codes.iter().any(|found| found == code), "{code}: {codes:?}");
    }
}

#[test]
fn forms_that_are_taken_and_odd_are_named() {
    let bench = Bench::new();
    bench.write("test.jpg", WHOLE);
    let (form, url) = (bench.form(&[]), bench.url());
    let mut arguments: Vec<_> = form.iter().map(String::as_str).collect();
    arguments.extend(["-H", "Transfer-Encoding: chunked", &url]);
    let answer = bench.curl(&arguments);
    assert_eq!(answer.get("result_code"), Some("SUCCESS"), "{answer:?}");
    assert_eq!(codes(&bench), ["chunked"]);

    let part = "--edge\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.jpg\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nx\r\n--edge--\r\n";
    let (_, codes) = raw(&bench, EDGE, part);
    assert!(
        codes.iter().any(|code| code == "media-type-missing"),
        "{codes:?}"
    );
    assert!(
        codes.iter().any(|code| code == "transfer-encoding"),
        "{codes:?}"
    );
}

#[test]
fn a_missing_certificate_is_told_with_all_else() {
    let bench = Bench::new();
    let (form, url) = (bench.form(&[]), bench.url());
    let mut arguments: Vec<_> = form.iter().map(String::as_str).collect();
    arguments.push(&url);
    bench.anonymous_curl(&arguments);
    let request = bench.sandbox.requests().pop().unwrap();
    assert_eq!(request.findings[0].code, "certificate-missing");
    // What else there is to say is said at once.
    assert_eq!(request.findings[1].code, "media-truncated");
    assert_eq!(request.fields.len(), 4);
}

#[test]
fn forms_of_other_writers_get_a_true_finding() {
    let bench = Bench::new();
    let part = "--edge\r\nContent-Disposition: form-data; name=\"sign\"\r\n\r\nx\r\n--edge--\r\n";
    let header = "Content-Disposition: form-data; name=\"sign\"\r\n";
    for (content_type, body, expected) in [
        (EDGE, format!("\r\n{part}"), &["preamble"][..]),
        (
            EDGE,
            format!("{}{part}", "This is a form.\r\n".repeat(100)),
            &["preamble"],
        ),
        (EDGE, part.replace(header, ""), &["disposition-missing"]),
        (
            EDGE,
            part.replace(header, "Content-Type: text/plain\r\n"),
            &["disposition-missing"],
        ),
        (
            EDGE,
            part.replace("; name=\"sign\"", ""),
            &["field-unnamed"],
        ),
        (
            EDGE,
            part.replace("; name=", ";\r\n\tname="),
            &["header-folded"],
        ),
        (
            EDGE,
            part.replace("\"sign\"\r\n", "\"sign\"\nX: y\r\n"),
            &["line-ends"],
        ),
        (EDGE, part.replace("--edge\r\n", "--edge\n"), &["line-ends"]),
        (
            EDGE,
            part.replace("--edge\r\n", "--edge  \r\n"),
            &["boundary-spaces"],
        ),
        (
            "multipart/form-data; boundary = edge",
            part.into(),
            &["boundary-spaces"],
        ),
        (
            "multipart/form-data; boundary= edge",
            part.into(),
            &["boundary-spaces"],
        ),
        (
            "multipart/form-data; boundary=edge ; charset=utf-8",
            part.into(),
            &[],
        ),
    ] {
        let (_, codes) = raw(&bench, content_type, &body);
        let framing = [
            "preamble",
            "not-a-form",
            "form-not-closed",
            "boundary",
            "line-ends",
            "header",
            "disposition",
            "field-unnamed",
        ];
        let found: Vec<_> = codes
            .iter()
            .filter(|code| framing.iter().any(|start| code.starts_with(start)))
            .collect();
        assert_eq!(found, expected, "{content_type} {body:?}");
    }
}

#[test]
fn a_name_in_another_character_set_is_still_a_name() {
    let bench = Bench::new();
    for name in [&b"\xb5\xea\xc6\xcc.jpg"[..], b"fa\xe7ade.jpg", b"\xa5\x5c"] {
        let head = b"--edge\r\nContent-Disposition: form-data; name=\"media\"; filename=\"";
        let form = [head, name, b"\"\r\n\r\n", WHOLE, b"\r\n--edge--\r\n"].concat();
        let (_, codes) = raw(&bench, EDGE, &form);
        let has = |code: &str| codes.iter().any(|found| found == code);
        assert!(
            has("file-name-not-utf8") && !has("media-not-a-file"),
            "{codes:?}"
        );
        let request = bench.sandbox.requests().pop().unwrap();
        assert_eq!(
            (&request.fields[0].value, request.fields[0].length),
            (&None, Some(17))
        );
        assert!(request.file_name.is_some());
    }
}

#[test]
fn findings_are_in_both_languages() {
    let bench = Bench::new();
    found(&bench, |form| {
        replace(form, "media=", "media=https://example.com/a.jpg");
    });
    let last = bench.sandbox.requests().pop().unwrap();
    for finding in &last.findings {
        assert!(
            finding.message.is_ascii() || finding.message.contains('…'),
            "{finding:?}"
        );
        assert!(!finding.message_zh.is_ascii(), "{finding:?}");
    }
}
