//! What a report of a wrong signature says, and what it keeps to itself.

#![allow(clippy::unwrap_used, reason = "tests")]

use wxpay_diagnose::{Mistake, Report, Sent};
use wxpay_sign::{ApiKey, Params, SignType};

fn key() -> ApiKey {
    ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
}

/// The report on fields whose sender has signed other ones.
fn report(sent: &Sent<'_>, sign_type: SignType, signed: &[(&str, &str)]) -> Report {
    let signed = Params::new(signed.iter().copied()).unwrap();
    sent.diagnose(&key(), &[], signed.sign(sign_type, &key()).as_str())
}

#[test]
fn a_string_with_the_picture_is_not_shown() {
    let sent = Sent::new([("mch_id", "1")]).content(b"all of it");
    let signed = [("mch_id", "1"), ("media", "all of it")];
    let report = report(&sent, SignType::Md5, &signed);
    assert_eq!(report.mistakes().len(), 1, "{report}");
    assert_eq!(report.signed(), None);
}

#[test]
fn a_string_with_a_signature_is_not_shown() {
    let sent = Sent::new([("mch_id", "1"), ("sign", "an old one")]);
    let report = report(&sent, SignType::Md5, &[("mch_id", "1&sign=an old one")]);
    assert_eq!(report.mistakes().len(), 1, "{report}");
    assert_eq!(report.signed(), None);
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
        let sent = Sent::new([("mch_id", "1")]);
        let report = sent.diagnose(&key(), &[], &"0".repeat(length)).to_string();
        let of = ["it is empty", "it has ", "check the API key"];
        assert!(report.contains(said), "{length}: {report}");
        let count = of.iter().filter(|said| report.contains(**said)).count();
        assert_eq!(count, 1, "{length}: {report}");
    }
}

#[test]
fn the_other_algorithm_is_told_from_a_misspelt_one() {
    for (named, mistake) in [
        (None, Mistake::HmacForMd5),
        (Some("MD5"), Mistake::HmacForMd5),
        (Some("HMAC_SHA256"), Mistake::SignTypeMisspelt),
    ] {
        let fields = [("mch_id", "1")].into_iter();
        let fields: Vec<_> = fields
            .chain(named.map(|name| ("sign_type", name)))
            .collect();
        let sent = Sent::new(fields.iter().copied());
        let report = report(&sent, SignType::HmacSha256, &fields);
        assert_eq!(report.mistakes(), [mistake]);
    }
}

#[test]
fn a_hash_that_was_signed_in_another_case_is_named() {
    for (sent, signed) in [("0d", "0D"), ("0D", "0d")] {
        let sent = Sent::new([("media_hash", sent), ("name", "aB")]);
        let signed = [("media_hash", signed), ("name", "aB")];
        let report = report(&sent, SignType::Md5, &signed);
        assert_eq!(report.mistakes(), [Mistake::MediaHashInOtherCase]);
        assert!(!report.is_right());
    }
}
