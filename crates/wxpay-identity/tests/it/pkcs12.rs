//! PKCS#12 files of every kind that has been handed out: what is in `fixtures/identities`.

use std::sync::OnceLock;

use proptest::prelude::*;
use wxpay_identity::{Identity, IdentityError, Part};

use crate::support::{
    AES_256, PBKDF2, SCRYPT, TRIPLE_DES, data, der, encrypted_key, fixture, integer, key_bags, mac,
    openssl, pem, pkcs12,
};

const PASSWORD: &str = "1900000109";

const DAMAGED: IdentityError = IdentityError::Damaged(Part::Pkcs12);
const WRONG_PASSWORD: IdentityError = IdentityError::WrongPassword(Part::Pkcs12);

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
    let no_key = IdentityError::Missing(Part::PrivateKey);
    let no_certificate = IdentityError::Missing(Part::Certificate);
    let two_keys = IdentityError::SeveralKeys(Part::Pkcs12);
    for (file, password, expected) in [
        ("rc2-3des-sha1.p12", "1900000108", WRONG_PASSWORD),
        ("aes256-sha256.p12", "", WRONG_PASSWORD),
        ("ber-inner.p12", "wrong", WRONG_PASSWORD),
        ("no-mac.p12", PASSWORD, IdentityError::NoMac),
        ("no-key.p12", PASSWORD, no_key),
        ("no-certificate.p12", PASSWORD, no_certificate),
        ("two-keys.p12", PASSWORD, two_keys),
    ] {
        let read = Identity::from_pkcs12(fixture(file), password);
        assert_eq!(read.unwrap_err(), expected, "{file} {password:?}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_damaged() {
    let whole = fixture("aes256-sha256.p12");
    let cuts = (1..whole.len()).map(|end| &whole[..end]);
    for cut in cuts.chain([&b"\x30\x80"[..]]) {
        assert_eq!(Identity::from_pkcs12(cut, PASSWORD).unwrap_err(), DAMAGED);
    }
}

#[test]
fn nothing_opens_without_a_mac_that_held() {
    for password in ["", "x", PASSWORD] {
        let read = Identity::from_pkcs12(fixture("../hostile/undecodable-mac.p12"), password);
        assert_eq!(read.unwrap_err(), DAMAGED);
    }
    let contents = der(0x30, &[]);
    let right = mac(&contents, PASSWORD, b"salt");
    let read = |digest: &[u8], salt: &[u8], rounds| {
        Identity::from_pkcs12(pkcs12(&contents, digest, salt, rounds), PASSWORD).unwrap_err()
    };
    let empty = IdentityError::Missing(Part::PrivateKey);
    assert_eq!(read(&right, b"salt", 1), empty);
    for (digest, salt, rounds, expected) in [
        (&b""[..], &b"salt"[..], 1, WRONG_PASSWORD),
        (&right[..16], b"salt", 1, WRONG_PASSWORD),
        (&[&right[..], b"x"].concat(), b"salt", 1, WRONG_PASSWORD),
        (&right, b"", 1, WRONG_PASSWORD),
        (&right, b"salt", 2, WRONG_PASSWORD),
        (&right, b"salt", 0, DAMAGED),
    ] {
        let error = read(digest, salt, rounds);
        assert_eq!(error, expected, "{digest:02x?} {rounds}");
    }
    // An empty `MacData`, and one of other values, behind contents in DER and in BER.
    for mac_data in [
        &b"\x30\0"[..],
        b"\x04\0",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x04\x30\x02\x30\0",
    ] {
        for contents in [&contents[..], b"\x30\x80\0\0"] {
            let file = der(0x30, &[&integer(3), &data(contents), mac_data]);
            let read = Identity::from_pkcs12(file, PASSWORD);
            assert_eq!(read.unwrap_err(), DAMAGED, "{mac_data:02x?}");
        }
    }
}

#[test]
fn impossible_costs_are_damage() {
    let part = Part::PrivateKey;
    for (kdf, costs, cipher, iv) in [
        (SCRYPT, &[0, 8, 1][..], AES_256, 16),
        (SCRYPT, &[1, 8, 1], AES_256, 16),
        (SCRYPT, &[3, 8, 1], AES_256, 16),
        (SCRYPT, &[16, 0, 1], AES_256, 16),
        (SCRYPT, &[16, 8, 0], AES_256, 16),
        (SCRYPT, &[], AES_256, 16),
        (PBKDF2, &[0], AES_256, 16),
        (PBKDF2, &[], AES_256, 16),
        // Initialisation vectors of another length.
        (PBKDF2, &[1], AES_256, 4),
        (PBKDF2, &[1], TRIPLE_DES, 4),
        (PBKDF2, &[1], TRIPLE_DES, 0),
    ] {
        let key = encrypted_key(kdf, costs, cipher, iv);
        let text = pem("ENCRYPTED PRIVATE KEY", &key);
        let read = Identity::from_pem_encrypted(fixture("client.crt"), text, "x");
        assert_eq!(
            read.unwrap_err(),
            IdentityError::Damaged(part),
            "{costs:?} {iv}"
        );
        let read = Identity::from_pkcs12(key_bags("x", &[key]), "x");
        assert_eq!(read.unwrap_err(), DAMAGED, "{costs:?} {iv}");
    }
    let key = fixture("../hostile/scrypt-zero.key");
    let read = Identity::from_pem_encrypted(fixture("client.crt"), key, "x");
    assert_eq!(read.unwrap_err(), IdentityError::Damaged(part));
    let read = Identity::from_pkcs12(fixture("../hostile/scrypt-zero.p12"), PASSWORD);
    assert_eq!(read.unwrap_err(), DAMAGED);
}

#[test]
fn the_costs_of_all_bags_are_bounded_together() {
    let cost = |part| IdentityError::Cost(part);
    for file in ["costly.p12", "../hostile/scrypt-costly.p12"] {
        for password in [PASSWORD, "x"] {
            let read = Identity::from_pkcs12(fixture(file), password);
            assert_eq!(read.unwrap_err(), cost(Part::Pkcs12), "{file}");
        }
    }
    let rounds = |rounds| encrypted_key(PBKDF2, &[rounds], AES_256, 16);
    let filled = |n, r, p| encrypted_key(SCRYPT, &[n, r, p], AES_256, 16);
    for keys in [
        vec![rounds(400_000); 6],
        vec![filled(1 << 16, 8, 1); 5],
        vec![rounds(1_000_000), filled(1 << 17, 8, 1), rounds(10)],
        vec![filled(1 << 20, 8, 1)],
        vec![filled(1 << 14, 8, 32)],
        vec![filled(1 << 62, 65_535, 65_535)],
        vec![rounds(u64::MAX)],
    ] {
        let read = Identity::from_pkcs12(key_bags("x", &keys), "x");
        assert_eq!(read.unwrap_err(), cost(Part::Pkcs12));
        let sections = keys.iter().map(|key| pem("ENCRYPTED PRIVATE KEY", key));
        let text: String = sections.collect();
        let read = Identity::from_pem_encrypted(fixture("client.crt"), text, "x");
        assert_eq!(read.unwrap_err(), cost(Part::PrivateKey));
    }
}

#[test]
fn bytes_behind_the_file_do_not_matter() {
    for file in ["aes256-sha256.p12", "rc2-3des-sha1.p12", "ber-outer.p12"] {
        // A newline of a shell, the zeros of Windows' own export, the filling of a copy.
        for behind in [&b"\n"[..], b"\r\n", &[0; 8], &[0xff; 1000], b"\x30\x80"] {
            let padded = [&fixture(file)[..], behind].concat();
            Identity::from_pkcs12(padded, PASSWORD).expect(file);
        }
    }
}

#[test]
fn no_password_and_the_empty_one_are_both_tried() {
    for file in ["no-password.p12", "empty-password.p12"] {
        // The judge opens both too.
        let path = format!("tests/fixtures/identities/{file}");
        openssl(&format!("pkcs12 -in {path} -passin pass: -nodes"), "");
        Identity::from_pkcs12(fixture(file), "").expect(file);
        let read = Identity::from_pkcs12(fixture(file), "x");
        assert_eq!(read.unwrap_err(), WRONG_PASSWORD);
    }
}

/// The client's certificate and key in one file.
fn client() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.pem");
    let both = [fixture("client.crt"), fixture("client.key")].concat();
    std::fs::write(&path, both).unwrap();
    (folder, path.display().to_string())
}

