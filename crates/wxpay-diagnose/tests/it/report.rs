//! The words of a report on a wrong signature, and the secrets that it does not hold.

use wxpay_diagnose::{Lang, Mistake, Report, Request};
use wxpay_sign::{ApiKey, Params, SignType};

fn key() -> ApiKey {
    ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
}

/// The report on fields whose sender has signed other ones.
fn report(request: &Request<'_>, sign_type: SignType, signed: &[(&str, &str)]) -> Report {
    let signed = Params::new(signed.iter().copied()).unwrap();
    request.diagnose(&key(), &[], signed.sign(sign_type, &key()).as_str())
}

fn names(report: &Report) -> Vec<&'static str> {
    report.mistakes().iter().map(Mistake::name).collect()
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
fn a_length_that_no_signature_has_is_said() {
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
fn the_other_algorithm_is_told_from_a_misspelt_one() {
    for (named, mistake) in [
        (None, "hmac_for_md5"),
        (Some("MD5"), "hmac_for_md5"),
        (Some("HMAC_SHA256"), "sign_type_misspelt"),
    ] {
        let mut fields = vec![("mch_id", "1")];
        fields.extend(named.map(|name| ("sign_type", name)));
        let request = Request::new(fields.iter().copied());
        let report = report(&request, SignType::HmacSha256, &fields);
        assert_eq!(names(&report), [mistake]);
    }
}

#[test]
fn a_hash_that_was_signed_in_another_case_is_named() {
    for (sent, signed) in [("0d", "0D"), ("0D", "0d")] {
        let request = Request::new([("media_hash", sent), ("name", "aB")]);
        let signed = [("media_hash", signed), ("name", "aB")];
        let report = report(&request, SignType::Md5, &signed);
        assert_eq!(names(&report), ["media_hash_in_other_case"]);
        assert!(!report.is_right());
    }
}

/// The string that was signed says which spelling it was.
#[test]
fn a_name_in_another_spelling_is_named_and_shown() {
    for (sent, signed) in [
        ("mch_id", "mchid"),
        ("mch_id", "mchId"),
        ("mch_id", "mch-id"),
        ("media_hash", "mediahash"),
        ("media_hash", "mediaHash"),
        ("sign_type", "signtype"),
        ("sign_type", "signType"),
        ("mchid", "mch_id"),
    ] {
        let request = Request::new([(sent, "1"), ("a", "2")]);
        let report = report(&request, SignType::Md5, &[(signed, "1"), ("a", "2")]);
        assert_eq!(names(&report), ["field_renamed"], "{report}");
        let explanation = report.mistakes()[0].explanation(Lang::En);
        assert!(explanation.contains(&format!("`{sent}`")), "{explanation}");
        let shown = report.signed().unwrap();
        assert!(shown.contains(&format!("{signed}=1")), "{shown}");
    }
}

#[test]
fn a_name_that_is_not_the_api_s_is_not_respelt() {
    let request = Request::new([("nonce_str", "1")]);
    let report = report(&request, SignType::Md5, &[("nonceStr", "1")]);
    assert!(names(&report).is_empty() && !report.is_right());
}

#[test]
fn a_report_is_to_be_had_in_chinese() {
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

/// A field of many megabytes is the sender's choice; what is remembered of it is not.
#[test]
fn what_a_report_holds_is_bounded() {
    let text = "192006250b4c09247ec02edce69f6a2d";
    // The key may stand where the string is cut.
    for length in [16_300, 16_370, 16_380, 16_384, 4_000_000] {
        let value = "签".repeat(length / 3) + text + &"a".repeat(4_000_000);
        let request = Request::new([("note", value.as_str()), (value.as_str(), "1")]);
        let report = report(&request, SignType::Md5, &[("note", &value)]);
        let shown = format!("{report:?}");
        assert!(shown.len() < 4 * 17_000, "{}", shown.len());
        assert!(!shown.contains(&text[..8]), "{length}");
    }
}
