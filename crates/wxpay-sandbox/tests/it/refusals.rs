//! Each row of the API's table of errors, provoked by hand with curl.

use crate::support::Bench;

/// The form with one field changed; `media` too.
fn changed(mut form: Vec<String>, name: &str, field: &str) -> Vec<String> {
    let start = format!("{name}=");
    let at = form
        .iter()
        .position(|word| word.starts_with(&start))
        .unwrap();
    form[at] = field.to_owned();
    form
}

/// The form without a field.
fn without(mut form: Vec<String>, name: &str) -> Vec<String> {
    let start = format!("{name}=");
    let at = form
        .iter()
        .position(|word| word.starts_with(&start))
        .unwrap();
    form.drain(at - 1..=at);
    form
}

#[test]
fn other_methods_than_post_are_refused() {
    let bench = Bench::new();
    let url = bench.url();
    for arguments in [
        &[&*url][..],
        &["-X", "PUT", "-F", "mch_id=1", &url],
        &["-X", "what", &url],
    ] {
        let answer = bench.curl(arguments);
        assert_eq!(answer.status, "200");
        answer.assert_fails("INVALID_REQUEST", "HTTP GET method not supported");
    }
}

#[test]
fn another_path_is_not_found() {
    let bench = Bench::new();
    let answer = bench.curl(&["-F", "mch_id=1", &format!("{}/", bench.sandbox.origin())]);
    assert_eq!(answer.status, "404");
    assert_eq!(answer.get("return_code"), Some("FAIL"));
    assert_eq!(answer.get("err_code"), Some("INVALID_REQUEST"));
    assert!(
        answer
            .get("err_code_des")
            .unwrap()
            .contains("/secapi/mch/uploadmedia")
    );
}

#[test]
fn bodies_that_are_no_form_are_an_invalid_format() {
    let bench = Bench::new();
    let url = bench.url();
    bench.write(
        "cut",
        "--edge\r\nContent-Disposition: form-data; name=\"mch_id\"\r\n\r\n19000",
    );
    let edge = "Content-Type: multipart/form-data; boundary=edge";
    for arguments in [
        &[
            "-d",
            "<xml><mch_id>1900000109</mch_id></xml>",
            "-H",
            "Content-Type: text/xml",
        ][..],
        &["-d", "mch_id=1900000109"],
        &["-d", "", "-H", "Content-Type:"],
        &["-d", "--edge--", "-H", "Content-Type: multipart/form-data"],
        &[
            "-d",
            "--edge--",
            "-H",
            "Content-Type: multipart/mixed; boundary=edge",
        ],
        &["--data-binary", "@cut", "-H", edge],
        &["-d", "", "-H", edge],
    ] {
        let answer = bench.curl(&[arguments, &[&url]].concat());
        answer.assert_fails("INVALID_REQUEST", "Invalid XML format");
    }
}

#[test]
fn a_call_without_certificate_is_refused() {
    let bench = Bench::new();
    let (form, url) = (bench.form(&[]), bench.url());
    let mut arguments: Vec<_> = form.iter().map(String::as_str).collect();
    arguments.push(&url);
    let answer = bench.anonymous_curl(&arguments);
    answer.assert_fails("INVALID_REQUEST", "Certificate is required");
    assert_eq!(answer.status, "200");
}

#[test]
fn wrong_signatures_are_refused() {
    let bench = Bench::new();
    for form in [
        changed(
            bench.form(&[]),
            "sign",
            "sign=D675A1E471DBF7C0B1AC5883B5BDA9EF",
        ),
        changed(
            bench.form(&["sign_type=HMAC-SHA256"]),
            "sign_type",
            "sign_type=MD5",
        ),
        changed(bench.form(&["more=1"]), "more", "more=2"),
        without(bench.form(&["more=1"]), "more"),
    ] {
        let answer = bench.upload(&form);
        answer.assert_fails("SIGNERROR", "Signature validation");
        assert_eq!(answer.get("return_msg"), Some("Signature failure"));
    }
}

