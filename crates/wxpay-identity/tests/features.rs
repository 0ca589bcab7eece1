//! The errors of a build without the optional features.
#![cfg(not(feature = "encrypted-pem"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up should fail"
)]

use wxpay_identity::{Identity, IdentityError};

#[test]
fn a_missing_feature_is_named() {
    let pkcs12 = include_bytes!("fixtures/identities/named.p12");
    let certificate = include_bytes!("fixtures/identities/client.crt");
    let key = include_bytes!("fixtures/identities/pbkdf2.key");
    let encrypted = Identity::from_pem_encrypted(certificate, key, "secret");
    for (read, feature) in [
        (Identity::from_pkcs12(pkcs12, "1900000109"), "pkcs12"),
        (Identity::from_pem(certificate, key), "encrypted-pem"),
        (encrypted, "encrypted-pem"),
    ] {
        let error = read.unwrap_err();
        assert_eq!(error, IdentityError::MissingFeature(feature));
        assert!(error.to_string().contains(feature), "{error}");
    }
}
