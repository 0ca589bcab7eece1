//! Certificates, openssl, the fixtures, a writer of PKCS#12, and the log.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use rcgen::{CertificateParams, DnType, KeyPair};
use sha2::{Digest, Sha256};
use wxpay_identity::Identity;

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Pair {
    /// A self-signed certificate for a new key.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "1900000109");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Self {
            cert: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.cert, &self.key).unwrap()
    }

    pub(crate) fn both(&self) -> String {
        format!("{}{}", self.cert, self.key)
    }

    pub(crate) fn write(&self, folder: &Path) {
        fs::write(folder.join("cert.pem"), &self.cert).unwrap();
        fs::write(folder.join("key.pem"), &self.key).unwrap();
    }
}

/// A file in `tests/fixtures/identities`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/identities");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

/// The output of openssl for these arguments, separated by spaces.
pub(crate) fn openssl(arguments: &str, input: impl AsRef<[u8]>) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl must be installed");
    // openssl may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {errors}");
    output.stdout
}

/// The output of openssl as text.
pub(crate) fn openssl_text(arguments: &str, input: impl AsRef<[u8]>) -> String {
    String::from_utf8(openssl(arguments, input)).unwrap()
}

/// A self-signed certificate for a key.
#[cfg(unix)]
pub(crate) fn certificate(key: &str) -> String {
    openssl_text("req -new -x509 -key /dev/stdin -subj /CN=1900000109", key)
}

/// An element of DER.
pub(crate) fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
    let head = match contents.len() {
        short @ 0..0x80 => vec![tag, short as u8],
        _ => [&[tag, 0x84][..], &length].concat(),
    };
    [head, contents].concat()
}

/// An integer that is not negative.
pub(crate) fn integer(value: u64) -> Vec<u8> {
    let bytes = [&[0], &value.to_be_bytes()[..]].concat();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let start = match bytes.get(zeros) {
        Some(0..0x80) => zeros,
        _ => zeros - 1,
    };
    der(2, &[&bytes[start..]])
}

pub(crate) const SCRYPT: &[u8] = b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";
pub(crate) const PBKDF2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
pub(crate) const AES_256: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
pub(crate) const TRIPLE_DES: &[u8] = b"\x06\x08\x2a\x86\x48\x86\xf7\x0d\x03\x07";

/// `EncryptedPrivateKeyInfo` by PBES2, with these parameters of the key derivation, this cipher and
/// this length of its initialisation vector; its ciphertext has 32 bytes.
pub(crate) fn encrypted_key(kdf: &[u8], costs: &[u64], cipher: &[u8], iv: usize) -> Vec<u8> {
    const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    let costs: Vec<u8> = costs.iter().flat_map(|cost| integer(*cost)).collect();
    let kdf = der(0x30, &[kdf, &der(0x30, &[&der(4, &[&[7; 8]]), &costs])]);
    let cipher = der(0x30, &[cipher, &der(4, &[&vec![7; iv]])]);
    let algorithm = der(0x30, &[PBES2, &der(0x30, &[&kdf, &cipher])]);
    der(0x30, &[&algorithm, &der(4, &[&[7; 32]])])
}

/// A PKCS#12 file of these `ContentInfo`s, with this digest, salt and number of rounds as its MAC.
pub(crate) fn pkcs12(contents: &[u8], digest: &[u8], salt: &[u8], rounds: u64) -> Vec<u8> {
    const SHA_256: &[u8] = b"\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";
    let info = der(0x30, &[SHA_256, &der(4, &[digest])]);
    let mac = der(0x30, &[&info, &der(4, &[salt]), &integer(rounds)]);
    der(0x30, &[&integer(3), &data(contents), &mac])
}

/// `ContentInfo` of `pkcs7-data`.
pub(crate) fn data(contents: &[u8]) -> Vec<u8> {
    const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    der(0x30, &[DATA, &der(0xa0, &[&der(4, &[contents])])])
}

/// The MAC by SHA-256 in one round (RFC 7292, appendix B): its key is the digest of three blocks,
/// filled with `3`, the salt and the password in UTF-16.
pub(crate) fn mac(contents: &[u8], password: Option<&str>, salt: &[u8]) -> Vec<u8> {
    let password = password.iter().flat_map(|it| it.encode_utf16().chain([0]));
    let password: Vec<u8> = password.flat_map(u16::to_be_bytes).collect();
    let block = |bytes: &[u8]| bytes.iter().copied().cycle().take(64).collect::<Vec<_>>();
    let key = Sha256::digest([block(&[3]), block(salt), block(&password)].concat());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(contents);
    mac.finalize().into_bytes().to_vec()
}

/// A PKCS#12 file of these `ContentInfo`s with the right MAC.
pub(crate) fn sealed(contents: &[u8], password: &str) -> Vec<u8> {
    pkcs12(
        contents,
        &mac(contents, Some(password), b"salt"),
        b"salt",
        1,
    )
}

/// A PKCS#12 file of shrouded key bags with the right MAC.
pub(crate) fn key_bags(password: &str, keys: &[Vec<u8>]) -> Vec<u8> {
    const SHROUDED: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
    let bags = keys
        .iter()
        .flat_map(|key| der(0x30, &[SHROUDED, &der(0xa0, &[key])]));
    let bags = der(0x30, &[&bags.collect::<Vec<_>>()]);
    sealed(&der(0x30, &[&data(&bags)]), password)
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}
