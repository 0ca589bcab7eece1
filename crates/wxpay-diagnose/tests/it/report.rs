//! The text of a report, its bounds, and the secrets that it does not show.

use wxpay_diagnose::{Lang, Report, Request};
use wxpay_sign::{ApiKey, Params, SignType};

use crate::mistakes::names;

fn key() -> ApiKey {
    ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
}

/// The report on fields whose sender has signed other ones.
fn report(request: &Request<'_>, sign_type: SignType, signed: &[(&str, &str)]) -> Report {
    let signed = Params::new(signed.iter().copied()).unwrap();
    request.diagnose(&key(), &[], signed.sign(sign_type, &key()).as_str())
}

#[test]
fn a_string_with_the_picture_or_a_signature_is_not_shown() {
    let picture = Request::new([("mch_id", "1")]).content(b"all of it");
    let signature = Request::new([("mch_id", "1"), ("sign", "an old one")]);
    for (request, signed) in [
        (picture, "1&media=all of it"),
        (signature, "1&sign=an old one"),
    ] {
        let report = report(&request, SignType::Md5, &[("mch_id", signed)]);
        assert_eq!(report.mistakes().len(), 1, "{report}");
        assert_eq!(report.signed(), None);
    }
}

#[test]
fn a_length_of_no_signature_is_reported() {
    for (length, said) in [
        (0, "it is empty"),
        (31, "it has 31 characters"),
        (32, "check the API key"),
        (33, "it has 33 characters"),
        (63, "it has 63 characters"),
        (64, "check the API key"),
        (65, "it has 65 characters"),
    ] {
        let request = Request::new([("mch_id", "1")]);
        let report = request.diagnose(&key(), &[], &"0".repeat(length));
        let report = report.to_string();
        let of = ["it is empty", "it has ", "check the API key"];
        assert!(report.contains(said), "{length}: {report}");
        let count = of.iter().filter(|said| report.contains(**said)).count();
        assert_eq!(count, 1, "{length}: {report}");
    }
}

#[test]
fn a_name_in_another_spelling_is_reported_with_both_spellings() {
    for (sent, signed) in [("mch_id", "mchId"), ("mchid", "mch_id")] {
        let request = Request::new([(sent, "1"), ("a", "2")]);
        let report = report(&request, SignType::Md5, &[(signed, "1"), ("a", "2")]);
        assert_eq!(names(&report), "field_renamed");
        let explanation = report.mistakes()[0].explanation(Lang::En);
        assert!(explanation.contains(&format!("`{sent}`")), "{explanation}");
        let shown = report.signed().unwrap();
        assert!(shown.contains(&format!("{signed}=1")), "{shown}");
    }
}

#[test]
fn a_report_can_be_in_chinese() {
    let request = Request::new([("mch_id", "1"), ("note", "2")]);
    let report = report(&request, SignType::Md5, &[("mch_id", "1")]);
    assert_eq!(
        report.display(Lang::Zh).to_string(),
        "应当用 MD5 签名的字符串: mch_id=1&note=2&key=********\n\
         实际签名的字符串: mch_id=1&key=********\n\
         错误: 发送了字段 `note`,但它没有参与签名\n\
         建议: 除 `sign` 和文件之外,每个发送的非空字段都要参与签名"
    );
}

#[test]
fn a_locale_names_a_language() {
    for (tag, lang) in [
        ("en", Some(Lang::En)),
        ("EN-gb", Some(Lang::En)),
        ("zh", Some(Lang::Zh)),
        ("zh-Hans-CN", Some(Lang::Zh)),
        ("zh_CN.UTF-8", Some(Lang::Zh)),
        ("", None),
        ("C", None),
        ("english", None),
    ] {
        assert_eq!(tag.parse().ok(), lang, "{tag}");
    }
}

/// A report must not keep a field of many megabytes.
#[test]
fn a_report_of_long_fields_is_short() {
    let text = "192006250b4c09247ec02edce69f6a2d";
    // The key may stand where the string is cut.
    for length in [16_300, 16_370, 16_380, 16_384, 4_000_000] {
        let value = "签".repeat(length / 3) + text + &"a".repeat(100_000);
        let request = Request::new([("note", value.as_str()), (value.as_str(), "1")]);
        let report = report(&request, SignType::Md5, &[("note", &value)]);
        let shown = format!("{report:?}");
        assert!(shown.len() < 4 * 17_000, "{}", shown.len());
        assert!(!shown.contains(&text[..8]), "{length}");
    }
}

#[test]
fn the_debug_of_a_request_has_no_values() {
    let request = Request::new([("mch_id", "1000000000")]).content(b"the bytes");
    let shown = format!("{:?}", request.file_name("a.png"));
    let names =
        r#"Request { names: ["mch_id"], file_name: Some("a.png"), content_length: Some(9), "#;
    assert_eq!(shown, format!("{names}sign_type: None }}"));
}

#[test]
fn a_key_in_a_field_is_masked() {
    let text = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6";
    let key = ApiKey::new(text).unwrap();
    let (upper, name) = (text.to_uppercase(), format!("x{text}"));
    let pairs = [("key", text), ("note", &upper), (&name, "1"), (&name, "2")];
    let unsigned = Params::new([("key", text), ("note", &upper)]).unwrap();
    let sign = unsigned.sign(SignType::Md5, &key);
    for pairs in [&pairs[..3], &pairs] {
        let report = Request::new(pairs.iter().copied()).diagnose(&key, &[], sign.as_str());
        let shown = format!("{report}{report:?}").to_lowercase();
        assert!(!shown.contains(&text.to_lowercase()), "{shown}");
        assert!(shown.contains("`x********`"), "{shown}");
    }
}

#[test]
fn characters_without_a_width_are_escaped() {
    let pairs = [
        ("a\u{1b}[2J", "1\n2\u{2028}\u{202e}\u{200b}\u{9b}"),
        ("b", "签"),
    ];
    let report = report(&Request::new(pairs), SignType::Md5, &pairs[1..]);
    let shown = report.to_string();
    for part in [
        r"a\u{1b}[2J=1\n2\u{2028}\u{202e}\u{200b}\u{9b}&b=签&key=",
        r"the field `a\u{1b}[2J` is sent but",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(shown.lines().count(), 4);
}

/// Each would take minutes if the work were not bounded.
#[test]
fn long_input_takes_bounded_time() {
    let others = [(); 40].map(|()| key());
    let unknown = "0".repeat(32);
    let long = "a ".repeat(100_000);
    let numbered = (0..50_000).rev().map(|number| format!("n{number}"));
    let numbered: Vec<_> = numbered.collect();
    for pairs in [
        vec![("mch_id", "1"), ("note", &long)],
        vec![(&long, "1")],
        numbered.iter().map(|name| (name.as_str(), "1")).collect(),
        numbered.iter().map(|_| ("same", "1")).collect(),
    ] {
        let request = Request::new(pairs).file_name(&long);
        let request = request.content(long.as_bytes());
        for sign in [&unknown, &long] {
            let report = request.diagnose(&key(), &others, sign);
            assert_eq!(names(&report), "unknown");
        }
    }
}

/// The right string is hashed whatever its length.
#[test]
fn a_right_signature_over_long_fields_is_right() {
    let long = "a".repeat(9_000_000);
    let pairs = [("note", long.as_str())];
    let report = report(&Request::new(pairs), SignType::Md5, &pairs);
    assert!(report.is_right());
}
