//! Each row of the API's table of errors, provoked by hand with curl.

use crate::support::Bench;

#[test]
fn other_methods_and_paths_are_refused() {
    let bench = Bench::new();
    let url = &*bench.url;
    for arguments in [
        &[url][..],
        &["-X", "PUT", "-F", "mch_id=1", url],
        &["-X", "what", url],
    ] {
        let answer = bench.curl(arguments);
        assert_eq!(answer.status, "200");
        answer.assert_fails("INVALID_REQUEST", "HTTP GET method not supported");
    }
    let answer = bench.curl(&["-F", "mch_id=1", &format!("{}/", bench.sandbox.origin())]);
    assert_eq!(answer.status, "404");
    let description = "Unknown path: the API is at /secapi/mch/uploadmedia";
    answer.assert_fails("INVALID_REQUEST", description);
}

#[test]
fn bodies_that_are_no_form_are_an_invalid_format() {
    let bench = Bench::new();
    let cut = "--edge\r\nContent-Disposition: form-data; name=\"mch_id\"\r\n\r\n19000";
    bench.write("cut", cut);
    for (body, content_type) in [
        ("<xml><mch_id>1900000109</mch_id></xml>", "text/xml"),
        ("mch_id=1900000109", "application/x-www-form-urlencoded"),
        ("", ""),
        ("--edge--", "multipart/form-data"),
        ("--edge--", "multipart/mixed; boundary=edge"),
        ("@cut", "multipart/form-data; boundary=edge"),
        ("", "multipart/form-data; boundary=edge"),
    ] {
        let header = format!("Content-Type: {content_type}");
        let answer = bench.curl(&["--data-binary", body, "-H", header.trim_end(), &bench.url]);
        answer.assert_fails("INVALID_REQUEST", "Invalid XML format");
    }
}

#[test]
fn a_call_without_certificate_is_refused() {
    let bench = Bench::new();
    let answer = bench.anonymous_curl(&bench.words(&[], &bench.form(&[])));
    answer.assert_fails("INVALID_REQUEST", "Certificate is required");
    assert_eq!(answer.status, "200");
}

#[test]
fn wrong_signatures_are_refused() {
    let bench = Bench::new();
    let hmac = &["sign_type=HMAC-SHA256", "more=店"][..];
    let sign = bench
        .form(hmac)
        .into_iter()
        .find(|word| word.starts_with("sign="))
        .unwrap();
    let [lower, short] = [sign.to_lowercase(), sign[..sign.len() - 1].to_owned()];
    for (more, name, field) in [
        (&[][..], "sign", "sign=D675A1E471DBF7C0B1AC5883B5BDA9EF"),
        (hmac, "sign", &lower),
        (hmac, "sign", &short),
        (hmac, "sign", "sign=A"),
        (hmac, "sign_type", "sign_type=MD5"),
        (hmac, "more", "more=铺"),
        (hmac, "more", ""),
        (&["more=1"], "more", "other=1"),
    ] {
        let form = bench.changed(more, &[(name, field)]);
        let answer = bench.upload(&form);
        answer.assert_fails("SIGNERROR", "Signature validation");
        assert_eq!(answer.get("return_msg"), Some("Signature failure"));
    }
}

#[test]
fn fields_of_a_wrong_form_are_refused() {
    let bench = Bench::new();
    let more = ["sign_type=MD5", "further=1"];
    bench.write("empty", "");
    bench.write("line", "1900000109\n");
    bench.write("not-utf8", b"\xff");
    let long = [
        format!("mch_id={}", "1".repeat(33)),
        format!("sign={}", "A".repeat(65)),
        format!("media=@test.jpg;filename={}", "n".repeat(257)),
    ];
    let assert_refused = |form: &[String]| {
        let answer = bench.upload(form);
        answer.assert_fails("PARAM_ERROR", "Regular validation");
        let message = answer.get("return_msg").unwrap();
        assert!(
            message.starts_with("Parameter format checking error"),
            "{message} {form:?}"
        );
    };
    for (name, field) in [
        ("mch_id", ""),
        ("media", ""),
        ("media_hash", ""),
        ("sign", ""),
        ("mch_id", "mch_id="),
        ("media", "media=@empty"),
        ("media_hash", "media_hash="),
        ("sign", "sign="),
        ("mch_id", "mch_id=19000-0109"),
        ("mch_id", "mch_id=<line"),
        ("mch_id", &long[0]),
        ("media_hash", "media_hash=709D1E858D2EF9D0501CC053668B2872"),
        ("media_hash", "media_hash=709d1e858d2ef9d0501cc053668b287"),
        ("sign", &long[1]),
        ("sign_type", "sign_type=HMAC-SHA-256"),
        ("further", "further=\u{1f600}"),
        ("further", "further=<not-utf8"),
        ("media", "media=@test.jpg;filename=\u{1f600}.jpg"),
        ("media", &long[2]),
    ] {
        assert_refused(&bench.changed(&more, &[(name, field)]));
    }
    for again in [
        "mch_id=1",
        "media=@test.jpg",
        "media_hash=0",
        "sign=A",
        "further=1",
    ] {
        let mut form = bench.form(&more);
        form.extend(["-F".to_owned(), again.to_owned()]);
        assert_refused(&form);
    }
}

