//! Every folder of `vectors/` is a case; `vectors/README.md` describes its files.

use std::fs;

use md5::{Digest, Md5};
use wxpay_sign::{ApiKey, Params, SignType, VerifyError};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

/// The names of the cases.
pub(crate) fn cases() -> Vec<String> {
    let entries = fs::read_dir(ROOT).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let names = folders.map(|folder| folder.file_name().into_string().unwrap());
    let names: Vec<_> = names.collect();
    assert!(names.len() >= 23, "{names:?}");
    names
}

#[test]
fn every_vector_is_signed_and_verified() {
    for case in cases() {
        let read = |file| read(&case, file);
        let text = read("params.txt");
        let params = params(&text);
        let key = ApiKey::new(read("key.txt")).unwrap();
        let sign_type: SignType = read("sign_type.txt").parse().unwrap();
        let canonical = params.canonical().to_string();
        assert_eq!(canonical, read("canonical.txt"), "{case}");
        let signature = read("signature.txt");
        assert_eq!(params.sign(sign_type, &key).as_str(), signature, "{case}");
        let signed = params.iter().chain([("sign", signature.as_str())]);
        let signed = Params::new(signed).unwrap();
        assert_eq!(signed.verify(&key), Ok(sign_type), "{case}");
        assert_eq!(signed.verify_strict(sign_type, &key), Ok(()), "{case}");
    }
}

/// Fields in the wrong order give the wrong signature of this vector.
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
