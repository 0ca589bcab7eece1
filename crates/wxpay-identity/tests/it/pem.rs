//! Certificates and keys in PEM.

use wxpay_identity::{Form, Identity, IdentityError, Part};

use crate::support::{Pair, fixture, openssl_text};

#[cfg(unix)]
#[test]
fn every_plain_form_of_a_key_is_read() {
    let pkcs8_rsa = openssl_text("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "");
    let pkcs1 = openssl_text("rsa -traditional", &pkcs8_rsa);
    let sec1 = openssl_text("ecparam -name prime256v1 -genkey -noout", "");
    let pkcs8_ec = openssl_text("pkcs8 -topk8 -nocrypt", &sec1);
    let ed25519 = openssl_text("genpkey -algorithm ED25519", "");
    assert!(pkcs1.contains("BEGIN RSA PRIVATE KEY") && sec1.contains("BEGIN EC PRIVATE KEY"));
    let parameters = openssl_text("ecparam -name prime256v1 -genkey", "");
    for key in [pkcs8_rsa, pkcs1, sec1, parameters, pkcs8_ec, ed25519] {
        Identity::from_pem(crate::support::certificate(&key), &key).unwrap();
    }
}

#[test]
fn text_around_the_sections_and_crlf_do_not_matter() {
    let pair = Pair::new();
    let [cert, key] = [&pair.cert, &pair.key].map(|pem| pem.replace('\n', "\r\n"));
    let cert = format!("Bag Attributes\r\n    friendlyName: x\r\n{cert}");
    Identity::from_pem(cert, key).unwrap();
}

#[test]
fn each_mistake_has_its_name() {
    let (mine, other) = (Pair::new(), Pair::new());
    let (cert, key) = (mine.cert.as_str(), mine.key.as_str());
    let encrypted = openssl_text("pkcs8 -topk8 -passout pass:secret", key);
    let encrypted_old = openssl_text("ec -aes128 -passout pass:secret", key);
    let cut = |pem: &str| pem[..pem.len() / 2].to_owned();
    let bad_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let bad_key = "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n";
    let wrong = |wanted, found| IdentityError::WrongForm { wanted, found };
    let damaged = |part| IdentityError::Damaged(part);
    let (certificate, private_key) = (Part::Certificate, Part::PrivateKey);
    let two = format!("{key}{}", other.key);
    let several = IdentityError::SeveralKeys(private_key);
    for (cert, key, expected) in [
        ("", key, wrong(certificate, Form::Empty)),
        ("<html>404</html>", key, wrong(certificate, Form::WebPage)),
        ("no PEM", key, wrong(certificate, Form::Unknown)),
        (key, cert, wrong(certificate, Form::PrivateKey)),
        (&cut(cert), key, damaged(certificate)),
        (bad_der, key, damaged(certificate)),
        (cert, "", wrong(private_key, Form::Empty)),
        (cert, cert, wrong(private_key, Form::Certificate)),
        (cert, &cut(key), damaged(private_key)),
        (cert, bad_key, damaged(private_key)),
        (cert, &encrypted, IdentityError::PasswordMissing),
        (cert, &encrypted_old, unsupported("DEK-Info")),
        (cert, &two, several),
        (cert, &other.key, IdentityError::Mismatch),
    ] {
        assert_eq!(Identity::from_pem(cert, key).unwrap_err(), expected);
    }
}

fn unsupported(algorithm: &str) -> IdentityError {
    IdentityError::UnsupportedEncryption {
        part: Part::PrivateKey,
        algorithm: algorithm.to_owned(),
    }
}

#[test]
fn keys_under_a_password() {
    let read = |key: &str, password| match password {
        None => Identity::from_pem(fixture("client.crt"), fixture(key)),
        Some(password) => {
            Identity::from_pem_encrypted(fixture("client.crt"), fixture(key), password)
        }
    };
    let wrong = || Err(IdentityError::WrongPassword(Part::PrivateKey));
    let missing = Err(IdentityError::PasswordMissing);
    let (pbes1, dek_info) = (unsupported("PBE-SHA1-3DES"), unsupported("DEK-Info"));
    for (key, password, expected) in [
        ("client.key", None, Ok(())),
        ("client.key", Some("not needed"), Ok(())),
        ("sec1.key", None, Ok(())),
        ("pbkdf2.key", Some("secret"), Ok(())),
        ("pbkdf2-sha1.key", Some("secret"), Ok(())),
        ("pbkdf2-3des.key", Some("secret"), Ok(())),
        ("scrypt.key", Some("secret"), Ok(())),
        ("pbkdf2.key", None, missing),
        ("pbkdf2.key", Some("Secret"), wrong()),
        ("pbkdf2.key", Some(""), wrong()),
        ("pbes1.key", Some("secret"), Err(pbes1)),
        ("dek-info.key", Some("secret"), Err(dek_info)),
        ("pkcs1.key", None, Err(IdentityError::Mismatch)),
    ] {
        let read = read(key, password).map(drop);
        if let Err(error @ IdentityError::UnsupportedEncryption { .. }) = &read {
            assert!(error.to_string().contains("`openssl pkcs8 "), "{error}");
        }
        assert_eq!(read, expected, "{key} {password:?}");
    }
    Identity::from_pem(fixture("rsa.crt"), fixture("pkcs1.key")).unwrap();
}

#[test]
fn a_chain_may_be_in_any_order() {
    let (leaf, chain) = (fixture("client.crt"), fixture("chain.pem"));
    for certificates in [[&leaf[..], &chain].concat(), [&chain[..], &leaf].concat()] {
        let identity = Identity::from_pem(certificates, fixture("client.key")).unwrap();
        assert_eq!(identity.common_name(), Some("1900000109"));
        assert_eq!(identity.certificates().len(), 3);
    }
}

#[test]
fn debug_does_not_show_the_key() {
    let pair = Pair::new();
    let shown = format!("{:?}", pair.identity());
    assert!(!shown.contains(pair.key.lines().nth(1).unwrap()), "{shown}");
    assert!(shown.len() < 2000, "the key as bytes? {shown}");
}
