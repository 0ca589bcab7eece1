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

/// The fields, and these signatures among them.
fn signed<'a>(signatures: impl IntoIterator<Item = &'a str>) -> Params<(&'a str, &'a str)> {
    let fields = [
        ("media_hash", "709d1e858d2ef9d0501cc053668b2872"),
        ("mch_id", "1000000000"),
    ];
    let sign = signatures.into_iter().map(|signature| ("sign", signature));
    Params::new(fields.into_iter().chain(sign)).unwrap()
}

/// The errors of the lenient check and of both strict ones.
fn errors<'a>(signatures: impl IntoIterator<Item = &'a str>) -> [Option<VerifyError>; 3] {
    let params = signed(signatures);
    let strict = |required| params.verify_strict(required, &key()).err();
    let lenient = params.verify(&key()).err();
    [lenient, strict(SignType::Md5), strict(SignType::HmacSha256)]
}

#[test]
fn the_strict_check_takes_one_algorithm() {
    let md5 = other(SignType::HmacSha256, SignType::Md5);
    assert_eq!(errors([MD5]), [None, None, Some(md5)]);
    let hmac = other(SignType::Md5, SignType::HmacSha256);
    assert_eq!(errors([HMAC_SHA256]), [None, Some(hmac), None]);
    // A wrong signature of the other algorithm has the same error.
    assert_eq!(errors([&"0".repeat(32)[..]])[2], Some(md5));
}

#[test]
fn no_signature_several_and_a_wrong_length_are_different_errors() {
    let (padded, thrice, wide) = (format!("{MD5}\n"), MD5.repeat(3), "é".repeat(16));
    let length = |found| VerifyError::Length { found };
    for (signatures, error) in [
        (&[][..], VerifyError::Missing),
        (&[""], VerifyError::Empty),
        (&["", ""], VerifyError::Empty),
        (&[MD5, HMAC_SHA256], VerifyError::Several),
        (&[MD5, MD5], VerifyError::Several),
        (&[MD5, "x", MD5], VerifyError::Several),
        (&[" "], length(1)),
        (&[&MD5[..31]], length(31)),
        (&[&HMAC_SHA256[..63]], length(63)),
        (&[&padded], length(33)),
        (&[&thrice], length(96)),
        // In characters, not in bytes.
        (&[&wide], length(16)),
    ] {
        assert_eq!(errors(signatures.iter().copied()), [Some(error); 3]);
    }
    let mismatch = Some(mismatch(SignType::Md5));
    assert_eq!(errors([&wide.repeat(2)[..]])[..2], [mismatch; 2]);
    // Empty ones do not count beside another.
    assert_eq!(signed(["", MD5, ""]).verify(&key()), Ok(SignType::Md5));
}

#[test]
fn another_text_of_the_right_length_is_a_mismatch() {
    for (text, sign_type) in [
        (&*MD5.to_lowercase(), SignType::Md5),
        (&HMAC_SHA256.to_lowercase(), SignType::HmacSha256),
        (&HMAC_SHA256[..32], SignType::Md5),
    ] {
        assert_eq!(signed([text]).verify(&key()), Err(mismatch(sign_type)));
    }
}

#[test]
fn a_further_field_that_was_not_signed_is_a_mismatch() {
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
