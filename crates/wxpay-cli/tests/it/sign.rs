//! `wxpay sign`, on the vectors of the API's documentation.

use crate::program::{KEY, RunToEnd, wxpay};

const OFFICIAL: [&str; 5] = [
    "nonce_str=ibuaiVcKdpRxkhJA",
    "appid=wxd930ea5d5a258f4f",
    "mch_id=10000100",
    "device_info=1000",
    "body=test",
];

fn signed(arguments: &[&str]) -> String {
    let arguments = ["sign"].iter().chain(arguments).copied();
    let run = wxpay(arguments).env("WXPAY_API_KEY", KEY).run().exits(0);
    run.out.strip_suffix('\n').unwrap().to_owned()
}

#[test]
fn the_official_vectors() {
    let md5 = [&["--sign-type", "md5"][..], &OFFICIAL].concat();
    assert_eq!(signed(&md5), "9A0A8659F005D6984697E2CA0A9CF3B7");
    assert_eq!(
        signed(&OFFICIAL),
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
        .env("WXPAY_SIGN_TYPE", "md5")
        .run()
        .exits(0);
    assert_eq!(environment.out.trim_end().len(), 64);
}

#[test]
fn an_unknown_sign_type_is_md5_as_the_gateway_reads_it_but_not_silently() {
    for (value, warns) in [("SHA1", true), ("hmac-sha256", true), ("MD5", false)] {
        let field = format!("sign_type={value}");
        let run = wxpay(["sign", "a=b", &field])
            .env("WXPAY_API_KEY", KEY)
            .run()
            .exits(0);
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
    let shown = { run }.run().exits(0).out;
    assert!(
        shown.starts_with("mch_id=a&media_hash=b&key=***"),
        "{shown}"
    );
    let run = wxpay(["sign", "--canonical", "a=b"])
        .env("WXPAY_API_KEY", KEY)
        .run()
        .exits(0);
    assert!(!run.out.contains(KEY), "{run:?}");
}

#[test]
fn a_repeated_name_and_a_missing_key_are_status_2() {
    let run = wxpay(["sign", "a=1", "a=2"])
        .env("WXPAY_API_KEY", KEY)
        .run()
        .exits(2);
    assert!(run.err.contains('a'), "{run:?}");
    let run = wxpay(["sign", "a=1"]).run().exits(2);
    assert!(run.err.contains("--api-key-file"), "{run:?}");
}
