//! Kinds of keys.

use wxpay_identity::{Identity, IdentityError};

use crate::support::{certificate, fixture, openssl_text};

#[test]
fn the_error_names_a_kind_that_is_not_supported() {
    let rsa = |bits: u32| {
        let arguments = format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits}");
        openssl_text(&arguments, "")
    };
    let ec = |curve: &str| openssl_text(&format!("ecparam -name {curve} -genkey -noout"), "");
    let pss = "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048";
    let three = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3";
    let long = String::from_utf8(fixture("rsa-4352.key")).unwrap();
    let pkcs1 = openssl_text("rsa -traditional", rsa(1024));
    let pkcs8 = openssl_text("pkcs8 -topk8 -nocrypt", ec("secp521r1"));
    for (key, kind) in [
        (rsa(1024), "RSA of 1024 bits"),
        (rsa(2432), "RSA of 2432 bits"),
        (long, "RSA of 4352 bits"),
        (pkcs1, "RSA of 1024 bits"),
        (openssl_text(three, ""), "RSA with the public exponent 3"),
        (openssl_text(pss, ""), "RSA-PSS"),
        (ec("secp521r1"), "ECDSA on P-521"),
        (pkcs8, "ECDSA on P-521"),
        (ec("secp256k1"), "ECDSA on secp256k1"),
        (ec("brainpoolP256r1"), "ECDSA on brainpoolP256r1"),
        (openssl_text("genpkey -algorithm ED448", ""), "Ed448"),
    ] {
        let error = Identity::from_pem(certificate(&key), &key).unwrap_err();
        let kind = kind.to_owned();
        assert_eq!(error, IdentityError::UnsupportedKey(kind));
        assert!(error.to_string().contains("P-256"), "{error}");
    }
}

#[test]
fn a_key_without_its_public_half_is_read() {
    for curve in ["prime256v1", "secp384r1"] {
        let key = openssl_text(&format!("ecparam -name {curve} -genkey -noout"), "");
        let certificate = certificate(&key);
        let sec1 = openssl_text("ec -no_public", &key);
        let pkcs8 = openssl_text("pkcs8 -topk8 -nocrypt", &sec1);
        let compressed = openssl_text("ec -conv_form compressed", &key);
        for bare in [sec1, pkcs8, compressed] {
            let identity = Identity::from_pem(&certificate, &bare).unwrap();
            let key = identity.private_key();
            let public = openssl_text("pkey -inform DER -pubout", key);
            assert_eq!(public, openssl_text("x509 -noout -pubkey", &certificate));
        }
    }
}

#[test]
fn a_key_without_its_public_half_belongs_to_its_certificate_only() {
    let new = || openssl_text("ecparam -name prime256v1 -genkey -noout", "");
    let (mine, other) = (new(), new());
    let bare = openssl_text("ec -no_public", &mine);
    let read = Identity::from_pem(certificate(&other), &bare);
    assert_eq!(read.unwrap_err(), IdentityError::Mismatch);
    // Its own certificate is found among others on the same curve.
    let chain = format!("{}{}", certificate(&other), certificate(&mine));
    let identity = Identity::from_pem(chain, &bare).unwrap();
    let own = identity.certificates().next().unwrap();
    let public = openssl_text("x509 -inform DER -noout -pubkey", own);
    assert_eq!(public, openssl_text("ec -pubout", &mine));
}
