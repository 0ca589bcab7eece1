//! Properties of any input: no panic, no cost beyond the bound, no identity from a damaged file.

use proptest::prelude::*;
use wxpay_identity::{Identity, IdentityError, Part};

use crate::support::{AES_256, PBKDF2, SCRYPT, TRIPLE_DES, encrypted_key, fixture, key_bags, pem};

const PASSWORD: &str = "1900000109";

/// Reads the bytes in every way, and checks the length of the errors.
fn read(bytes: &[u8], password: &str) -> [Result<Identity, IdentityError>; 3] {
    let read = [
        Identity::from_pem(bytes, bytes),
        Identity::from_pem_encrypted(fixture("client.crt"), bytes, password),
        Identity::from_pkcs12(bytes, password),
    ];
    for error in read.iter().filter_map(|read| read.as_ref().err()) {
        assert!(error.to_string().len() < 1000, "as long as the input");
    }
    read
}

/// Costs that are impossible, cheap, or beyond the bound.
fn cost() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..200_u64,
        (0..4_u32).prop_map(|log| 1 << log),
        (33..64_u32).prop_map(|log| 1 << log),
        1 << 40..u64::MAX,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes, PASSWORD);
        let _ = read(&[b"\x30\x80", &bytes[..]].concat(), PASSWORD);
        for label in ["CERTIFICATE", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            let text = [format!("-----BEGIN {label}-----\n").as_bytes(), &bytes].concat();
            let _ = read(&text, PASSWORD);
        }
    }

    #[test]
    fn a_damaged_pkcs12_file_is_refused(
        file in prop::sample::select(vec!["named.p12", "rc2-3des-sha1.p12", "3des-3des-sha1.p12"]),
        range in any::<(prop::sample::Index, prop::sample::Index)>(),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut bytes = fixture(file);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let damaged = Identity::from_pkcs12(&bytes, PASSWORD);
        // The contents begin in the first 60 bytes and end before the MAC, in which some bytes do
        // not matter.
        prop_assert!(damaged.is_err() || at > bytes.len() - 100 || at < 60, "byte {}", at);
        let (from, to) = (range.0.index(bytes.len()), range.1.index(bytes.len()));
        let cut = &bytes[from.min(to)..from.max(to)];
        prop_assert!(Identity::from_pkcs12(cut, PASSWORD).is_err() || from.min(to) == 0);
    }

    #[test]
    fn any_costs_beyond_the_bound_are_refused_at_once(
        keys in prop::collection::vec(
            (
                prop::sample::select(vec![SCRYPT, PBKDF2]),
                prop::collection::vec(cost(), 0..4),
                prop::sample::select(vec![AES_256, TRIPLE_DES, PBKDF2]),
                prop::sample::select(vec![0_usize, 4, 8, 16, 17]),
            ),
            1..5,
        )
    ) {
        let keys: Vec<Vec<u8>> = keys
            .iter()
            .map(|(kdf, costs, cipher, iv)| encrypted_key(kdf, costs, cipher, *iv))
            .collect();
        let text: String = keys.iter().map(|key| pem("ENCRYPTED PRIVATE KEY", key)).collect();
        let file = key_bags("x", &keys);
        let [_, by_pem, _] = read(text.as_bytes(), "x");
        let [_, _, by_pkcs12] = read(&file, "x");
        for (read, part) in [(by_pem, Part::PrivateKey), (by_pkcs12, Part::Pkcs12)] {
            let error = read.unwrap_err();
            let is_expected = matches!(
                &error,
                IdentityError::Damaged(at)
                | IdentityError::Cost(at)
                | IdentityError::WrongPassword(at)
                | IdentityError::UnsupportedEncryption { part: at, .. } if *at == part
            );
            prop_assert!(is_expected, "{:?}", error);
        }
    }
}
