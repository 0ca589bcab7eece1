//! The findings about mistakes, made with curl.

use crate::support::{Bench, PNG, WHOLE};

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
fn a_picture_that_is_good_is_not_complained_of() {
    let bench = Bench::new();
    assert_eq!(found(&bench, WHOLE), [""; 0]);
    // One that is accepted, and odd.
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
    #[rustfmt::skip] // a row a line
    let rows = [
        ("mch_id", "mch_id=1", &["merchant-unknown"][..]),
        ("mch_id", "mch_id=<line", &["value-not-trimmed", "merchant-unknown"]),
        ("mch_id", "mchId=1900000109", &["field-misnamed"]),
        ("media", "file=@test.jpg", &["field-misnamed"]),
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

/// Sends a form by hand with curl; the message of the response, and the findings.
fn raw(bench: &Bench, content_type: &str, body: impl AsRef<[u8]>) -> (String, Vec<String>) {
    bench.write("form", body);
    let header = format!("Content-Type: {content_type}");
    let answer = bench.curl(&["--data-binary", "@form", "-H", &header, &bench.url]);
    let message = answer.get("return_msg").unwrap_or_default();
    (message.to_owned(), bench.codes())
}

const EDGE: &str = "multipart/form-data; boundary=edge";

#[test]
fn forms_that_wechats_parsers_do_not_read_are_refused_and_named() {
    let bench = Bench::new();
    let part = |disposition: &str| {
        format!("--edge\r\nContent-Disposition: form-data; {disposition}\r\n\r\nx\r\n--edge--\r\n")
    };
    let no_disposition = "--edge\r\nContent-Type: text/plain\r\n\r\nx\r\n--edge--\r\n".to_owned();
    let file = || part("name=\"media\"; filename=\"a.jpg\"");
    let media = || part("name=\"media\"");
    let open = "the body is not a form that ends with its boundary";
    let no_form = "the Content-Type is not multipart/form-data with a boundary";
    let lf = "a line of the form ends with LF alone";
    let folded = "a header of a part is folded over two lines";
    #[rustfmt::skip] // a row a line
    let rows = [
        ("multipart/form-data; boundary=\"edge\"", file(), "the boundary is in quotes", "boundary-quoted"),
        (EDGE, part("filename=\"a.jpg\"; name=\"media\""), "filename comes before name", "filename-before-name"),
        (EDGE, part("name=\"media\"; filename*=UTF-8''a.jpg"), "a file name is given as filename*", "filename-extended"),
        (EDGE, file().replace("\r\n", "\n"), lf, "line-ends"),
        (EDGE, media().replace("\"media\"\r\n", "\"media\"\nX: y\r\n"), lf, "line-ends"),
        (EDGE, no_disposition, "a part has no Content-Disposition", "disposition-missing"),
        (EDGE, part("charset=utf-8"), "the Content-Disposition of a part has no name", "field-unnamed"),
        (EDGE, part("\r\n name=\"media\""), folded, "header-folded"),
        (EDGE, media().replace("--edge--", "--edge"), open, "form-not-closed"),
        ("multipart/form-data; boundary=other", media(), open, "boundary-mismatch"),
        (EDGE, "{}".to_owned(), open, "not-a-form"),
        ("multipart/form-data", media(), no_form, "boundary-missing"),
        ("application/json", "{}".to_owned(), no_form, "not-multipart"),
    ];
    for (content_type, body, message, code) in rows {
        let (found, codes) = raw(&bench, content_type, &body);
        assert_eq!(found, message, "{code}");
        assert!(has(&codes, code), "{code}: {codes:?}");
    }
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
    for (before, after, code) in [
        ("", "\r\n", "preamble"),
        ("", "a preamble\r\n", "preamble"),
        ("--edge\r\n", "--edge \t\r\n", "boundary-spaces"),
    ] {
        let mut windows = right.windows(before.len().max(1));
        let at = windows.position(|it| it.starts_with(before.as_bytes()));
        let (start, end) = right.split_at(at.unwrap());
        let body = [start, after.as_bytes(), &end[before.len()..]].concat();
        let (message, codes) = raw(&bench, EDGE, body);
        assert_eq!(message, "OK");
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
fn a_missing_certificate_is_told_with_all_else() {
    let bench = Bench::new();
    let answer = bench.anonymous_curl(&bench.words(&[], &bench.form(&[])));
    answer.assert_fails("INVALID_REQUEST", "Certificate is required");
    assert_eq!(bench.codes(), ["certificate-missing", "media-truncated"]);
    assert_eq!(bench.last().fields.len(), 4);
}

#[test]
fn forms_of_other_writers_get_a_true_finding() {
    let bench = Bench::new();
    let header = "Content-Disposition: form-data; name=\"sign\"\r\n";
    let part = format!("--edge\r\n{header}\r\nx\r\n--edge--\r\n");
    let replaced = |what: &str, by: &str| part.replace(what, by);
    let folded = replaced("; name=", ";\r\n\tname=");
    #[rustfmt::skip] // a row a line
    let rows = [
        (EDGE, format!("\r\n{part}"), &["preamble"][..]),
        (EDGE, format!("{}{part}", "This is a form.\r\n".repeat(100)), &["preamble"]),
        (EDGE, replaced(header, ""), &["disposition-missing"]),
        (EDGE, replaced(header, "Content-Type: text/plain\r\n"), &["disposition-missing"]),
        (EDGE, replaced("; name=\"sign\"", ""), &["field-unnamed"]),
        (EDGE, folded, &["header-folded"]),
        (EDGE, replaced("\"sign\"\r\n", "\"sign\"\nX: y\r\n"), &["line-ends"]),
        (EDGE, replaced("--edge\r\n", "--edge\n"), &["line-ends"]),
        (EDGE, replaced("--edge\r\n", "--edge  \r\n"), &["boundary-spaces"]),
        (EDGE, replaced("\r\nx\r\n", "\r\nvalue\n x\r\n"), &[]),
        ("multipart/form-data; boundary = edge", part.clone(), &["boundary-spaces"]),
        ("multipart/form-data; boundary= edge", part.clone(), &["boundary-spaces"]),
        ("multipart/form-data; boundary=edge ; charset=utf-8", part.clone(), &[]),
    ];
    for (content_type, body, expected) in rows {
        let (_, mut codes) = raw(&bench, content_type, &body);
        let is_other = |code: &str| code.starts_with("signature") || code == "field-missing";
        codes.retain(|code| !is_other(code));
        assert_eq!(codes, expected, "{content_type} {body:?}");
    }
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
        assert!(has(&codes, "file-name-not-utf8"), "{codes:?}");
        assert!(!has(&codes, "media-not-a-file"), "{codes:?}");
        let request = bench.last();
        let media = &request.fields[0];
        assert_eq!((&media.value, media.length), (&None, Some(17)));
        assert!(request.file_name.is_some());
    }
}
