//! The rules: accepted uploads, and each row of the API's table of errors, provoked with curl.

use crate::support::{Bench, CURL, HMAC, PNG};

/// The signed refusal of pictures, hashes and sizes.
const FORMAT: [&str; 2] = ["PARAM_ERROR", "Image format error"];

#[test]
fn wrong_signatures_are_refused() {
    let bench = Bench::new();
    let hmac = &[HMAC[0], "more=店"][..];
    let mut words = bench.form(hmac).into_iter();
    let sign = words.find(|word| word.starts_with("sign=")).unwrap();
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
        let answer = bench.send_changed(more, name, field);
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
    let assert_refused = |form: &[String]| {
        let answer = bench.upload(form);
        answer.assert_fails("PARAM_ERROR", "Regular validation");
        let message = answer.get("return_msg").unwrap();
        let is_format = message.starts_with("Parameter format checking error");
        assert!(is_format, "{message} {form:?}");
    };
    for field in "mch_id media media_hash sign".split(' ') {
        assert_refused(&bench.changed(&more, &[(field, "")]));
    }
    for field in [
        "mch_id=",
        "media=@empty",
        "media_hash=",
        "sign=",
        "mch_id=19000-0109",
        "mch_id=<line",
        &format!("mch_id={}", "1".repeat(33)),
        "media_hash=709D1E858D2EF9D0501CC053668B2872",
        "media_hash=709d1e858d2ef9d0501cc053668b287",
        &format!("sign={}", "A".repeat(65)),
        "sign_type=HMAC-SHA-256",
        "further=\u{1f600}",
        "further=<not-utf8",
        "media=@test.jpg;filename=\u{1f600}.jpg",
        &format!("media=@test.jpg;filename={}", "n".repeat(257)),
    ] {
        let (name, _) = field.split_once('=').unwrap();
        assert_refused(&bench.changed(&more, &[(name, field)]));
    }
    for again in "mch_id=1 media=@test.jpg media_hash=0 sign=A further=1".split(' ') {
        let mut form = bench.form(&more);
        form.extend(["-F".to_owned(), again.to_owned()]);
        assert_refused(&form);
    }
}

#[test]
fn other_files_than_pictures_and_other_hashes_are_refused() {
    let bench = Bench::new();
    let text = "BMW is a car, and a text that is long enough to be a header of a bitmap";
    bench.write("bmw.bmp", text);
    bench.write("other.jpg", b"\xff\xd8\xff\xe0 not what was hashed");
    for media in [
        "media=@bmw.bmp",
        "media=@other.jpg",
        "media=https://example.com/shop.png",
        "media=<test.jpg",
        "media=@test.jpg;filename=",
    ] {
        for (more, by) in [(&[][..], "MD5"), (HMAC, "HMAC-SHA256")] {
            let answer = bench.send_changed(more, "media", media);
            answer.assert_refuses(&bench, by, FORMAT[0], FORMAT[1]);
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
        let answer = bench.send(HMAC);
        answer.assert_refuses(&bench, "HMAC-SHA256", FORMAT[0], FORMAT[1]);
    }
    // The fields that come after five megabytes are not read.
    let mut form = bench.form(&[]);
    form.rotate_right(2);
    bench.upload(&form).assert_fails(FORMAT[0], FORMAT[1]);
}

#[test]
fn the_first_broken_rule_decides() {
    let bench = Bench::new();
    let elsewhere = bench.sandbox.origin();
    // Each call is right in one more point.
    for method in ["GET", "PUT", "what"] {
        let answer = bench.anonymous_curl(&["-X", method, &elsewhere]);
        answer.assert_fails("INVALID_REQUEST", "HTTP GET method not supported");
        assert_eq!(answer.status, "200");
    }
    // A response to CONNECT has no body.
    let target = [
        "-X",
        "CONNECT",
        "--request-target",
        "localhost:443",
        &elsewhere,
    ];
    let options = ["--cacert", "ca.pem", "--write-out", "%{http_code}"];
    let status = bench.run("curl", &[&CURL[..], &options, &target].concat());
    assert_eq!(status, "200");
    let answer = bench.anonymous_curl(&["-d", "x", &elsewhere]);
    let description = "Unknown path: the API is at /secapi/mch/uploadmedia";
    answer.assert_fails("INVALID_REQUEST", description);
    assert_eq!(answer.status, "404");
    let answer = bench.anonymous_curl(&["-d", "x", &bench.url]);
    answer.assert_fails("INVALID_REQUEST", "Certificate is required");
    assert_eq!(answer.status, "200");
    let answer = bench.curl(&["-d", "x", &bench.url]);
    answer.assert_fails("INVALID_REQUEST", "Invalid XML format");
    let (hash, sign) = ("media_hash=709d1e858d2ef9d0501cc053668b2872", "sign=?");
    let signed = ["mch_id=1900000109".to_owned(), hash.to_owned()];
    let right = format!("sign={}", bench.python_sign("MD5", &signed));
    #[rustfmt::skip] // a row a line
    let rows = [
        (&["mch_id=?", "media_hash=?", sign][..], "PARAM_ERROR", "Regular validation", "media is missing"),
        (&["mch_id=?", "media_hash=?", sign, "media=?"], "PARAM_ERROR", "Regular validation", "mch_id has a wrong form"),
        (&["mch_id=1000000000", hash, sign, "media=?"], "PARAM_ERROR", "Merchant ID error", ""),
        (&["mch_id=1900000109", hash, sign, "media=?"], "SIGNERROR", "Signature validation", ""),
        (&["mch_id=1900000109", hash, &right, "media=?"], FORMAT[0], FORMAT[1], ""),
        (&["mch_id=1900000109", hash, &right, "media=@test.jpg"], FORMAT[0], FORMAT[1], ""),
    ];
    for (fields, code, description, why) in rows {
        let form = fields
            .iter()
            .flat_map(|field| ["-F", field])
            .map(str::to_owned);
        let answer = bench.upload(&form.collect::<Vec<_>>());
        match description == FORMAT[1] {
            true => answer.assert_refuses(&bench, "MD5", code, description),
            false => answer.assert_fails(code, description),
        }
        assert!(
            answer.get("return_msg").unwrap().contains(why),
            "{answer:?}"
        );
    }
    bench.assert_uploads();
}

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
