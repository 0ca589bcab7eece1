//! `wxpay verify`.

use std::fs;

use crate::program::{KEY, Run, RunToEnd, text, wxpay};

/// Signed by hand over `return_code`, `result_code` and `media_id`, with the vectors' key.
fn reply(sign_type: &str) -> String {
    let fields = ["return_code=SUCCESS", "result_code=SUCCESS", "media_id=abc"];
    let arguments = ["sign", "--sign-type", sign_type].into_iter().chain(fields);
    let sign = wxpay(arguments)
        .env("WXPAY_API_KEY", KEY)
        .assert_exit(0)
        .out;
    let sign = sign.trim_end();
    format!(
        "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
         <media_id>abc</media_id><sign>{sign}</sign></xml>"
    )
}

fn verify(arguments: &[&str], reply: &str) -> Run {
    let arguments = ["verify"].iter().chain(arguments).copied();
    wxpay(arguments)
        .env("WXPAY_API_KEY", KEY)
        .env("WXPAY_SIGN_TYPE", "md5")
        .run_with_input(reply.as_bytes())
}

#[test]
fn either_algorithm_holds_and_a_flag_insists_on_one() {
    let (md5, hmac) = (reply("md5"), reply("hmac-sha256"));
    assert!(verify(&["-"], &md5).assert_exit(0).out.contains("MD5"));
    assert!(
        verify(&["-"], &hmac)
            .assert_exit(0)
            .out
            .contains("HMAC-SHA256")
    );
    verify(&["--sign-type", "hmac-sha256", "-"], &hmac).assert_exit(0);
    verify(&["--sign-type", "md5", "-"], &hmac).assert_exit(1);
    verify(&["--sign-type", "hmac-sha256", "-"], &md5).assert_exit(1);
}

#[test]
fn what_does_not_hold_is_status_1_and_shows_no_right_signature() {
    let good = reply("md5");
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
        let run = verify(&["-"], &bad).assert_exit(1);
        assert!(run.err.starts_with("not valid: "), "{run:?}");
        assert!(
            !run.err.contains(&right) && !run.err.contains(KEY),
            "{run:?}"
        );
    }
}

#[test]
fn a_file_is_read_and_a_missing_one_is_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reply.xml");
    fs::write(&file, reply("md5")).unwrap();
    verify(&[text(&file)], "").assert_exit(0);
    verify(&[text(&folder.path().join("missing.xml"))], "").assert_exit(2);
    wxpay(["verify", text(&file)]).assert_exit(2);
}

#[test]
fn a_refusal_is_called_one_and_its_reason_is_told() {
    for (refusal, told) in [
        (
            "<xml><return_code>FAIL</return_code><err_code>SIGNERROR</err_code></xml>",
            "SIGNERROR",
        ),
        (
            "<xml><return_code>SUCCESS</return_code><result_code>FAIL</result_code>\
             <err_code_des>频率限制</err_code_des><sign></sign></xml>",
            "频率限制",
        ),
    ] {
        let run = verify(&["-"], refusal).assert_exit(1);
        assert!(
            run.err
                .starts_with("not valid: it is a refusal, which needs no signature"),
            "{run:?}"
        );
        run.assert_err(told);
    }
    let gbk = b"<xml><return_code>FAIL</return_code><return_msg>\xc7\xa9\xc3\xfb</return_msg>\
                <err_code>SIGNERROR</err_code></xml>";
    let run = wxpay(["verify", "-"])
        .env("WXPAY_API_KEY", KEY)
        .run_with_input(gbk)
        .assert_exit(1);
    run.assert_err("it is a refusal");
    run.assert_err("SIGNERROR");
    // One that is signed is checked.
    let signed = reply("md5").replace("SUCCESS</result_code>", "FAIL</result_code>");
    let run = verify(&["-"], &signed).assert_exit(1);
    run.assert_not_err("needs no signature");
}

#[test]
fn what_stands_before_the_document_is_shown() {
    for before in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n",
        "\n> POST /x\n",
        "body: ",
    ] {
        let run = verify(&["-"], &format!("{before}{}", reply("md5"))).assert_exit(1);
        run.assert_err("cut it away");
        run.assert_err(before.trim().lines().next().unwrap());
    }
}
