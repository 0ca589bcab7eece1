//! `wxpay sign`, on the vectors of the API's documentation.

use std::fs;

use crate::program::{KEY, Run, Runnable, text, wxpay};

/// A run of `wxpay sign` with the key of the vectors, which is not printed.
fn sign(words: &str, status: i32) -> Run {
    let mut command = wxpay("sign");
    let run = command.with(words).env("WXPAY_API_KEY", KEY);
    let run = run.assert_exit(status);
    run.assert_not(KEY);
    run
}

fn signature(words: &str) -> String {
    sign(words, 0).out.strip_suffix('\n').unwrap().to_owned()
}

const FIELDS: &str = "mch_id=1000000000 media_hash=709d1e858d2ef9d0501cc053668b2872";
const MD5: &str = "9E19543EA8BF9857BE5F61E18C1003E7";
const HMAC: &str = "EF01EF4D7F95EBAA05112833E6B783D5DEEB0EC124096474986AC8EED47C63AC";
const WRONG_ORDER: &str = "AAC022AA3953C36E6240111A191FC940";

#[test]
fn the_official_vectors_hold() {
    let fields = "nonce_str=ibuaiVcKdpRxkhJA appid=wxd930ea5d5a258f4f mch_id=10000100 \
                  device_info=1000 body=test";
    for (sign_type, expected) in [
        ("md5", "9A0A8659F005D6984697E2CA0A9CF3B7"),
        (
            "hmac-sha256",
            "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6",
        ),
    ] {
        let words = format!("--sign-type {sign_type} {fields}");
        assert_eq!(signature(&words), expected);
    }
}

#[test]
fn the_sign_type_is_that_of_the_field_unless_a_flag_says_otherwise() {
    for (more, expected) in [
        ("sign_type=HMAC-SHA256", HMAC),
        // The request of the READMEs names no sign type: the gateway reads MD5.
        ("", MD5),
        ("sign_type=", MD5),
        ("WXPAY_SIGN_TYPE=hmac-sha256", MD5),
        ("--sign-type md5", MD5),
        // Neither `sign` nor empty values count.
        ("sign=x empty= --sign-type md5", MD5),
    ] {
        assert_eq!(signature(&format!("{FIELDS} {more}")), expected, "{more}");
    }
    let both = "sign_type=MD5 --sign-type hmac-sha256";
    assert_eq!(signature(&format!("{FIELDS} {both}")).len(), 64);
}

#[test]
fn an_unknown_sign_type_is_md5_as_the_gateway_reads_it_with_a_warning() {
    for (value, warns) in [("SHA1", true), ("hmac-sha256", true), ("MD5", false)] {
        let run = sign(&format!("a=b sign_type={value}"), 0);
        assert_eq!(run.out.trim_end().len(), 32);
        assert_eq!(run.err.contains("MD5"), warns, "{run:?}");
    }
}

#[test]
fn a_signature_that_the_gateway_reads_by_another_sign_type_is_a_warning() {
    for (words, warning) in [
        (
            "--sign-type md5 sign_type=HMAC-SHA256",
            "reads `sign_type=HMAC-SHA256` as HMAC-SHA256",
        ),
        (
            "--sign-type hmac-sha256 sign_type=MD5",
            "reads `sign_type=MD5` as MD5",
        ),
        (
            "--sign-type hmac-sha256 sign_type=foo",
            "reads `sign_type=foo` as MD5",
        ),
        (
            "--sign-type hmac-sha256",
            "reads a request without `sign_type` as MD5",
        ),
        (
            "--sign-type hmac-sha256 sign_type=",
            "reads a request without `sign_type` as MD5",
        ),
    ] {
        let run = sign(&format!("a=b {words}"), 0);
        run.assert_err(warning).assert_lines(1);
    }
    for right in [
        "--sign-type md5",
        "--sign-type hmac-sha256 sign_type=HMAC-SHA256",
    ] {
        assert_eq!(sign(&format!("a=b {right}"), 0).err, "");
    }
}

#[test]
fn the_canonical_string_needs_no_key_and_shows_none() {
    let run = wxpay("sign --canonical media_hash=b mch_id=a x= sign=s").assert_exit(0);
    assert!(
        run.out.starts_with("mch_id=a&media_hash=b&key=***"),
        "{run:?}"
    );
    let run = sign(&format!("--canonical a=b key={KEY}"), 0);
    assert_eq!(run.out, "a=b&key=********&key=********\n");
}

#[test]
fn a_repeated_name_and_a_missing_key_are_status_2() {
    sign("a=1 a=2", 2).assert_err("\"a\"");
    wxpay("sign a=1")
        .assert_exit(2)
        .assert_err("--api-key-file");
}

fn explain(signature: &str, more: &str, status: i32) -> Run {
    let words = format!("--explain --expect={signature} {FIELDS} {more}");
    sign(&words, status)
}

#[test]
fn a_right_signature_is_said_to_be_right() {
    assert_eq!(
        explain(MD5, "", 0).out,
        "to be signed with MD5: mch_id=1000000000&media_hash=709d1e858d2ef9d0501cc053668b2872&key=********\n\
         the signature is right\n"
    );
    explain(HMAC, "sign_type=HMAC-SHA256", 0);
    // The flag stands for the field.
    let hmac = signature(&format!("{FIELDS} --sign-type hmac-sha256"));
    explain(&hmac, "", 1).assert_out("no `sign_type` asks for");
    explain(&hmac, "--sign-type hmac-sha256", 0);
}

#[test]
fn a_wrong_signature_is_explained() {
    let run = explain(WRONG_ORDER, "", 1);
    run.assert_out("was signed instead: media_hash=709d");
    run.assert_out("`media_hash` was joined before `mch_id`");
    assert_eq!(run.err, "");
    let run = explain(&MD5.to_lowercase(), "", 1);
    run.assert_out("lower-case digits").assert_not("9E19");
    explain(MD5, "mch_id=2", 1).assert_out("`mch_id` is sent more than once");
    let run = explain(WRONG_ORDER, "--lang zh", 1);
    run.assert_out("`media_hash` 排在了 `mch_id` 前面");
    for unknown in ["0123456789ABCDEF0123456789ABCDEF", "x", ""] {
        let run = explain(unknown, "", 1);
        run.assert_out("no known mistake gives this signature");
    }
}

#[test]
fn other_keys_and_the_picture_are_tried() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        text(&path).to_owned()
    };
    let old = file("old.txt", "00112233445566778899aabbccddeeff\n");
    let by_old = signature(&format!("{FIELDS} --api-key-file {old}"));
    let run = explain(&by_old, &format!("--try-key-file {old}"), 1);
    run.assert_out("another key, number 1")
        .assert_not("0011223344");

    let media = file("shop.png", "bytes");
    for (value, mistake) in [
        ("shop.png", "file's name was signed"),
        ("bytes", "file's bytes were signed"),
    ] {
        let signed = signature(&format!("{FIELDS} media={value}"));
        let run = explain(&signed, &format!("--media {media}"), 1);
        run.assert_out(mistake);
    }
}

#[test]
fn an_explanation_needs_a_signature_and_a_key() {
    for wrong in [
        "--explain a=b",
        "--expect 00 a=b",
        "--media x a=b",
        "--lang zh a=b",
        "--explain --canonical --expect 00 a=b",
        "--explain --expect 00 --media /nowhere a=b",
    ] {
        assert_eq!(sign(wrong, 2).out, "");
    }
    wxpay("sign --explain --expect 00 a=b").assert_exit(2);
}
