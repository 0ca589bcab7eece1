//! The findings about mistakes, made with curl.

use wxpay_sandbox::Sandbox;
use wxpay_sign::ApiKey;

use crate::support::{Answer, Bench, HMAC, PNG, WHOLE, python_sign};

/// The findings of an upload of these bytes.
fn found(bench: &Bench, picture: impl AsRef<[u8]>) -> Vec<String> {
    bench.write("test.jpg", picture);
    bench.send(&[]);
    bench.codes()
}

fn has(codes: &[String], code: &str) -> bool {
    codes.iter().any(|found| found == code)
}

#[test]
fn a_good_picture_has_no_findings() {
    let bench = Bench::new();
    assert_eq!(found(&bench, WHOLE), [""; 0]);
    let half = b"\xff\xd8\xff\xe0 half a picture";
    assert_eq!(found(&bench, half), ["media-truncated"]);
    assert!(bench.last().outcome.as_ref().unwrap().is_accepted());
    let end = b"\x08\x06\0\0\0crc.\0\0\0\0IEND\xae\x42\x60\x82";
    let png = found(&bench, [PNG, &end[..]].concat());
    assert_eq!(png, ["media-type-other", "extension"]);
}

#[test]
fn another_file_in_a_pictures_place_is_named_in_both_languages() {
    let bench = Bench::new();
    bench.send_changed(&[], "media", "media=https://example.com/a.jpg");
    assert_eq!(bench.codes()[..2], ["media-not-a-file", "media-is-url"]);
    for finding in &bench.last().findings {
        let is_english = finding.message.replace('…', "").is_ascii();
        let is_chinese = !finding.message_zh.is_ascii();
        assert!(is_english && is_chinese, "{finding:?}");
    }
    let decoded = "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\0\u{10}JFIF";
    assert_eq!(found(&bench, decoded), ["media-decoded"]);
    let large = [b"\xff\xd8\xff\xe0", &[0x55; 2_097_148][..], b"\xff\xd9"].concat();
    assert_eq!(found(&bench, large), ["media-too-large"]);
    let all = found(&bench, "");
    assert!(has(&all, "media-empty"), "{all:?}");
}

#[test]
fn mistakes_in_fields_are_named() {
    let bench = Bench::new();
    bench.write("test.jpg", WHOLE);
    bench.write("line", "1900000109\n");
    let long = format!("media=@test.jpg;filename={}.jpg", "名".repeat(253));
    #[rustfmt::skip] // a row a line
    let rows = [
        ("mch_id", "mch_id=1", &["merchant-unknown"][..]),
        ("mch_id", "mch_id=<line", &["value-not-trimmed", "merchant-unknown"]),
        ("mch_id", "mchId=1900000109", &["field-misnamed"]),
        ("media", "file=@test.jpg", &["field-misnamed"]),
        ("media", &long, &["file-name-long"]),
        ("media_hash", "media_hash=", &["field-empty", "hash-of-other-bytes"]),
        ("sign", "other=1", &["field-missing"]),
        ("more", "mch_id=1900000109", &["field-repeated"]),
        ("more", "sign_type=hmac-sha256", &["sign-type-unknown"]),
    ];
    for (name, field, codes) in rows {
        bench.send_changed(&["more=1"], name, field);
        // Each makes the signature wrong too.
        let mut found = bench.codes();
        found.retain(|code| !code.starts_with("signature"));
        assert_eq!(found, codes, "{field:?}");
    }
    let hash = "709d1e858d2ef9d0501cc053668b2872";
    bench.send_changed(&[], "media_hash", &format!("media_hash={hash}"));
    let last = bench.last().to_string();
    let said = format!("hash-of-other-bytes: media_hash is \"{hash}\"");
    assert!(last.contains(&said), "{last}");
}

