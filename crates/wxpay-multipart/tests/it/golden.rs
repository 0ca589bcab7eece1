//! Forms byte for byte, compared with files that were written by hand from the standards.

use std::io::Read as _;

use bytes::Bytes;
use http_body_util::Full;
use wxpay_multipart::{Boundary, Form};

fn form() -> Form {
    Form::with_boundary(Boundary::new("7MA4YWxkTrZu0gW").unwrap())
}

#[track_caller]
fn assert_golden(form: Form, golden: &[u8]) {
    let content_type = "multipart/form-data; boundary=7MA4YWxkTrZu0gW";
    assert_eq!(form.content_type(), content_type);
    assert_eq!(form.content_length(), golden.len() as u64);
    let mut body = Vec::new();
    form.into_body().read_to_end(&mut body).unwrap();
    let [body, golden] = [&body, golden].map(|bytes| bytes.escape_ascii().to_string());
    assert_eq!(body, golden);
}

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\x00\xff";

#[test]
fn an_upload_from_memory_or_a_stream_has_the_bytes_of_the_standards() {
    let form = form()
        .text("mch_id", "1000000000")
        .and_then(|form| form.text("media_hash", "709d1e858d2ef9d0501cc053668b2872"))
        .and_then(|form| form.text("sign", "9E19543EA8BF9857BE5F61E18C1003E7"))
        .unwrap();
    let open = || Full::new(Bytes::from_static(PICTURE));
    let length = PICTURE.len() as u64;
    let file = form.clone().file("media", "shop.png", "image/png", PICTURE);
    let stream = form.stream("media", "shop.png", "image/png", length, open);
    for form in [file, stream] {
        assert_golden(form.unwrap(), include_bytes!("../golden/upload.multipart"));
    }
}

#[test]
fn names_are_escaped_and_values_are_not() {
    let form = form()
        .text(
            "quote\" cr\r lf\n",
            "quote\" cr\r lf\n crlf\r\n percent%22 营业执照",
        )
        .and_then(|form| {
            let filename = "营业执照 \"1\"; tab\t 100%\\scan\r\n.png";
            form.file("percent%22", filename, "image/png; a=\"b\"", &b"x"[..])
        })
        .unwrap();
    assert_golden(form, include_bytes!("../golden/escapes.multipart"));
}

#[test]
fn parts_may_be_empty_and_a_form_may_have_none() {
    assert_golden(form(), include_bytes!("../golden/no_parts.multipart"));
    let form = form()
        .text("text", "")
        .and_then(|form| form.file("file", "", "application/octet-stream", ""))
        .and_then(|form| form.file("file", "a.png", "image/png", ""))
        .unwrap();
    assert_golden(form, include_bytes!("../golden/empty_contents.multipart"));
}
