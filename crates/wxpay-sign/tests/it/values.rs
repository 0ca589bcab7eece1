//! Keys, sign types, signatures and content hashes as values, and parameters of many types.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    error::Error,
    panic::{RefUnwindSafe, UnwindSafe},
};

use wxpay_sign::{
    ApiKey, ApiKeyError, Canonical, ContentHash, ContentMd5, DuplicateNameError, Pair, Params,
    ParseSignTypeError, SignType, Signature, VerifyError,
};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

#[test]
fn a_refused_key_has_the_error_of_the_rule_that_it_breaks() {
    let length = |found| Some(ApiKeyError::Length { found });
    let character = |position| Some(ApiKeyError::Character { position });
    let white_space = |position| Some(ApiKeyError::WhiteSpace { position });
    let texts = [
        (KEY.to_owned(), None),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef".to_owned(), None),
        ("0123456789ghijklmnopqrstuvwxyz01".to_owned(), None),
        (String::new(), length(0)),
        (KEY[1..].to_owned(), length(31)),
        (KEY.repeat(2), length(64)),
        (format!("{KEY}\n"), white_space(33)),
        (format!("{KEY}\r\n"), white_space(33)),
        (format!(" {KEY}"), white_space(1)),
        (format!("{}\t", &KEY[1..]), white_space(32)),
        (format!("{KEY}\u{3000}"), white_space(33)),
        (format!("\u{feff}{KEY}"), character(1)),
        (format!("\"{KEY}\""), character(1)),
        (format!("{}-", &KEY[1..]), character(32)),
        (format!("{}\0", &KEY[1..]), character(32)),
        ("1".repeat(31) + "é", character(32)),
        ("1".repeat(31) + "１", character(32)),
        ("é".repeat(16), character(1)),
    ];
    for (text, fault) in texts {
        assert_eq!(ApiKey::new(&text).err(), fault, "{text:?}");
        assert_eq!(text.parse::<ApiKey>().err(), fault, "{text:?}");
    }
}

#[test]
fn the_error_of_a_key_has_the_length_or_the_position() {
    #[rustfmt::skip]
    let texts = [
        ("a", "the length of the API key is 1, not 32 characters"),
        ("a b", "character 2 of the API key is white space or a line end: remove it"),
        ("a-b", "character 2 of the API key is not an ASCII letter or digit"),
    ];
    for (key, text) in texts {
        assert_eq!(ApiKey::new(key).unwrap_err().to_string(), text);
    }
}

#[test]
fn the_repeated_name_that_sorts_first_is_reported() {
    let error = Params::new([("b", "1"), ("b", "2"), ("a", "3"), ("a", "4")]).unwrap_err();
    let text = r#"the parameter "a" is given more than once"#;
    assert_eq!((error.name(), error.to_string().as_str()), ("a", text));
}

#[test]
fn a_value_that_reads_as_another_parameter_is_found() {
    for (value, is_found) in [
        ("OK&x=1", true),
        ("SUCCESS&return_code=FAIL", true),
        ("&a_b-c.d=", true),
        ("a & b&c=", true),
        ("a & b", false),
        ("a&b", false),
        ("a=b", false),
        ("a& b=c", false),
        ("a&=c", false),
        ("", false),
    ] {
        let params = Params::new([("a", "1"), ("b", value)]).unwrap();
        assert_eq!(params.ambiguous().is_some(), is_found, "{value}");
        assert_eq!(params.ambiguous(), is_found.then_some("b"));
    }
}