/// Sends a body with curl; the response and the findings.
fn raw(bench: &Bench, content_type: &str, body: impl AsRef<[u8]>) -> (Answer, Vec<String>) {
    bench.write("form", body);
    let header = format!("Content-Type: {content_type}");
    let arguments = [
        "--data-binary",
        "@form",
        "-H",
        header.trim_end(),
        &bench.url,
    ];
    (bench.curl(&arguments), bench.codes())
}

const EDGE: &str = "multipart/form-data; boundary=edge";

#[test]
fn forms_that_wechats_parsers_may_not_read_are_named_and_mostly_refused() {
    let bench = Bench::new();
    let part = |disposition: &str| {
        format!("--edge\r\nContent-Disposition: form-data{disposition}\r\n\r\nx\r\n--edge--\r\n")
    };
    let right = part("; name=\"sign\"");
    let header = "Content-Disposition: form-data; name=\"sign\"\r\n";
    let replaced = |what: &str, by: &str| right.replace(what, by);
    let text = str::to_owned;
    let open = "the body is not a form that ends with its boundary";
    let no_form = "the Content-Type is not multipart/form-data with a boundary";
    let no_boundary = "the boundary in the Content-Type cannot be read";
    let (quoted, first) = ("the boundary is in quotes", "filename comes before name");
    let (extended, lf) = (
        "a file name is given as filename*",
        "a line of the form ends with LF alone",
    );
    let folded = "a header of a part is folded over two lines";
    let missing = "a part has no Content-Disposition";
    let unnamed = "the Content-Disposition of a part has no name";
    let cr = "a line of the form has a CR that no LF follows";
    let malformed = "a line of a part's headers is no header, or has a control character";
    let many = "a part has more than 32 headers";
    let accepted = "Parameter format checking error: mch_id is missing";
    #[rustfmt::skip] // a row a line
    let rows = [
        ("multipart/form-data; boundary=\"edge\"", right.clone(), quoted, "boundary-quoted"),
        (EDGE, part("; filename=\"a.jpg\"; name=\"media\""), first, "filename-before-name"),
        (EDGE, part("; name=\"media\"; filename*=UTF-8''a.jpg"), extended, "filename-extended"),
        (EDGE, replaced("\r\n", "\n"), lf, "line-ends"),
        (EDGE, replaced("\"sign\"\r\n", "\"sign\"\nX: y\r\n"), lf, "line-ends"),
        (EDGE, replaced("--edge\r\n", "--edge\n"), lf, "line-ends"),
        (EDGE, replaced(header, ""), missing, "disposition-missing"),
        (EDGE, replaced(header, "Content-Type: text/plain\r\n"), missing, "disposition-missing"),
        (EDGE, part(""), unnamed, "field-unnamed"),
        (EDGE, part("; charset=utf-8"), unnamed, "field-unnamed"),
        (EDGE, part(";\r\n\tname=\"media\""), folded, "header-folded"),
        (EDGE, part("; \r\n name=\"media\""), folded, "header-folded"),
        (EDGE, replaced("--edge--", "--edge"), open, "form-not-closed"),
        (EDGE, replaced("\r\n--edge--\r\n", ""), open, "form-not-closed"),
        ("multipart/form-data; boundary=other", right.clone(), open, "boundary-mismatch"),
        (EDGE, text("{}"), open, "not-a-form"),
        (EDGE, text(""), open, "body-empty"),
        ("", text(""), no_form, "body-empty"),
        ("multipart/form-data", right.clone(), no_form, "boundary-missing"),
        ("multipart/mixed; boundary=edge", right.clone(), no_boundary, "not-multipart"),
        ("application/json", text("{}"), no_form, "not-multipart"),
        ("application/x-www-form-urlencoded", text("mch_id=1900000109"), no_form, "not-multipart"),
        ("text/xml", text("<xml><mch_id>1900000109</mch_id></xml>"), no_form, "not-multipart"),
        (EDGE, format!("\r\n{right}"), accepted, "preamble"),
        (EDGE, format!("{}{right}", "This is a form.\r\n".repeat(100)), accepted, "preamble"),
        (EDGE, replaced("--edge\r\n", "--edge  \r\n"), accepted, "boundary-spaces"),
        ("multipart/form-data; boundary = edge", right.clone(), no_boundary, "boundary-spaces"),
        ("multipart/form-data; boundary= edge", right.clone(), no_boundary, "boundary-spaces"),
        (EDGE, replaced("\r\nx\r\n", "\r\nvalue\n x\r\n"), accepted, ""),
        ("multipart/form-data; boundary=edge ; charset=utf-8", right.clone(), no_boundary, "boundary-spaces"),
        ("multipart/form-data; boundary=", right.clone(), no_boundary, "boundary-missing"),
        ("multipart/form-data; boundary=edge, text/plain", right.clone(), no_boundary, "boundary-malformed"),
        ("multipart/form-data; boundary=(edge)", right.clone(), no_boundary, "boundary-malformed"),
        (EDGE, replaced("\r\n\r\n", "\r\n"), malformed, "header-malformed"),
        (EDGE, replaced("\r\n\r\nx\r\n", "\r\nhttps://x\r\n"), malformed, "header-malformed"),
        (EDGE, replaced("Disposition: ", "Disposition "), malformed, "header-malformed"),
        (EDGE, right.replacen("\r\n", "\r", 4), cr, "line-ends"),
        (EDGE, replaced("\"sign\"\r\n", "\"sign\"\r"), cr, "line-ends"),
        (EDGE, replaced("--edge\r\n", "--edge\r\r\n"), cr, "line-ends"),
        (EDGE, part("; name=\"media\"; filename=\"a\0b.jpg\""), malformed, "header-malformed"),
        (EDGE, part("; name=\"media\"; filename=\"a\x01b.jpg\""), malformed, "header-malformed"),
        (EDGE, part("; name=\"media\"; filename=\"a\x7fb.jpg\""), malformed, "header-malformed"),
        (EDGE, part(&format!("; name=\"sign\"{}", "\r\nX: y".repeat(40))), many, "header-malformed"),
        (EDGE, part(&format!("; name=\"sign\"\r\nX: {}", "y".repeat(20_000))), accepted, "header-malformed"),
        (EDGE, part("; name=\"sign"), accepted, "header-malformed"),
        (EDGE, part("; name=\"sign\"; name=\"x\""), accepted, "header-malformed"),
        (EDGE, replaced("form-data", "attachment"), accepted, "header-malformed"),
        ("multipart/form-data; boundary=edge; charset=\"utf-8\"", right.clone(), accepted, ""),
    ];
    for (content_type, body, message, code) in &rows {
        let (answer, mut codes) = raw(&bench, content_type, body);
        match *message == accepted {
            true => answer.assert_fails("PARAM_ERROR", "Regular validation"),
            false => answer.assert_fails("INVALID_REQUEST", "Invalid XML format"),
        }
        assert_eq!(answer.get("return_msg"), Some(*message), "{body:?}");
        codes.retain(|code| rows.iter().any(|row| row.3 == code));
        assert_eq!(codes.join(" "), *code, "{content_type} {body:?}");
    }
    let (answer, codes) = raw(&bench, EDGE, "--edge--\r\n");
    assert_eq!(answer.get("return_msg"), Some(accepted));
    assert_eq!(codes, ["field-missing"; 4]);
}

