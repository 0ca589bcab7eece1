//! The report on a wrong signature holds neither the key nor the right signature.
//!
//! The lines of the input are the signature, the file's name, its content, and a `name=value` each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_diagnose::{Lang, Request};
use wxpay_fuzz::{KEY, SIGN, key, signature};
use wxpay_sign::SignType;

/// An earlier key of the merchant.
const OLD_KEY: &str = "00000000000000000000000000000000";

fuzz_target!(|input: &[u8]| {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let mut lines = text.split('\n');
    let (Some(sign), Some(file), Some(content)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let pairs: Vec<_> = lines.filter_map(|line| line.split_once('=')).collect();
    let right = SignType::ALL.map(|sign_type| signature(sign_type, signable(&pairs)));
    let sign = match &right[input.len() % 2] {
        Some(right) => sign.replace(SIGN, right),
        None => sign.to_owned(),
    };

    let request = Request::new(pairs.iter().copied());
    let request = if file.is_empty() {
        request
    } else {
        request.file_name(file)
    };
    let request = if content.is_empty() {
        request
    } else {
        request.content(content.as_bytes())
    };
    let other = wxpay_sign::ApiKey::new(OLD_KEY).expect("32 digits are a key");
    let report = request.diagnose(&key(), &[other], &sign);

    let shown = format!("{report}\n{}", report.display(Lang::Zh));
    assert!(
        !shown.contains(|c: char| c.is_control() && c != '\n'),
        "raw control characters"
    );
    let shown = format!("{shown}\n{report:?}");
    assert!(!shown.contains(KEY), "the report holds the key");
    let [shown, text] = [shown.as_str(), text].map(str::to_ascii_uppercase);
    for right in right.iter().flatten() {
        assert!(
            !report.is_right() || right.len() != sign.len() || *right == sign,
            "a wrong signature is reported as right"
        );
        assert!(
            text.contains(right.as_str()) || !shown.contains(right),
            "the report holds the right signature"
        );
    }
});

/// The signed fields: all but the file.
fn signable<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let pairs = pairs.iter().copied();
    pairs.filter(|(name, _)| *name != "media").collect()
}
