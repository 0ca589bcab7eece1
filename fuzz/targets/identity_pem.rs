//! PEM files are read or refused, encrypted ones too, in bounded time.
//!
//! The input is one file, taken for certificates and key at once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_identity::Identity;

/// Of the keys among the seeds.
const PASSWORD: &str = "secret";

fuzz_target!(|file: &[u8]| {
    let plain = Identity::from_pem(file, file);
    let encrypted = Identity::from_pem_encrypted(file, file, PASSWORD);
    if plain.is_ok() {
        assert!(encrypted.is_ok(), "a password did harm");
    }
    for identity in [plain, encrypted] {
        match identity {
            Ok(identity) => {
                assert!(identity.not_before() <= identity.not_after());
                let _ = (format!("{identity:?}"), identity.expires_soon());
            }
            Err(error) => assert!(error.to_string().len() < 1000, "as long as the input"),
        }
    }
});
