//! Neither the key nor the right signature is ever shown.

use std::fmt::{Debug, Display};

use wxpay_sign::{ApiKey, ApiKeyError, Params, SignType, VerifyError};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

/// Every form in which a value can be printed.
fn shown(value: &(impl Debug + Display)) -> [String; 4] {
    [
        format!("{value:?}"),
        format!("{value:#?}"),
        format!("{value}"),
        format!("{value:#}"),
    ]
}

/// No four characters in a row of the secret.
fn assert_hides(text: &str, secret: &str) {
    let characters: Vec<char> = secret.chars().collect();
    for part in characters.windows(4) {
        let part: String = part.iter().collect();
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
        let error: ApiKeyError = ApiKey::new(text).unwrap_err();
        shown(&error)
            .iter()
            .for_each(|shown| assert_hides(shown, text));
        assert!(!shown(&error).concat().contains('签'));
    }
}

#[test]
fn parameters_and_their_string_know_no_key() {
    let key = ApiKey::new(KEY).unwrap();
    let params = Params::new([("b", "2"), ("a", "1")]).unwrap();
    for sign_type in SignType::ALL {
        assert_hides(&format!("{:?}", params.sign(sign_type, &key)), KEY);
    }
    assert_hides(&format!("{params:?}{params:#?}"), KEY);
    shown(&params.canonical())
        .iter()
        .for_each(|shown| assert_hides(shown, KEY));
    shown(&params.canonical().masked())
        .iter()
        .for_each(|shown| assert_hides(shown, KEY));
}

#[test]
fn a_refused_signature_does_not_tell_the_right_one() {
    let key = ApiKey::new(KEY).unwrap();
    let params = Params::new([("mch_id", "1000000000")]).unwrap();
    let right = SignType::ALL.map(|sign_type| params.sign(sign_type, &key));
    let zeros = "0".repeat(64);
    let given = [
        None,
        Some(""),
        Some("0"),
        Some(&zeros[..32]),
        Some(&zeros[..]),
    ];
    for signature in given {
        let sign = signature.map(|signature| ("sign", signature));
        let params = Params::new(params.iter().chain(sign)).unwrap();
        let lenient = params.verify(&key).unwrap_err();
        let strict =
            SignType::ALL.map(|sign_type| params.verify_strict(sign_type, &key).unwrap_err());
        for error in [lenient].into_iter().chain(strict) {
            let error: VerifyError = error;
            for text in shown(&error) {
                assert_hides(&text, KEY);
                right
                    .iter()
                    .for_each(|right| assert_hides(&text, right.as_str()));
            }
        }
    }
}

#[test]
fn a_misplaced_key_is_not_shown_as_sign_type() {
    let error = KEY.parse::<SignType>().unwrap_err();
    shown(&error)
        .iter()
        .for_each(|shown| assert_hides(shown, KEY));
}