#[test]
fn forms_that_are_accepted_and_odd_are_named() {
    let bench = Bench::new();
    bench.write("test.jpg", WHOLE);
    let chunked = ["-H", "Transfer-Encoding: chunked"];
    let form = bench.form(&[]);
    bench.curl(&bench.words(&chunked, &form)).assert_accepted();
    assert_eq!(bench.codes(), ["chunked"]);

    let right = bench.written_form();
    let behind = &right[b"--edge".len()..];
    for (start, code) in [
        ("\r\n--edge", "preamble"),
        ("a preamble\r\n--edge", "preamble"),
        ("--edge \t", "boundary-spaces"),
    ] {
        let (answer, codes) = raw(&bench, EDGE, [start.as_bytes(), behind].concat());
        answer.assert_accepted();
        assert!(has(&codes, code), "{code}: {codes:?}");
    }

    let part = "--edge\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.jpg\"\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nx\r\n--edge--\r\n";
    let (_, codes) = raw(&bench, EDGE, part);
    for code in ["media-type-missing", "transfer-encoding"] {
        assert!(has(&codes, code), "{codes:?}");
    }
}

#[test]
fn a_missing_certificate_is_named_beside_all_else() {
    let bench = Bench::new();
    let answer = bench.anonymous_curl(&bench.words(&[], &bench.form(&[])));
    answer.assert_fails("INVALID_REQUEST", "Certificate is required");
    assert_eq!(bench.codes(), ["certificate-missing", "media-truncated"]);
    assert_eq!(bench.last().fields.len(), 4);
}

