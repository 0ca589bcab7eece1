//! PKCS#12 files, also in BER, are read or refused in bounded time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_fuzz::check_identity;
use wxpay_identity::Identity;

/// The password of the files in the corpus.
const PASSWORD: &str = "1900000109";

fuzz_target!(|file: &[u8]| {
    check_identity(Identity::from_pkcs12(file, PASSWORD));
});
