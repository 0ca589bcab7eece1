//! Each fault of a signature is an error of its own.

use wxpay_sign::{ApiKey, Params, SignType, VerifyError};

const MD5: &str = "9E19543EA8BF9857BE5F61E18C1003E7";
const HMAC_SHA256: &str = "8D94209DE081FD4A4E9DF5F60807CDAB047384EA779E3A5FAA121C26F335AE05";

fn key() -> ApiKey {
    ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
}

const fn mismatch(sign_type: SignType) -> VerifyError {
    VerifyError::Mismatch { sign_type }
}

const fn other(required: SignType, found: SignType) -> VerifyError {
    VerifyError::SignType { required, found }
}

/// The fields, and this signature among them.
fn signed<'a>(signature: impl IntoIterator<Item = &'a str>) -> Params<(&'a str, &'a str)> {
    let fields = [
        ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
        ("mch_id", "1000000000"),
    ];
    let sign = signature.into_iter().map(|signature| ("sign", signature));
    Params::new(fields.into_iter().chain(sign)).unwrap()
}

/// The lenient check and both strict ones.
fn faults<'a>(signature: impl IntoIterator<Item = &'a str>) -> [Option<VerifyError>; 3] {
    let params = signed(signature);
    let strict = |required| params.verify_strict(required, &key()).err();
    let lenient = params.verify(&key()).err();
    [lenient, strict(SignType::Md5), strict(SignType::HmacSha256)]
}

#[test]
fn the_length_chooses_the_algorithm() {
    assert_eq!(signed([MD5]).verify(&key()), Ok(SignType::Md5));
    let hmac = signed([HMAC_SHA256]).verify(&key());
    assert_eq!(hmac, Ok(SignType::HmacSha256));
}

#[test]
fn the_strict_mode_insists_on_one() {
    let md5 = other(SignType::HmacSha256, SignType::Md5);
    assert_eq!(faults(Some(MD5)), [None, None, Some(md5)]);
    let hmac = other(SignType::Md5, SignType::HmacSha256);
    assert_eq!(faults(Some(HMAC_SHA256)), [None, Some(hmac), None]);
    // Whether the signature is right does not come into it.
    assert_eq!(faults([&"0".repeat(32)[..]])[2], Some(md5));
}

#[test]
fn no_signature_is_not_an_empty_one() {
    assert_eq!(faults(None), [Some(VerifyError::Missing); 3]);
    assert_eq!(faults(Some("")), [Some(VerifyError::Empty); 3]);
}

/// The API does not define which of them counts, be they equal; empty ones are none.
#[test]
fn several_signatures_are_none() {
    let several = [Some(VerifyError::Several); 3];
    assert_eq!(faults([MD5, HMAC_SHA256]), several);
    assert_eq!(faults([MD5, MD5]), several);
    assert_eq!(faults([MD5, "x", MD5]), several);
    assert_eq!(faults(["", ""]), [Some(VerifyError::Empty); 3]);
    assert_eq!(signed(["", MD5, ""]).verify(&key()), Ok(SignType::Md5));
}

#[test]
fn a_cut_or_padded_signature_has_a_wrong_length() {
    let (padded, thrice) = (format!("{MD5}\n"), MD5.repeat(3));
    for text in [" ", &MD5[..31], &HMAC_SHA256[..63], &padded, &thrice] {
        let length = VerifyError::Length { found: text.len() };
        assert_eq!(faults(Some(text)), [Some(length); 3]);
    }
}

#[test]
fn a_length_is_in_characters() {
    let length = VerifyError::Length { found: 16 };
    assert_eq!(faults([&"é".repeat(16)[..]]), [Some(length); 3]);
    let mismatch = Some(mismatch(SignType::Md5));
    assert_eq!(faults([&"é".repeat(32)[..]])[..2], [mismatch; 2]);
}

#[test]
fn another_text_of_the_right_length_does_not_match() {
    for (text, sign_type) in [
        (&*MD5.to_lowercase(), SignType::Md5),
        (&HMAC_SHA256.to_lowercase(), SignType::HmacSha256),
        (&HMAC_SHA256[..32], SignType::Md5),
    ] {
        assert_eq!(signed([text]).verify(&key()), Err(mismatch(sign_type)));
    }
}

#[test]
fn a_field_that_came_unsigned_does_not_match() {
    let signed = signed([MD5]);
    let fields = signed.iter().chain([("added", "1"), ("sign", MD5)]);
    let more = Params::new(fields).unwrap();
    assert_eq!(more.verify(&key()), Err(mismatch(SignType::Md5)));
}

#[test]
fn each_error_says_what_to_check() {
    #[rustfmt::skip] // a row a line
    let texts = [
        (VerifyError::Missing, "missing"),
        (VerifyError::Empty, "empty"),
        (VerifyError::Several, "more than once"),
        (VerifyError::Length { found: 31 }, "length of the signature is 31,"),
        (other(SignType::HmacSha256, SignType::Md5), "one of MD5, not of HMAC-SHA256: check the sign type"),
        (mismatch(SignType::Md5), "check the API key, the sign type and the canonical string"),
    ];
    for (error, part) in texts {
        let text = error.to_string();
        assert!(text.contains(part), "{text}");
        assert!(text.starts_with("the "), "{text}");
        assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
    }
}
