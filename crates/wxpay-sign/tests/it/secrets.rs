//! No output shows the key or the right signature.

use std::fmt::{Debug, Display};

use wxpay_sign::{ApiKey, Params, SignType};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// Every form in which a value can be printed.
fn shown(value: &(impl Debug + Display)) -> String {
    format!("{value:?}\n{value:#?}\n{value}\n{value:#}")
}

/// The text has no four characters of the secret in a row.
fn assert_hides(text: &str, secret: &str) {
    let characters: Vec<char> = secret.chars().collect();
    for part in characters.windows(4).map(String::from_iter) {
        assert!(!text.contains(&part), "{text:?} shows {part:?}");
    }
}

#[test]
fn a_key_is_redacted() {
    let key = ApiKey::new(KEY).unwrap();
    assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
    assert_eq!(format!("{:#?}", key.clone()), "ApiKey(redacted)");
    assert_eq!(format!("{:?}", Some(&key)), "Some(ApiKey(redacted))");
}

#[test]
fn a_refused_key_is_not_shown() {
    let refused = [
        &KEY[..31],
        "192006250b4c09247ec02edce69f6a2dA",
        "192006250b4c09247ec02edce69f6a2d\n",
        "192006250b4c09247ec0-edce69f6a2d",
        "签19200625签0b4c0924签7ec02edce6",
    ];
    for text in refused {
        let shown = shown(&ApiKey::new(text).unwrap_err());
        assert_hides(&shown, text);
        assert!(!shown.contains('签'));
    }
}

#[test]
fn parameters_their_string_and_their_signature_do_not_show_the_key() {
    let key = ApiKey::new(KEY).unwrap();
    let params = Params::new([("b", "2"), ("a", "1")]).unwrap();
    for sign_type in SignType::ALL {
        assert_hides(&format!("{:?}", params.sign(sign_type, &key)), KEY);
    }
    assert_hides(&format!("{params:?}{params:#?}"), KEY);
    assert_hides(&shown(&params.canonical()), KEY);
    assert_hides(&shown(&params.canonical().masked()), KEY);
}

#[test]
fn a_refused_signature_does_not_show_the_right_one() {
    let key = ApiKey::new(KEY).unwrap();
    let params = Params::new([("mch_id", "1000000000")]).unwrap();
    let right = SignType::ALL.map(|sign_type| params.sign(sign_type, &key));
    let zeros = "0".repeat(64);
    for signature in [None, Some(""), Some("0"), Some(&zeros[..32]), Some(&zeros)] {
        let sign = signature.map(|signature| ("sign", signature));
        let params = Params::new(params.iter().chain(sign)).unwrap();
        let strict = SignType::ALL.map(|sign_type| params.verify_strict(sign_type, &key));
        for result in strict.into_iter().chain([params.verify(&key).map(drop)]) {
            let shown = shown(&result.unwrap_err());
            for secret in [KEY, right[0].as_str(), right[1].as_str()] {
                assert_hides(&shown, secret);
            }
        }
    }
}

#[test]
fn a_misplaced_key_is_not_shown_as_sign_type() {
    assert_hides(&shown(&KEY.parse::<SignType>().unwrap_err()), KEY);
}
