//! PKCS#12 files of every kind that has been handed out: what is in `fixtures/identities`.

use wxpay_identity::{Form, Identity, IdentityError, Part};

use crate::support::fixture;

const PASSWORD: &str = "1900000109";

const DAMAGED: IdentityError = IdentityError::Damaged { part: Part::Pkcs12 };
const WRONG_PASSWORD: IdentityError = IdentityError::WrongPassword { part: Part::Pkcs12 };

fn wrong(found: Form) -> IdentityError {
    IdentityError::WrongForm {
        wanted: Part::Pkcs12,
        found,
    }
}

#[test]
fn every_kind_of_file_is_read() {
    for (file, password) in [
        ("rc2-3des-sha1.p12", PASSWORD),
        ("3des-3des-sha1.p12", PASSWORD),
        ("aes256-sha256.p12", PASSWORD),
        ("aes128-sha512.p12", PASSWORD),
        ("named.p12", PASSWORD),
        ("odd-order.p12", PASSWORD),
        ("keytool-old.p12", PASSWORD),
        ("keytool-new.p12", PASSWORD),
        ("ber-outer.p12", PASSWORD),
        ("ber-inner.p12", PASSWORD),
        ("empty-password.p12", ""),
        ("chinese-password.p12", "密码"),
    ] {
        let identity = Identity::from_pkcs12(fixture(file), password).expect(file);
        assert_eq!(identity.common_name(), Some("1900000109"), "{file}");
        let length = if file.contains("-password") { 1 } else { 3 };
        assert_eq!(identity.certificates().len(), length, "{file}");
    }
}

#[test]
fn each_mistake_has_its_name() {
    for (file, password, expected) in [
        ("rc2-3des-sha1.p12", "1900000108", WRONG_PASSWORD),
        ("aes256-sha256.p12", "", WRONG_PASSWORD),
        ("ber-inner.p12", "wrong", WRONG_PASSWORD),
        ("no-mac.p12", PASSWORD, IdentityError::NoMac),
        (
            "no-key.p12",
            PASSWORD,
            IdentityError::Missing {
                part: Part::PrivateKey,
            },
        ),
        (
            "no-certificate.p12",
            PASSWORD,
            IdentityError::Missing {
                part: Part::Certificate,
            },
        ),
        (
            "two-keys.p12",
            PASSWORD,
            IdentityError::SeveralKeys { part: Part::Pkcs12 },
        ),
        ("client.crt", PASSWORD, wrong(Form::Certificate)),
        ("client.key", PASSWORD, wrong(Form::PrivateKey)),
    ] {
        let read = Identity::from_pkcs12(fixture(file), password);
        assert_eq!(read.unwrap_err(), expected, "{file} {password:?}");
    }
}

#[test]
fn what_is_no_pkcs12_is_named() {
    let whole = fixture("aes256-sha256.p12");
    for (bytes, expected) in [
        (&b""[..], wrong(Form::Empty)),
        (b" \r\n", wrong(Form::Empty)),
        (b"<!DOCTYPE html><title>404</title>", wrong(Form::WebPage)),
        (b"\xef\xbb\xbf<html>", wrong(Form::WebPage)),
        (b"PK\x03\x04", wrong(Form::Zip)),
        (b"\x30\x80", DAMAGED),
    ] {
        assert_eq!(
            Identity::from_pkcs12(bytes, PASSWORD).unwrap_err(),
            expected
        );
    }
    for end in 1..whole.len() {
        let cut = Identity::from_pkcs12(&whole[..end], PASSWORD).unwrap_err();
        assert_eq!(cut, DAMAGED, "cut at {end}");
    }
}

/// Whatever byte is wrong, it is an error, and no panic.
#[test]
fn damage_is_refused() {
    let whole = fixture("3des-3des-sha1.p12");
    // The MAC is at the end, and some of how it is written means nothing.
    let covered = whole.len() - 80;
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let read = Identity::from_pkcs12(damaged, PASSWORD);
        assert!(read.is_err() || at > covered, "byte {at}");
    }
}
