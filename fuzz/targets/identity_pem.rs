//! PEM files, also encrypted ones, are read or refused in bounded time.
//!
//! The input is one file, read as the certificates and as the key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_fuzz::check_identity;
use wxpay_identity::Identity;

/// The password of the keys in the corpus.
const PASSWORD: &str = "secret";

fuzz_target!(|file: &[u8]| {
    let plain = Identity::from_pem(file, file);
    let encrypted = Identity::from_pem_encrypted(file, file, PASSWORD);
    if plain.is_ok() {
        assert!(encrypted.is_ok(), "a plain key is refused with a password");
    }
    check_identity(plain);
    check_identity(encrypted);
});