#[test]
fn a_sign_type_is_read_in_either_case() {
    for (text, sign_type) in [
        ("MD5", Some(SignType::Md5)),
        ("md5", Some(SignType::Md5)),
        ("HMAC-SHA256", Some(SignType::HmacSha256)),
        ("hmac-sha256", Some(SignType::HmacSha256)),
        ("Hmac-Sha256", Some(SignType::HmacSha256)),
        ("", None),
        (" MD5", None),
        ("MD5\n", None),
        ("HMAC_SHA256", None),
        ("HMACSHA256", None),
        ("SHA256", None),
    ] {
        assert_eq!(text.parse().ok(), sign_type, "{text:?}");
    }
    for sign_type in SignType::ALL {
        assert_eq!(sign_type.to_string().parse(), Ok(sign_type));
        assert_eq!(sign_type.to_string(), sign_type.as_str());
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_sign_type_is_a_string_to_serde() {
    for (json, sign_type) in [
        (r#""MD5""#, Some(SignType::Md5)),
        (r#""hmac-sha256""#, Some(SignType::HmacSha256)),
        (r#""sha256""#, None),
        ("5", None),
    ] {
        let read = serde_json::from_str::<SignType>(json);
        assert_eq!(read.ok(), sign_type, "{json}");
    }
    let written = serde_json::to_string(&SignType::ALL).unwrap();
    assert_eq!(written, r#"["MD5","HMAC-SHA256"]"#);
    let error = serde_json::from_str::<SignType>(&format!("{KEY:?}")).unwrap_err();
    assert!(!error.to_string().contains(&KEY[..4]), "{error}");
}

#[test]
fn parameters_are_pairs_of_any_string_types() {
    let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let map = BTreeMap::from([owned("b", "2"), owned("a", "1")]);
    let slice = [("b", Cow::Borrowed("2")), ("a", "1".to_owned().into())];
    let vector = vec![owned("b", "2"), owned("a", "1")];
    fn assert_params<P: Pair>(pairs: impl IntoIterator<Item = P>) {
        let params = Params::new(pairs).unwrap();
        assert_eq!(params.canonical().to_string(), "a=1&b=2");
    }
    assert_params(&map);
    assert_params(map.clone());
    assert_params(&slice);
    assert_params(slice.iter());
    assert_params(&vector[..]);
    assert_params(vector.clone());
    assert_params(vector.iter().map(|(name, value)| (name, value.as_str())));
    assert_params(&Params::new(&map).unwrap());
    let hashed = Params::new([("media_hash", ContentMd5::of(b""))]).unwrap();
    assert_eq!(hashed.iter().next().unwrap().1.len(), 32);
}

#[test]
fn a_field_that_does_not_name_hmac_means_md5() {
    let hmac = SignType::from_field(Some("HMAC-SHA256"));
    assert_eq!(hmac, SignType::HmacSha256);
    for field in [
        None,
        Some(""),
        Some("MD5"),
        Some("hmac-sha256"),
        Some("HMAC-SHA256 "),
    ] {
        assert_eq!(SignType::from_field(field), SignType::Md5, "{field:?}");
    }
}

#[test]
fn a_signature_is_as_long_as_its_type_says() {
    let key = ApiKey::new(KEY).unwrap();
    let params = Params::new([("a", "1")]).unwrap();
    for sign_type in SignType::ALL {
        let signature = params.sign(sign_type, &key);
        assert_eq!(signature.sign_type(), sign_type);
        assert_eq!(signature.as_str().len(), sign_type.hex_len());
        assert_eq!(signature.to_string(), signature.as_str());
        assert_eq!(signature.as_ref(), signature.as_str());
        let shown = format!("Signature(\"{signature}\")");
        assert_eq!(format!("{signature:?}"), shown);
    }
    let [md5, hmac] = SignType::ALL.map(|sign_type| params.sign(sign_type, &key));
    assert_ne!(md5, hmac);
}

/// The test suite of RFC 1321, A.5.
#[test]
fn content_hashes_are_those_of_the_rfc() {
    #[rustfmt::skip]
    let hashes = [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"),
        ("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"),
    ];
    for (content, hash) in hashes {
        let computed = ContentMd5::of(content.as_bytes());
        assert_eq!(computed.as_str(), hash);
        assert_eq!(computed.to_string(), hash);
        assert_eq!(computed.as_ref(), hash);
        assert_eq!(format!("{computed:?}"), format!("ContentHash({hash:?})"));
    }
}

#[test]
fn a_cloned_hasher_is_independent() {
    let mut md5 = ContentMd5::default();
    md5.update(b"a");
    let clone = md5.clone();
    md5.update(b"bc");
    assert_eq!(clone.finish(), ContentMd5::of(b"a"));
    assert_eq!(md5.finish(), ContentMd5::of(b"abc"));
}

#[test]
fn every_type_can_cross_threads_and_every_error_can_be_boxed() {
    fn value<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    fn error<T: Error + Send + Sync + Clone + PartialEq + 'static>() {}
    value::<ApiKey>();
    value::<Params<(&str, &str)>>();
    value::<Canonical<'_, (&str, &str)>>();
    value::<SignType>();
    value::<Signature>();
    value::<ContentMd5>();
    value::<ContentHash>();
    error::<DuplicateNameError>();
    error::<ApiKeyError>();
    error::<ParseSignTypeError>();
    error::<VerifyError>();
}
