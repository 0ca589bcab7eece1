//! The contents of a PKCS#12 file whose MAC is right are read or refused, in bounded time.
//!
//! The input is the authenticated part; the target makes the file around it, whose MAC no search
//! would find.
#![no_main]

use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use wxpay_fuzz::check_identity;
use wxpay_identity::Identity;

/// The password of the files in the corpus.
const PASSWORD: &str = "1900000109";
const SALT: &[u8] = b"saltsalt";

fuzz_target!(|contents: &[u8]| {
    check_identity(Identity::from_pkcs12(file(contents), PASSWORD));
});

/// RFC 7292, section 4: `PFX`, with a `MacData` by SHA-256 in one round.
fn file(contents: &[u8]) -> Vec<u8> {
    const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    const SHA_256: &[u8] = b"\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";
    let inner = der(0xa0, &der(0x04, contents));
    let digest = [SHA_256, &der(0x04, &mac(contents))].concat();
    let mac_data = [
        der(0x30, &digest),
        der(0x04, SALT),
        b"\x02\x01\x01".to_vec(),
    ];
    let parts = [
        b"\x02\x01\x03".to_vec(),
        der(0x30, &[DATA, &inner].concat()),
        der(0x30, &mac_data.concat()),
    ];
    der(0x30, &parts.concat())
}

/// A value with its tag and length.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("an input is a few KB");
    [&[tag, 0x84][..], &length.to_be_bytes(), value].concat()
}

/// HMAC with a key of RFC 7292, appendix B: for one round it is the digest of three blocks, filled
/// with `3`, the salt, and the password in UTF-16.
fn mac(contents: &[u8]) -> Vec<u8> {
    let units = PASSWORD.encode_utf16().chain([0]);
    let password: Vec<u8> = units.flat_map(u16::to_be_bytes).collect();
    let block = |bytes: &[u8]| bytes.iter().copied().cycle().take(64).collect::<Vec<_>>();
    let key = Sha256::digest([block(&[3]), block(SALT), block(&password)].concat());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key will do");
    mac.update(contents);
    mac.finalize().into_bytes().to_vec()
}
