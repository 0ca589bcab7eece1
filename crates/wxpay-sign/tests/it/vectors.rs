//! Every folder of `vectors/` is a case; `vectors/README.md` says what its files hold.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use md5::{Digest, Md5};
use wxpay_sign::{ApiKey, Params, SignType, VerifyError};

macro_rules! cases {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(&Case { name: stringify!($name) });
            }
        )*

        #[test]
        fn every_folder_is_a_case() {
            let folders: BTreeSet<_> = fs::read_dir(root())
                .unwrap()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.file_type().unwrap().is_dir())
                .map(|entry| entry.file_name().into_string().unwrap())
                .collect();
            assert_eq!(folders, BTreeSet::from([$(stringify!($name).to_owned()),*]));
        }
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

fn check(case: &Case) {
    let text = case.read("params.txt");
    let params = params(&text);
    let key = ApiKey::new(case.read("key.txt")).unwrap();
    let sign_type: SignType = case.read("sign_type.txt").parse().unwrap();
    let canonical = case.read("canonical.txt");
    let signature = case.read("signature.txt");

    assert_eq!(params.canonical().to_string(), canonical);
    assert_eq!(params.sign(sign_type, &key).as_str(), signature);
    let signed = params.iter().chain([("sign", signature.as_str())]);
    let signed = Params::new(signed).unwrap();
    assert_eq!(signed.verify(&key), Ok(sign_type));
    assert_eq!(signed.verify_strict(sign_type, &key), Ok(()));
}

/// The vector of the trap has to be what it says: the signature of the wrong order.
#[test]
fn the_wrong_order_is_refused() {
    let case = Case {
        name: "trap_mch_id_sorts_first",
    };
    let text = case.read("params.txt");
    let params = params(&text);
    let key = case.read("key.txt");
    let wrong_canonical = case.read("wrong_canonical.txt");
    let wrong_signature = case.read("wrong_signature.txt");

    let hash = Md5::digest(format!("{wrong_canonical}&key={key}"));
    let hex: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hex, wrong_signature);

    let key = ApiKey::new(key).unwrap();
    assert_ne!(params.canonical().to_string(), wrong_canonical);
    assert_ne!(params.sign(SignType::Md5, &key).as_str(), wrong_signature);
    let signed = params.iter().chain([("sign", wrong_signature.as_str())]);
    assert_eq!(
        Params::new(signed).unwrap().verify(&key),
        Err(VerifyError::Mismatch {
            sign_type: SignType::Md5
        })
    );
}

fn params(text: &str) -> Params<(&str, &str)> {
    Params::new(text.lines().map(|line| line.split_once('=').unwrap())).unwrap()
}

struct Case {
    name: &'static str,
}

impl Case {
    fn read(&self, file: &str) -> String {
        let path = root().join(self.name).join(file);
        let mut text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if file != "params.txt" {
            assert_eq!(
                text.pop(),
                Some('\n'),
                "{} ends in a line end",
                path.display()
            );
        }
        text
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}
