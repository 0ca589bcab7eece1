//! `wxpay verify`.

use std::fs;

use crate::program::{JPG, KEY, Run, Runnable, wxpay};

/// The signature over these parameters, with the key of the vectors.
fn sign(sign_type: &str, fields: &str) -> String {
    let words = format!("WXPAY_API_KEY={KEY} sign --sign-type {sign_type} {fields}");
    wxpay(&words).assert_exit(0).out.trim_end().to_owned()
}

fn response(sign_type: &str) -> String {
    let sign = sign(
        sign_type,
        "return_code=SUCCESS result_code=SUCCESS media_id=abc",
    );
    format!(
        "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
         <media_id>abc</media_id><sign>{sign}</sign></xml>"
    )
}

fn verify(words: &str, response: impl AsRef<[u8]>, status: i32) -> Run {
    let mut command = wxpay("verify WXPAY_SIGN_TYPE=md5");
    let command = command.env("WXPAY_API_KEY", KEY).with(words);
    command
        .run_with_input(response.as_ref())
        .assert_exit(status)
}

#[test]
fn either_algorithm_is_valid_and_a_flag_requires_one() {
    let (md5, hmac) = (response("md5"), response("hmac-sha256"));
    verify("-", &md5, 0).assert_out("MD5");
    verify("-", &hmac, 0).assert_out("HMAC-SHA256");
    verify("--sign-type hmac-sha256 -", &hmac, 0);
    verify("--sign-type md5 -", &hmac, 1);
    verify("--sign-type hmac-sha256 -", &md5, 1);
}

#[test]
fn a_wrong_or_missing_signature_is_status_1_and_the_right_one_is_not_shown() {
    let good = response("md5");
    let right = good.split("<sign>").nth(1).unwrap()[..32].to_owned();
    for bad in [
        good.replace("abc", "abd"),
        good.replace(&right, ""),
        good.replace(&right, "0123"),
        good.replace(&format!("<sign>{right}</sign>"), ""),
        good.replace("<xml>", "<!DOCTYPE xml><xml>"),
        good.replace("</xml>", ""),
        String::new(),
    ] {
        let run = verify("-", &bad, 1);
        assert!(run.err.starts_with("not valid: "), "{run:?}");
        run.assert_not(&right).assert_not(KEY);
    }
}

#[test]
fn a_file_is_read_and_a_missing_one_is_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("response.xml");
    fs::write(&file, response("md5")).unwrap();
    let file = file.display();
    verify(&format!("{file}"), "", 0);
    verify(&format!("{file}.missing"), "", 2);
    wxpay(&format!("verify {file}")).assert_exit(2);
}

#[test]
fn a_refusal_is_named_with_its_reason() {
    let refused = "<xml><return_code>FAIL</return_code><err_code>SIGNERROR</err_code></xml>";
    let limited = "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code>\
                   <err_code_des>频率限制</err_code_des><sign></sign></xml>";
    let gbk = b"<xml><return_code>FAIL</return_code><return_msg>\xc7\xa9\xc3\xfb</return_msg>\
                <err_code>SIGNERROR</err_code></xml>";
    for (refusal, reason) in [
        (refused.as_bytes(), "SIGNERROR"),
        (limited.as_bytes(), "频率限制"),
        (gbk, "SIGNERROR"),
    ] {
        verify("-", refusal, 1)
            .assert_err("not valid: it is a refusal, which needs no signature")
            .assert_err(reason);
    }
    // A signed refusal is checked.
    let signed = response("md5").replace("SUCCESS</result_code>", "FAIL</result_code>");
    let run = verify("-", signed, 1);
    run.assert_err("not valid: it is a refusal, and its signature does not fit");
    run.assert_err("MD5 signature does not match");
    run.assert_not("needs no signature");
}

#[test]
fn a_success_that_is_cut_out_of_a_signed_refusal_is_not_valid() {
    let refusal = sign(
        "md5",
        "media_id=abc result_code=SUCCESS return_code=SUCCESS&return_code=FAIL",
    );
    let cut = format!(
        "<xml><return_code>SUCCESS&amp;return_code=FAIL</return_code><media_id>abc</media_id>\
         <result_code>SUCCESS</result_code><sign>{refusal}</sign></xml>"
    );
    let run = verify("-", cut, 1);
    run.assert_err("the value of `return_code` reads as another field");
    // The gateway's own refusal may hold such a text.
    let own = sign("md5", "return_code=FAIL return_msg=a&b=c");
    let own = format!(
        "<xml><return_code>FAIL</return_code><return_msg>a&amp;b=c</return_msg>\
         <sign>{own}</sign></xml>"
    );
    verify("-", own, 0);
}

#[test]
fn the_beginning_of_another_file_is_shown() {
    let jpg = fs::read(JPG).unwrap();
    for (file, word) in [
        (b"{\"a\":1}".as_slice(), "it begins with: {\"a\":1}: "),
        (
            b"<html><title>502 Bad Gateway</title></html>",
            "502 Bad Gateway",
        ),
        (b"\x1f\x8b\x08\0\0\0\0\0", "compressed with gzip"),
        (&jpg, "a JPEG: "),
        (b"", "nothing"),
    ] {
        verify("-", file, 1)
            .assert_err(word)
            .assert_not("raise the limit");
    }
}

#[test]
fn text_behind_the_document_is_shown() {
    for behind in ["* Connection #0 left intact", "200", "<xml></xml>", "<p>"] {
        verify("-", format!("{}\n{behind}", response("md5")), 1)
            .assert_err("other text stands behind the document, cut it away")
            .assert_err(behind);
    }
}

#[test]
fn text_before_the_document_is_shown() {
    for before in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n",
        "\n> POST /x\n",
        "body: ",
    ] {
        verify("-", format!("{before}{}", response("md5")), 1)
            .assert_err("cut it away")
            .assert_err(before.trim().lines().next().unwrap());
    }
}