#[test]
fn a_name_in_another_character_set_is_still_a_name() {
    let bench = Bench::new();
    #[rustfmt::skip] // in a line
    let names = [&b"\xb5\xea\xc6\xcc.jpg"[..], b"\xb5\xea\x8c\x5c", b"fa\xe7ade.jpg", b"\xa5\x5c"];
    for name in names {
        let head = b"--edge\r\nContent-Disposition: form-data; name=\"media\"; filename=\"";
        let form = [head, name, b"\"\r\n\r\n", WHOLE, b"\r\n--edge--\r\n"].concat();
        let (_, codes) = raw(&bench, EDGE, &form);
        let is_file = has(&codes, "file-name-not-utf8") && !has(&codes, "media-not-a-file");
        assert!(is_file, "{codes:?}");
        let media = &bench.last().fields[0];
        assert_eq!((&media.value, media.length), (&None, Some(17)));
        assert!(media.file_name.is_some());
    }
}

/// `wxpay-diagnose` tests every mistake.
#[test]
fn a_finding_begins_with_the_mistake_and_shows_the_string_to_sign() {
    // An old key, or that of API v3.
    let other = "0123456789abcdef0123456789abcdef";
    let bench = Bench::of(Sandbox::builder().other_key(ApiKey::new(other).unwrap()));
    bench.write("test.jpg", WHOLE);
    let key = bench.credentials().expose_api_key();
    #[rustfmt::skip] // a row a line
    let rows = [
        (&[][..], None, "MD5", key, "lower-case"),
        (&[], None, "MD5", other, "other-key"),
        (&[], Some("media=test.jpg"), "MD5", key, "file-name-signed"),
        (HMAC, None, "MD5", key, "md5-for-hmac"),
        (&[], None, "HMAC-SHA256", key, "hmac-for-md5-and-lower-case"),
        (&[], None, "MD5", "neither", "unknown"),
    ];
    for (more, signed_too, sign_type, signed_with, code) in rows {
        let form = bench.changed(more, &[("sign", ""), ("media", "")]);
        let mut fields: Vec<_> = form.into_iter().filter(|word| word != "-F").collect();
        fields.extend(signed_too.map(str::to_owned));
        let mut sign = python_sign(sign_type, signed_with, &fields);
        if code.ends_with("lower-case") {
            sign.make_ascii_lowercase();
        }
        let answer = bench.send_changed(more, "sign", &format!("sign={sign}"));
        // The response has only the documented text.
        answer.assert_fails("SIGNERROR", "Signature validation");
        assert_eq!(answer.get("return_msg"), Some("Signature failure"));
        let last = bench.last();
        assert_eq!(bench.codes(), [format!("signature-{code}")], "{last}");
        let message = &last.findings[0].message;
        let (mistake, behind) = message.split_once("; ").unwrap();
        let is_first = !mistake.contains("mch_id=") && behind.contains("to be signed with");
        assert!(is_first, "{message}");
        assert!(message.contains("&key=********"), "{message}");
        for key in [key, other] {
            assert!(!last.to_string().contains(key), "{last}");
        }
    }
}
