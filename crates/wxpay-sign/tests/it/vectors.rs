//! Every folder of `vectors/` is a case; `vectors/README.md` describes its files.

use std::{collections::BTreeSet, fs};

use md5::{Digest, Md5};
use wxpay_sign::{ApiKey, Params, SignType, VerifyError};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

macro_rules! cases {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*

        pub(crate) const CASES: &[&str] = &[$(stringify!($name)),*];
    };
}

cases! {
    another_key
    digits_sort_as_text
    empty_dropped
    longer_than_a_block
    media_hash_hmac_sha256
    media_hash_md5
    more_than_16_parameters
    names_are_case_sensitive
    names_sort_by_byte
    no_parameters_hmac_sha256
    no_parameters_md5
    official_hmac_sha256
    official_md5
    parameter_named_key
    shorter_name_first
    sign_dropped
    sign_in_other_case_kept
    sign_type_md5_is_signed
    trap_mch_id_sorts_first
    utf8_value
    utf8_value_hmac_sha256
    value_holds_separators
    white_space_is_no_empty_value
}

#[test]
fn every_folder_is_a_case() {
    let entries = fs::read_dir(ROOT).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = folders.map(|folder| folder.file_name().into_string().unwrap());
    let names: BTreeSet<_> = names.collect();
    assert!(names.iter().eq(CASES));
}

fn check(case: &str) {
    let text = read(case, "params.txt");
    let params = params(&text);
    let key = ApiKey::new(read(case, "key.txt")).unwrap();
    let sign_type: SignType = read(case, "sign_type.txt").parse().unwrap();
    let canonical = read(case, "canonical.txt");
    let signature = read(case, "signature.txt");

    assert_eq!(params.canonical().to_string(), canonical);
    assert_eq!(params.sign(sign_type, &key).as_str(), signature);
    let signed = params.iter().chain([("sign", signature.as_str())]);
    let signed = Params::new(signed).unwrap();
    assert_eq!(signed.verify(&key), Ok(sign_type));
    assert_eq!(signed.verify_strict(sign_type, &key), Ok(()));
}

/// The wrong signature of the trap's vector is that of the wrong order.
#[test]
fn the_wrong_order_is_refused() {
    let read = |file| read("trap_mch_id_sorts_first", file);
    let text = read("params.txt");
    let params = params(&text);
    let key = read("key.txt");
    let wrong_canonical = read("wrong_canonical.txt");
    let wrong_signature = read("wrong_signature.txt");

    let hash = Md5::digest(format!("{wrong_canonical}&key={key}"));
    let hex: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hex, wrong_signature);

    let key = ApiKey::new(key).unwrap();
    assert_ne!(params.canonical().to_string(), wrong_canonical);
    assert_ne!(params.sign(SignType::Md5, &key).as_str(), wrong_signature);
    let signed = params.iter().chain([("sign", wrong_signature.as_str())]);
    let mismatch = VerifyError::Mismatch {
        sign_type: SignType::Md5,
    };
    assert_eq!(Params::new(signed).unwrap().verify(&key), Err(mismatch));
}

fn params(text: &str) -> Params<(&str, &str)> {
    Params::new(text.lines().map(|line| line.split_once('=').unwrap())).unwrap()
}

pub(crate) fn read(case: &str, file: &str) -> String {
    let path = format!("{ROOT}/{case}/{file}");
    let mut text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    if file != "params.txt" {
        assert_eq!(text.pop(), Some('\n'), "{path} ends in a line end");
    }
    text
}