/// A PKCS#12 file of it, with the password `x`.
fn export(arguments: &str, both: &str) -> Vec<u8> {
    let export = format!("pkcs12 -export {arguments} -passout pass:x -in {both}");
    openssl(&export, "")
}

#[test]
fn an_encryption_that_is_not_read_is_named() {
    let (_folder, both) = client();
    for (cipher, algorithm) in [
        ("camellia-256-cbc", "Camellia-256-CBC"),
        ("camellia-128-cbc", "Camellia-128-CBC"),
        ("aria-256-cbc", "ARIA-256-CBC"),
        ("aes-256-cfb", "AES-256-CFB"),
        ("rc2-cbc", "RC2-CBC"),
        ("cast5-cbc", "CAST5-CBC"),
        ("sm4-cbc", "SM4-CBC"),
    ] {
        let (legacy, algorithm) = ("-provider legacy -provider default", algorithm.to_owned());
        let file = export(
            &format!("{legacy} -certpbe {cipher} -keypbe {cipher}"),
            &both,
        );
        let part = Part::Pkcs12;
        let error = Identity::from_pkcs12(file, "x").unwrap_err();
        assert!(error.to_string().contains("openssl pkcs12"), "{error}");
        let expected = |part| IdentityError::UnsupportedEncryption {
            part,
            algorithm: algorithm.clone(),
        };
        assert_eq!(error, expected(part));
        let key = openssl(
            &format!("pkcs8 -topk8 {legacy} -v2 {cipher} -passout pass:x"),
            fixture("client.key"),
        );
        let read = Identity::from_pem_encrypted(fixture("client.crt"), key, "x");
        assert_eq!(read.unwrap_err(), expected(Part::PrivateKey));
    }
    let rc4 = "-provider legacy -provider default -keypbe PBE-SHA1-RC4-128";
    for (arguments, algorithm) in [
        ("-macalg md5", "MD5"),
        ("-macalg sm3", "SM3"),
        (rc4, "PBE-SHA1-RC4-128"),
    ] {
        let file = export(arguments, &both);
        let read = Identity::from_pkcs12(file, "x");
        let (part, algorithm) = (Part::Pkcs12, algorithm.to_owned());
        assert_eq!(
            read.unwrap_err(),
            IdentityError::UnsupportedEncryption { part, algorithm }
        );
    }
}