#[test]
fn other_files_than_pictures_and_other_hashes_are_refused() {
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
        "media=<test.jpg",
        "media=@test.jpg;filename=",
    ] {
        for (sign_type, algorithm) in [
            (&[][..], "MD5"),
            (&["sign_type=HMAC-SHA256"], "HMAC-SHA256"),
        ] {
            let answer = bench.upload(&bench.changed(sign_type, &[("media", media)]));
            answer.assert_refuses(&bench, algorithm, "PARAM_ERROR", "Image format error");
        }
    }
}

#[test]
fn pictures_that_are_too_large_are_refused() {
    let bench = Bench::new();
    let mut picture = b"\xff\xd8\xff\xe0".to_vec();
    for size in [2 * 1024 * 1024, 5 * 1024 * 1024] {
        picture.resize(size, 0x55);
        bench.write("test.jpg", &picture);
        let answer = bench.upload(&bench.form(&["sign_type=HMAC-SHA256"]));
        answer.assert_refuses(&bench, "HMAC-SHA256", "PARAM_ERROR", "Image format error");
    }
    // The fields that come after five megabytes are not read.
    let mut form = bench.form(&[]);
    form.rotate_right(2);
    let answer = bench.upload(&form);
    answer.assert_fails("PARAM_ERROR", "Image format error");
}

#[test]
fn the_first_rule_that_is_broken_is_told() {
    let bench = Bench::new();
    let elsewhere = bench.sandbox.origin();
    // One thing more is right in each than in the one before.
    let answer = bench.anonymous_curl(&[&elsewhere]);
    answer.assert_fails("INVALID_REQUEST", "HTTP GET method not supported");
    assert_eq!(bench.anonymous_curl(&["-d", "x", &elsewhere]).status, "404");
    let answer = bench.anonymous_curl(&["-d", "x", &bench.url]);
    answer.assert_fails("INVALID_REQUEST", "Certificate is required");
    let answer = bench.curl(&["-d", "x", &bench.url]);
    answer.assert_fails("INVALID_REQUEST", "Invalid XML format");
    let fields = ["mch_id", "media_hash", "sign", "media"].map(|name| format!("{name}=?"));
    let mut form: Vec<_> = fields
        .into_iter()
        .flat_map(|it| ["-F".to_owned(), it])
        .collect();
    for (form, why) in [
        (&form[..6], "media is missing"),
        (&form, "mch_id has a wrong form"),
    ] {
        let answer = bench.upload(form);
        answer.assert_fails("PARAM_ERROR", "Regular validation");
        assert!(
            answer.get("return_msg").unwrap().contains(why),
            "{answer:?}"
        );
    }
    form[3] = "media_hash=709d1e858d2ef9d0501cc053668b2872".to_owned();
    form[1] = "mch_id=1000000000".to_owned();
    let answer = bench.upload(&form);
    answer.assert_fails("PARAM_ERROR", "Merchant ID error");
    form[1] = "mch_id=1900000109".to_owned();
    let answer = bench.upload(&form);
    answer.assert_fails("SIGNERROR", "Signature validation");
    let sign = bench.python_sign("MD5", &[form[1].clone(), form[3].clone()]);
    form[5] = format!("sign={sign}");
    for media in ["media=?", "media=@test.jpg"] {
        media.clone_into(&mut form[7]);
        let answer = bench.upload(&form);
        answer.assert_refuses(&bench, "MD5", "PARAM_ERROR", "Image format error");
    }
    bench.assert_uploads();
}
