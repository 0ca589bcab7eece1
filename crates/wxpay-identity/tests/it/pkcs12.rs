//! PKCS#12 files of every kind in use.

use std::sync::OnceLock;

use proptest::prelude::*;
use wxpay_identity::{Identity, IdentityError, Part};

use crate::support::{
    AES_256, PBKDF2, SCRYPT, TRIPLE_DES, data, der, encrypted_key, fixture, integer, key_bags, mac,
    openssl, pem, pkcs12, sealed,
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
fn nothing_opens_without_the_right_mac() {
    let contents = der(0x30, &[]);
    let right = mac(&contents, Some(PASSWORD), b"salt");
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
            for password in [PASSWORD, ""] {
                let read = Identity::from_pkcs12(&file, password);
                assert_eq!(read.unwrap_err(), DAMAGED, "{mac_data:02x?}");
            }
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
}

#[test]
fn the_costs_of_the_mac_and_of_all_bags_are_bounded() {
    let cost = |part| IdentityError::Cost(part);
    let mac = pkcs12(&der(0x30, &[]), b"", b"salt", 0x7fff_ffff);
    assert_eq!(
        Identity::from_pkcs12(mac, "x").unwrap_err(),
        cost(Part::Pkcs12)
    );
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
    for file in ["aes256-sha256.p12", "rc2-3des-sha1.p12"] {
        // A newline of a shell, the zeros of Windows' own export, the padding of a copy.
        for behind in [&b"\n"[..], b"\r\n", &[0; 8], &[0xff; 1000], b"\x30\x80"] {
            let padded = [&fixture(file)[..], behind].concat();
            Identity::from_pkcs12(padded, PASSWORD).expect(file);
        }
    }
}

/// The tag and the contents of an element of DER, and the bytes behind it.
fn split(bytes: &[u8]) -> (u8, &[u8], &[u8]) {
    let octets = usize::from(bytes[1].saturating_sub(0x80));
    let (length, rest) = bytes[2..].split_at(octets);
    let long = |length: usize, octet: &u8| length << 8 | usize::from(*octet);
    let length = match octets {
        0 => bytes[1].into(),
        _ => length.iter().fold(0, long),
    };
    let (contents, behind) = rest.split_at(length);
    (bytes[0], contents, behind)
}

/// The `AuthenticatedSafe` of a file in DER.
fn authenticated_safe(file: &[u8]) -> &[u8] {
    let (_, version_and_safe, _) = split(file);
    let (_, kind_and_content, _) = split(split(version_and_safe).2);
    let (_, content, _) = split(split(kind_and_content).2);
    split(content).1
}

#[test]
fn no_password_and_the_empty_one_are_both_tried() {
    let empty = fixture("empty-password.p12");
    // For PBES2 the two are the same, for the MAC they are not.
    let contents = authenticated_safe(&empty);
    let none = pkcs12(contents, &mac(contents, None, b"salt"), b"salt", 1);
    for file in [none, empty] {
        openssl("pkcs12 -passin pass: -nodes", &file);
        Identity::from_pkcs12(&file, "").unwrap();
        let read = Identity::from_pkcs12(file, "x");
        assert_eq!(read.unwrap_err(), WRONG_PASSWORD);
    }
}

/// A PKCS#12 file of the client's certificate and key, with the password `x`.
fn export(arguments: &str) -> Vec<u8> {
    let folder = "tests/fixtures/identities";
    let files = format!("-in {folder}/client.crt -inkey {folder}/client.key");
    openssl(
        &format!("pkcs12 -export {files} -passout pass:x {arguments}"),
        "",
    )
}

#[test]
fn an_encryption_that_is_not_read_is_named() {
    let unsupported = |part, algorithm: &str| IdentityError::UnsupportedEncryption {
        part,
        algorithm: algorithm.to_owned(),
    };
    let legacy = "-provider legacy -provider default";
    for (cipher, algorithm) in [
        ("camellia-256-cbc", "Camellia-256-CBC"),
        ("camellia-128-cbc", "Camellia-128-CBC"),
        ("aria-256-cbc", "ARIA-256-CBC"),
        ("aes-256-cfb", "AES-256-CFB"),
        ("rc2-cbc", "RC2-CBC"),
        ("cast5-cbc", "CAST5-CBC"),
        ("sm4-cbc", "SM4-CBC"),
    ] {
        let file = export(&format!("{legacy} -certpbe {cipher} -keypbe {cipher}"));
        let error = Identity::from_pkcs12(file, "x").unwrap_err();
        assert!(error.to_string().contains("openssl pkcs12"), "{error}");
        assert_eq!(error, unsupported(Part::Pkcs12, algorithm));
        let encrypt = format!("pkcs8 -topk8 {legacy} -v2 {cipher} -passout pass:x");
        let key = openssl(&encrypt, fixture("client.key"));
        let read = Identity::from_pem_encrypted(fixture("client.crt"), key, "x");
        assert_eq!(read.unwrap_err(), unsupported(Part::PrivateKey, algorithm));
    }
    for (arguments, algorithm) in [
        ("-macalg md5", "MD5"),
        ("-macalg sm3", "SM3"),
        (
            &format!("{legacy} -keypbe PBE-SHA1-RC4-128"),
            "PBE-SHA1-RC4-128",
        ),
    ] {
        let error = Identity::from_pkcs12(export(arguments), "x").unwrap_err();
        assert_eq!(error, unsupported(Part::Pkcs12, algorithm));
    }
}

#[test]
fn every_encryption_of_openssl_that_is_read() {
    for arguments in [
        "-certpbe AES-192-CBC -keypbe AES-192-CBC -macalg sha224",
        "-certpbe NONE -keypbe NONE",
        "-certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC -macalg sha384",
        "-legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES",
        "-macalg sha512-256 -iter 1",
    ] {
        Identity::from_pkcs12(export(arguments), "x").expect(arguments);
    }
}

/// The `SafeContents` of the client's certificate and this key, not encrypted.
fn plain_bags(key: &[u8]) -> Vec<u8> {
    const KEY: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
    const CERTIFICATE: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
    const X509: &[u8] = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
    let certificate = openssl("x509 -outform DER", fixture("client.crt"));
    let certificate = der(0x30, &[X509, &der(0xa0, &[&der(4, &[&certificate])])]);
    let certificate = der(0x30, &[CERTIFICATE, &der(0xa0, &[&certificate])]);
    der(
        0x30,
        &[&der(0x30, &[KEY, &der(0xa0, &[key])]), &certificate],
    )
}

#[test]
fn a_key_without_its_public_half_is_read() {
    let bare = openssl("ec -no_public", fixture("client.key"));
    let bags = plain_bags(&openssl("pkcs8 -topk8 -nocrypt -outform DER", bare));
    Identity::from_pkcs12(sealed(&der(0x30, &[&data(&bags)]), "x"), "x").unwrap();
}

/// The element in one of the forms that BER allows, down to `depth`; each byte of `choices` chooses
/// one.
fn ber(mut bytes: &[u8], depth: usize, choices: &mut impl Iterator<Item = u8>) -> Vec<u8> {
    let mut written = Vec::new();
    while !bytes.is_empty() {
        let (tag, contents, behind) = split(bytes);
        bytes = behind;
        let choice = choices.next().unwrap();
        let (tag, contents) = match tag {
            4 | 0x80 if depth > 0 && choice & 1 == 1 => {
                let pieces = contents.chunks(usize::from(choice) + 1);
                (
                    tag | 0x20,
                    pieces.flat_map(|piece| der(4, &[piece])).collect(),
                )
            }
            0x30 | 0xa0 if depth > 0 => (tag, ber(contents, depth - 1, choices)),
            _ => (tag, contents.to_vec()),
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
    fn every_form_that_ber_allows_is_read_and_no_damage_to_it_panics(
        seed in prop::collection::vec(any::<u8>(), 50),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut choices = seed.iter().copied().cycle();
        static CONTENTS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
        let [plain, encrypted] = CONTENTS.get_or_init(|| {
            let key = openssl("pkcs8 -topk8 -nocrypt -outform DER", fixture("client.key"));
            [plain_bags(&key), authenticated_safe(&export("-iter 1")).to_vec()]
        });
        let plain = der(0x30, &[&data(&ber(plain, 4, &mut choices))]);
        for contents in [&plain, encrypted] {
            let file = sealed(&ber(contents, 6, &mut choices), "x");
            let mut file = [ber(&file, 3, &mut choices), seed.clone()].concat();
            let identity = Identity::from_pkcs12(&file, "x");
            prop_assert_eq!(identity.map(drop), Ok(()));
            *at.get_mut(&mut file) ^= flip;
            let _ = Identity::from_pkcs12(&file, "x");
        }
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