#[test]
fn every_encryption_of_openssl_that_is_read() {
    let (_folder, both) = client();
    for arguments in [
        "-certpbe AES-192-CBC -keypbe AES-192-CBC -macalg sha224",
        "-certpbe NONE -keypbe NONE",
        "-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC -macalg sha384",
        "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES",
        "-macalg sha512-256 -iter 1",
    ] {
        Identity::from_pkcs12(export(arguments, &both), "x").expect(arguments);
    }
}

/// The `AuthenticatedSafe` of an unencrypted file: the client's certificate and this key.
fn plain_contents(key: &[u8]) -> Vec<u8> {
    const KEY: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
    const CERTIFICATE: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
    const X509: &[u8] = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
    let certificate = openssl("x509 -outform DER", fixture("client.crt"));
    let certificate = der(0x30, &[X509, &der(0xa0, &[&der(4, &[&certificate])])]);
    let bags = [
        der(0x30, &[KEY, &der(0xa0, &[key])]),
        der(0x30, &[CERTIFICATE, &der(0xa0, &[&certificate])]),
    ];
    der(0x30, &[&data(&der(0x30, &[&bags.concat()]))])
}

#[test]
fn a_key_without_its_public_half_is_read() {
    let bare = openssl("ec -no_public", fixture("client.key"));
    let contents = plain_contents(&openssl("pkcs8 -topk8 -nocrypt -outform DER", bare));
    let file = pkcs12(&contents, &mac(&contents, "x", b"salt"), b"salt", 1);
    Identity::from_pkcs12(file, "x").unwrap();
}

/// The element in one of the forms that BER allows, down to `depth`; each byte of `choices` chooses one.
fn ber(bytes: &[u8], depth: usize, choices: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    let mut written = Vec::new();
    let mut rest = bytes;
    while let [tag, length, after @ ..] = rest {
        let (start, length) = match length {
            0x84 => (
                4,
                u32::from_be_bytes(after[..4].try_into().unwrap()) as usize,
            ),
            0x82 => (2, u16::from_be_bytes(after[..2].try_into().unwrap()).into()),
            0x81 => (1, after[0].into()),
            short => (0, usize::from(*short)),
        };
        let (contents, behind) = after[start..].split_at(length);
        rest = behind;
        let choice = choices.next().unwrap();
        let (tag, contents) = match tag {
            _ if depth == 0 => (*tag, contents.to_vec()),
            4 if choice & 1 == 1 => {
                let pieces = contents.chunks(usize::from(choice) + 1);
                (0x24, pieces.flat_map(|piece| der(4, &[piece])).collect())
            }
            0x30 | 0xa0 => (*tag, ber(contents, depth - 1, choices)),
            _ => (*tag, contents.to_vec()),
        };
        written.extend(match choice & 6 {
            0 | 2 if tag & 0x20 != 0 => [&[tag, 0x80], &contents[..], &[0, 0]].concat(),
            4 => {
                let length = (contents.len() as u64).to_be_bytes();
                [&[tag, 0x88], &length[..], &contents].concat()
            }
            _ => der(tag, &[&contents]),
        });
    }
    written
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_form_that_ber_allows_is_read(seed in prop::collection::vec(any::<u8>(), 50)) {
        let mut choices = seed.iter().copied().cycle();
        static CONTENTS: OnceLock<Vec<u8>> = OnceLock::new();
        let contents = CONTENTS.get_or_init(|| {
            let key = openssl("pkcs8 -topk8 -nocrypt -outform DER", fixture("client.key"));
            plain_contents(&key)
        });
        let contents = ber(contents, 6, &mut choices);
        let file = pkcs12(&contents, &mac(&contents, "x", b"salt"), b"salt", 1);
        let identity = Identity::from_pkcs12(ber(&file, 3, &mut choices), "x");
        prop_assert_eq!(identity.map(drop), Ok(()));
    }
}

#[test]
fn depth_is_bounded() {
    for depth in [33, 100_000] {
        let nested = [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        for bytes in [&nested[..], &nested[..depth * 2]] {
            assert_eq!(Identity::from_pkcs12(bytes, "x").unwrap_err(), DAMAGED);
        }
    }
}
