//! `wxpay sign`, on the vectors of the API's documentation.

use crate::program::{KEY, Run, RunToEnd, text, wxpay};

const OFFICIAL: [&str; 5] = [
    "nonce_str=ibuaiVcKdpRxkhJA",
    "appid=wxd930ea5d5a258f4f",
    "mch_id=10000100",
    "device_info=1000",
    "body=test",
];

fn signed(arguments: &[&str]) -> String {
    let arguments = ["sign"].iter().chain(arguments).copied();
    let run = wxpay(arguments).env("WXPAY_API_KEY", KEY).assert_exit(0);
    run.out.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn the_official_vectors_hold() {
    let md5 = [&["--sign-type", "md5"][..], &OFFICIAL].concat();
    assert_eq!(signed(&md5), "9A0A8659F005D6984697E2CA0A9CF3B7");
    let hmac = [&["--sign-type", "hmac-sha256"][..], &OFFICIAL].concat();
    assert_eq!(
        signed(&hmac),
        "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"
    );
}

#[test]
fn the_sign_type_is_that_of_the_field_unless_a_flag_says_otherwise() {
    let fields = [
        "mch_id=1000000000",
        "media_hash=709d1e858d2ef9d0501cc053668b2872",
    ];
    let with = |more: &[&'static str]| signed(&[&fields[..], more].concat());
    assert_eq!(
        with(&["sign_type=HMAC-SHA256"]),
        "EF01EF4D7F95EBAA05112833E6B783D5DEEB0EC124096474986AC8EED47C63AC"
    );
    assert_eq!(
        with(&["--sign-type", "md5"]),
        "9E19543EA8BF9857BE5F61E18C1003E7"
    );
    // The request of the READMEs, which names no sign type: the gateway reads MD5.
    assert_eq!(with(&[]), "9E19543EA8BF9857BE5F61E18C1003E7");
    assert_eq!(with(&["sign_type="]), "9E19543EA8BF9857BE5F61E18C1003E7");
    assert_eq!(with(&["sign_type=MD5"]).len(), 32);
    assert_eq!(
        with(&["sign_type=MD5", "--sign-type", "hmac-sha256"]).len(),
        64
    );
    // Neither `sign` nor empty values count.
    assert_eq!(
        with(&["sign=x", "empty=", "--sign-type", "md5"]),
        "9E19543EA8BF9857BE5F61E18C1003E7"
    );
    let environment = wxpay(["sign", "a=b"])
        .env("WXPAY_API_KEY", KEY)
        .env("WXPAY_SIGN_TYPE", "hmac-sha256")
        .assert_exit(0);
    assert_eq!(environment.out.trim_end().len(), 32);
}

#[test]
fn an_unknown_sign_type_is_md5_as_the_gateway_reads_it_but_not_silently() {
    for (value, warns) in [("SHA1", true), ("hmac-sha256", true), ("MD5", false)] {
        let field = format!("sign_type={value}");
        let run = wxpay(["sign", "a=b", &field])
            .env("WXPAY_API_KEY", KEY)
            .assert_exit(0);
        assert_eq!(run.out.trim_end().len(), 32);
        assert_eq!(run.err.contains("MD5"), warns, "{run:?}");
    }
}

#[test]
fn the_canonical_string_needs_no_key_and_shows_none() {
    let run = wxpay([
        "sign",
        "--canonical",
        "media_hash=b",
        "mch_id=a",
        "x=",
        "sign=s",
    ]);
    let shown = { run }.assert_exit(0).out;
    assert!(
        shown.starts_with("mch_id=a&media_hash=b&key=***"),
        "{shown}"
    );
    let run = wxpay(["sign", "--canonical", "a=b"])
        .env("WXPAY_API_KEY", KEY)
        .assert_exit(0);
    assert!(!run.out.contains(KEY), "{run:?}");
    let by_mistake = format!("key={KEY}");
    let run = wxpay(["sign", "--canonical", "a=b", &by_mistake])
        .env("WXPAY_API_KEY", KEY)
        .assert_exit(0);
    assert_eq!(run.out, "a=b&key=********&key=********\n");
}

#[test]
fn a_repeated_name_and_a_missing_key_are_status_2() {
    let run = wxpay(["sign", "a=1", "a=2"])
        .env("WXPAY_API_KEY", KEY)
        .assert_exit(2);
    run.assert_err("\"a\"");
    let run = wxpay(["sign", "a=1"]).assert_exit(2);
    run.assert_err("--api-key-file");
}

const FIELDS: [&str; 2] = [
    "mch_id=1000000000",
    "media_hash=709d1e858d2ef9d0501cc053668b2872",
];

fn explained(sign: &str, more: &[&str], status: i32) -> Run {
    let arguments = ["sign", "--explain", "--expect", sign];
    let arguments = arguments.iter().chain(&FIELDS).chain(more).copied();
    let run = wxpay(arguments)
        .env("WXPAY_API_KEY", KEY)
        .assert_exit(status);
    assert!(!run.out.contains(KEY) && !run.err.contains(KEY), "{run:?}");
    run
}

#[test]
fn a_right_signature_is_said_to_be_right() {
    let run = explained("9E19543EA8BF9857BE5F61E18C1003E7", &[], 0);
    assert_eq!(
        run.out,
        "to be signed with MD5: mch_id=1000000000&media_hash=709d1e858d2ef9d0501cc053668b2872&key=********\n\
         the signature is right\n"
    );
    let hmac = "EF01EF4D7F95EBAA05112833E6B783D5DEEB0EC124096474986AC8EED47C63AC";
    explained(hmac, &["sign_type=HMAC-SHA256"], 0);
    // The flag stands in for the field.
    let hmac = signed(&[&FIELDS[..], &["--sign-type", "hmac-sha256"]].concat());
    assert!(
        explained(&hmac, &[], 1)
            .out
            .contains("no `sign_type` asks for")
    );
    explained(&hmac, &["--sign-type", "hmac-sha256"], 0);
}

#[test]
fn a_wrong_signature_is_explained() {
    let run = explained("AAC022AA3953C36E6240111A191FC940", &[], 1);
    run.assert_out("was signed instead: media_hash=709d");
    run.assert_out("`media_hash` was joined before `mch_id`");
    assert_eq!(run.err, "");
    let run = explained("9e19543ea8bf9857be5f61e18c1003e7", &[], 1);
    run.assert_out("lower-case digits");
    assert!(!run.out.contains("9E19"), "{run:?}");
    let run = explained("9E19543EA8BF9857BE5F61E18C1003E7", &["mch_id=2"], 1);
    run.assert_out("`mch_id` is sent more than once");
}

#[test]
fn an_explanation_is_to_be_had_in_chinese() {
    let run = explained("AAC022AA3953C36E6240111A191FC940", &["--lang", "zh"], 1);
    run.assert_out("`media_hash` 排在了 `mch_id` 前面");
    let arguments = ["sign", "--lang", "zh", "a=b"];
    wxpay(arguments).env("WXPAY_API_KEY", KEY).assert_exit(2);
}

#[test]
fn a_signature_of_no_known_mistake_is_said_to_be_just_that() {
    for sign in ["0123456789ABCDEF0123456789ABCDEF", "x", ""] {
        let run = explained(sign, &[], 1);
        run.assert_out("no known mistake gives this signature");
    }
}

#[test]
fn other_keys_and_the_picture_are_tried() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let old = file("old.txt", "00112233445566778899aabbccddeeff\n");
    let sign = wxpay(["sign", "--sign-type", "md5", "--api-key-file", text(&old)])
        .args(FIELDS)
        .assert_exit(0)
        .out;
    let run = explained(sign.trim_end(), &["--try-key-file", text(&old)], 1);
    run.assert_out("another key, number 1");
    assert!(!run.out.contains("0011223344"), "{run:?}");

    let media = file("shop.png", "the bytes");
    let sign = |value: &str| {
        let string = format!(
            "mch_id=1000000000&media={value}&media_hash=709d1e858d2ef9d0501cc053668b2872&key={KEY}"
        );
        wxpay_sign::ContentMd5::of(string.as_bytes())
            .to_string()
            .to_uppercase()
    };
    let run = explained(&sign("shop.png"), &["--media", text(&media)], 1);
    run.assert_out("file's name was signed");
    let run = explained(&sign("the bytes"), &["--media", text(&media)], 1);
    run.assert_out("file's bytes were signed");
}

#[test]
fn an_explanation_needs_a_signature_and_a_key() {
    for wrong in [
        &["--explain", "a=b"][..],
        &["--expect", "00", "a=b"],
        &["--media", "x", "a=b"],
        &["--explain", "--canonical", "--expect", "00", "a=b"],
        &["--explain", "--expect", "00", "--media", "/nowhere", "a=b"],
    ] {
        let arguments = ["sign"].iter().chain(wrong).copied();
        let run = wxpay(arguments).env("WXPAY_API_KEY", KEY).assert_exit(2);
        assert_eq!(run.out, "");
    }
    wxpay(["sign", "--explain", "--expect", "00", "a=b"]).assert_exit(2);
}