#[test]
fn fields_of_a_wrong_form_are_refused() {
    let bench = Bench::new();
    let form = || bench.form(&["sign_type=MD5"]);
    bench.write("empty", "");
    let twice = [&form()[..], &["-F".into(), "mch_id=1900000109".into()]].concat();
    for form in [
        without(form(), "mch_id"),
        without(form(), "media"),
        without(form(), "media_hash"),
        without(form(), "sign"),
        changed(form(), "mch_id", "mch_id="),
        changed(form(), "media", "media=@empty"),
        changed(form(), "mch_id", "mch_id=19000 0109"),
        changed(
            form(),
            "media_hash",
            "media_hash=709D1E858D2EF9D0501CC053668B2872",
        ),
        changed(form(), "sign_type", "sign_type=HMAC-SHA-256"),
        changed(form(), "media", "media=@test.jpg;filename=\u{1f600}.jpg"),
        twice,
    ] {
        let answer = bench.upload(&form);
        answer.assert_fails("PARAM_ERROR", "Regular validation");
        let message = answer.get("return_msg").unwrap();
        assert!(
            message.starts_with("Parameter format checking error"),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let bench = Bench::new();
    bench.write(
        "bmw.bmp",
        "BMW is a car, and a text that is long enough to be a header of a bitmap",
    );
    bench.write("other.jpg", b"\xff\xd8\xff\xe0 not what was hashed");
    for media in [
        "media=@bmw.bmp",
        "media=@other.jpg",
        "media=https://example.com/shop.png",
    ] {
        for (sign_type, algorithm) in [(&[][..], "md5"), (&["sign_type=HMAC-SHA256"], "sha256")] {
            let answer = bench.upload(&changed(bench.form(sign_type), "media", media));
            answer.assert_refuses(&bench, algorithm, "PARAM_ERROR", "Image format error");
        }
    }
}

#[test]
fn pictures_that_are_too_large_are_refused() {
    let bench = Bench::new();
    let mut picture = b"\xff\xd8\xff\xe0".to_vec();
    for size in [2 * 1024 * 1024, 3_000_000, 5 * 1024 * 1024] {
        picture.resize(size, 0x55);
        bench.write("test.jpg", &picture);
        let answer = bench.upload(&bench.form(&["sign_type=HMAC-SHA256"]));
        answer.assert_refuses(&bench, "sha256", "PARAM_ERROR", "Image format error");
    }
    // The fields that come after five megabytes are not read.
    let mut form = bench.form(&[]);
    form.rotate_right(2);
    bench
        .upload(&form)
        .assert_fails("PARAM_ERROR", "Image format error");
}

#[test]
fn an_unknown_merchant_is_refused() {
    let bench = Bench::new();
    let answer = bench.upload(&changed(bench.form(&[]), "mch_id", "mch_id=1000000000"));
    answer.assert_fails("PARAM_ERROR", "Merchant ID error");
}

#[test]
fn the_first_rule_that_is_broken_is_told() {
    let bench = Bench::new();
    let url = bench.url();
    let elsewhere = bench.sandbox.origin();
    // One thing more is right in each than in the one before.
    bench
        .anonymous_curl(&[&elsewhere])
        .assert_fails("INVALID_REQUEST", "HTTP GET method not supported");
    assert_eq!(bench.anonymous_curl(&["-d", "x", &elsewhere]).status, "404");
    bench
        .anonymous_curl(&["-d", "x", &url])
        .assert_fails("INVALID_REQUEST", "Certificate is required");
    bench
        .curl(&["-d", "x", &url])
        .assert_fails("INVALID_REQUEST", "Invalid XML format");
    let mut form = ["mch_id=?", "media_hash=?", "sign=?", "media=?"]
        .map(str::to_owned)
        .into_iter()
        .flat_map(|field| ["-F".to_owned(), field])
        .collect::<Vec<_>>();
    let missing = bench.upload(&form[..6]);
    missing.assert_fails("PARAM_ERROR", "Regular validation");
    assert!(
        missing
            .get("return_msg")
            .unwrap()
            .contains("media is missing")
    );
    let formats = bench.upload(&form);
    formats.assert_fails("PARAM_ERROR", "Regular validation");
    assert!(
        formats
            .get("return_msg")
            .unwrap()
            .contains("mch_id has a wrong form")
    );
    form[3] = "media_hash=709d1e858d2ef9d0501cc053668b2872".to_owned();
    form[1] = "mch_id=1000000000".to_owned();
    bench
        .upload(&form)
        .assert_fails("PARAM_ERROR", "Merchant ID error");
    form[1] = "mch_id=1900000109".to_owned();
    bench
        .upload(&form)
        .assert_fails("SIGNERROR", "Signature validation");
    let sign = bench.python_sign("md5", &[form[1].clone(), form[3].clone()]);
    form[5] = format!("sign={sign}");
    bench
        .upload(&form)
        .assert_refuses(&bench, "md5", "PARAM_ERROR", "Image format error");
    form[7] = "media=@test.jpg".to_owned();
    bench
        .upload(&form)
        .assert_refuses(&bench, "md5", "PARAM_ERROR", "Image format error");
    bench.assert_uploads();
}
