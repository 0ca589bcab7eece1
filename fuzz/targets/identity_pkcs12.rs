//! PKCS#12 files are read or refused, as BER too, in bounded time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_identity::Identity;

/// Of the files among the seeds.
const PASSWORD: &str = "1900000109";

fuzz_target!(|file: &[u8]| {
    match Identity::from_pkcs12(file, PASSWORD) {
        Ok(identity) => {
            assert!(identity.not_before() <= identity.not_after());
            let _ = (format!("{identity:?}"), identity.expires_soon());
        }
        Err(error) => assert!(error.to_string().len() < 1000, "as long as the input"),
    }
});
