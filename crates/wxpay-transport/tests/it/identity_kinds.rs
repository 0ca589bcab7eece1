//! Identity files of every kind that has been handed out: what is in `fixtures/identities`.

use std::{fs, path::PathBuf};

use wxpay_transport::{Identity, InvalidIdentity};

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/identities");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

#[test]
fn keys_in_pem() {
    let read = |key: &str, password| match password {
        None => Identity::from_pem(fixture("client.crt"), fixture(key)),
        Some(password) => {
            Identity::from_pem_encrypted(fixture("client.crt"), fixture(key), password)
        }
    };
    for (key, password, expected) in [
        ("client.key", None, Ok(())),
        ("client.key", Some("not needed"), Ok(())),
        ("sec1.key", None, Ok(())),
        ("pbkdf2.key", Some("secret"), Ok(())),
        ("pbkdf2-sha1.key", Some("secret"), Ok(())),
        ("pbkdf2-3des.key", Some("secret"), Ok(())),
        ("scrypt.key", Some("secret"), Ok(())),
        ("pbkdf2.key", None, Err(InvalidIdentity::EncryptedKey)),
        (
            "pbkdf2.key",
            Some("Secret"),
            Err(InvalidIdentity::KeyPassword),
        ),
        ("pbkdf2.key", Some(""), Err(InvalidIdentity::KeyPassword)),
        (
            "pbes1.key",
            Some("secret"),
            Err(InvalidIdentity::KeyEncryption),
        ),
        (
            "dek-info.key",
            Some("secret"),
            Err(InvalidIdentity::LegacyKey),
        ),
        ("costly.key", Some("secret"), Err(InvalidIdentity::KeyCost)),
        ("pkcs1.key", None, Err(InvalidIdentity::Mismatch)),
    ] {
        assert_eq!(
            read(key, password).map(drop),
            expected,
            "{key} {password:?}"
        );
    }
    Identity::from_pem(fixture("rsa.crt"), fixture("pkcs1.key")).unwrap();
}

#[test]
fn what_cannot_be_read_names_the_command_that_converts_it() {
    for error in [InvalidIdentity::LegacyKey, InvalidIdentity::KeyEncryption] {
        assert!(error.to_string().contains("`openssl pkcs8 "), "{error}");
    }
}

#[test]
fn a_chain_in_pem_may_be_in_any_order() {
    let (leaf, chain) = (fixture("client.crt"), fixture("chain.pem"));
    for certificates in [[&leaf[..], &chain].concat(), [&chain[..], &leaf].concat()] {
        let identity = Identity::from_pem(certificates, fixture("client.key")).unwrap();
        assert_eq!(identity.common_name(), Some("1900000109"));
    }
}

#[cfg(feature = "p12")]
mod pkcs12 {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::support::{Ca, OK, call, read_request, serve, server_demanding};

    const PASSWORD: &str = "1900000109";

    #[test]
    fn files_of_every_kind() {
        for (file, password, expected) in [
            ("rc2-3des-sha1.p12", PASSWORD, Ok(())),
            ("3des-3des-sha1.p12", PASSWORD, Ok(())),
            ("aes256-sha256.p12", PASSWORD, Ok(())),
            ("aes128-sha512.p12", PASSWORD, Ok(())),
            ("named.p12", PASSWORD, Ok(())),
            ("odd-order.p12", PASSWORD, Ok(())),
            ("keytool-old.p12", PASSWORD, Ok(())),
            ("keytool-new.p12", PASSWORD, Ok(())),
            ("ber-outer.p12", PASSWORD, Ok(())),
            ("ber-inner.p12", PASSWORD, Ok(())),
            ("empty-password.p12", "", Ok(())),
            ("chinese-password.p12", "密码", Ok(())),
            (
                "rc2-3des-sha1.p12",
                "1900000108",
                Err(InvalidIdentity::Pkcs12Password),
            ),
            (
                "aes256-sha256.p12",
                "",
                Err(InvalidIdentity::Pkcs12Password),
            ),
            (
                "ber-inner.p12",
                "wrong",
                Err(InvalidIdentity::Pkcs12Password),
            ),
            ("no-mac.p12", PASSWORD, Err(InvalidIdentity::NoMac)),
            ("no-key.p12", PASSWORD, Err(InvalidIdentity::NoKeyInPkcs12)),
            (
                "no-certificate.p12",
                PASSWORD,
                Err(InvalidIdentity::NoCertificateInPkcs12),
            ),
            (
                "two-keys.p12",
                PASSWORD,
                Err(InvalidIdentity::SeveralKeysInPkcs12),
            ),
            (
                "costly.p12",
                PASSWORD,
                Err(InvalidIdentity::Pkcs12Encryption),
            ),
            ("client.crt", PASSWORD, Err(InvalidIdentity::PemAsPkcs12)),
        ] {
            let read = Identity::from_pkcs12(fixture(file), password);
            assert_eq!(read.map(drop), expected, "{file} {password:?}");
        }
    }

    #[test]
    fn what_is_no_pkcs12() {
        let whole = fixture("aes256-sha256.p12");
        let as_text = String::from_utf8_lossy(&whole).into_owned();
        for (bytes, expected) in [
            (&b""[..], InvalidIdentity::Empty),
            (b" \r\n", InvalidIdentity::Empty),
            (
                b"<!DOCTYPE html><title>404</title>",
                InvalidIdentity::PageAsPkcs12,
            ),
            (b"\xef\xbb\xbf<html>", InvalidIdentity::PageAsPkcs12),
            (b"Bag Attributes\n", InvalidIdentity::PemAsPkcs12),
            (b"PK\x03\x04", InvalidIdentity::Pkcs12),
            (b"\x30\x80", InvalidIdentity::Pkcs12),
            (as_text.as_bytes(), InvalidIdentity::Pkcs12),
        ] {
            assert_eq!(
                Identity::from_pkcs12(bytes, PASSWORD).unwrap_err(),
                expected
            );
        }
        for end in 1..whole.len() {
            let cut = Identity::from_pkcs12(&whole[..end], PASSWORD).unwrap_err();
            assert_eq!(cut, InvalidIdentity::Pkcs12, "cut at {end}");
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

    #[tokio::test]
    async fn the_whole_chain_is_sent() {
        let ca = Ca::new();
        for file in ["odd-order.p12", "ber-inner.p12"] {
            let identity = Identity::from_pkcs12(fixture(file), PASSWORD).unwrap();
            let (sender, seen) = std::sync::mpsc::channel();
            let addr = serve(
                server_demanding(&ca.pair(), fixture("chain.pem")),
                move |mut stream| {
                    let chain = stream.get_ref().1.peer_certificates().map(<[_]>::len);
                    sender.send(chain).unwrap();
                    async move {
                        read_request(&mut stream).await;
                        let _ = stream.write_all(OK.as_bytes()).await;
                    }
                },
            )
            .await;
            call(ca.builder().identity(identity), addr).await.unwrap();
            assert_eq!(seen.recv().unwrap(), Some(3), "{file}");
        }
    }
}
