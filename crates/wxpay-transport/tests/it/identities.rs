//! Which files make an identity, judged on keys that openssl wrote.

use std::io::Write;
use std::process::{Command, Stdio};

use wxpay_transport::{Identity, InvalidIdentity};

use crate::support::Ca;

fn openssl(arguments: &str, input: &str) -> String {
    let mut child = Command::new("openssl")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl must be installed");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments}");
    String::from_utf8(output.stdout).unwrap()
}

/// A self-signed certificate for a key.
fn certificate(key: &str) -> String {
    openssl("req -new -x509 -key /dev/stdin -subj /CN=1900000109", key)
}

#[test]
fn every_plain_form_of_a_key_is_read() {
    let pkcs8_rsa = openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "");
    let pkcs1 = openssl("rsa -traditional", &pkcs8_rsa);
    let sec1 = openssl("ecparam -name prime256v1 -genkey -noout", "");
    let sec1_with_parameters = openssl("ecparam -name prime256v1 -genkey", "");
    let pkcs8_ec = openssl("pkcs8 -topk8 -nocrypt", &sec1);
    assert!(pkcs1.contains("BEGIN RSA PRIVATE KEY") && sec1.contains("BEGIN EC PRIVATE KEY"));
    for key in [pkcs8_rsa, pkcs1, sec1, sec1_with_parameters, pkcs8_ec] {
        Identity::from_pem(certificate(&key), &key).unwrap();
    }
}

#[test]
fn text_around_the_sections_and_crlf_do_not_matter() {
    let pair = Ca::new().pair();
    let cert = format!(
        "Bag Attributes\r\n    friendlyName: x\r\n{}",
        pair.cert.replace('\n', "\r\n")
    );
    Identity::from_pem(cert, pair.key.replace('\n', "\r\n")).unwrap();
}

#[test]
fn one_file_may_hold_both() {
    let pair = Ca::new().pair();
    let both = format!("{}{}", pair.key, pair.cert);
    Identity::from_pem(&both, &both).unwrap();
}

#[test]
fn each_mistake_has_its_name() {
    let (mine, other) = (Ca::new().pair(), Ca::new().pair());
    let (cert, key) = (mine.cert.as_str(), mine.key.as_str());
    let encrypted = openssl("pkcs8 -topk8 -passout pass:secret", key);
    let encrypted_old = openssl("ec -aes128 -passout pass:secret", key);
    let cut = |pem: &str| pem[..pem.len() / 2].to_owned();
    let bad_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let bad_key = "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n";
    for (cert, key, expected) in [
        ("", key, InvalidIdentity::NoCertificate),
        ("<html>404</html>", key, InvalidIdentity::NoCertificate),
        (key, cert, InvalidIdentity::KeyInCertificateFile),
        (&cut(cert), key, InvalidIdentity::Certificate),
        (bad_der, key, InvalidIdentity::Certificate),
        (cert, "", InvalidIdentity::NoKey),
        (cert, cert, InvalidIdentity::CertificateInKeyFile),
        (cert, &cut(key), InvalidIdentity::Key),
        (cert, bad_key, InvalidIdentity::Key),
        (cert, &encrypted, InvalidIdentity::EncryptedKey),
        (cert, &encrypted_old, InvalidIdentity::LegacyKey),
        (
            cert,
            &format!("{key}{}", other.key),
            InvalidIdentity::SeveralKeys,
        ),
        (cert, &other.key, InvalidIdentity::Mismatch),
    ] {
        assert_eq!(Identity::from_pem(cert, key).unwrap_err(), expected);
    }
}
