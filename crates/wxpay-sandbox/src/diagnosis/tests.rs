//! What files are, and of what a hash is.

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::{collection::vec, prelude::*};
use wxpay_sign::ContentMd5;

use super::{content, hash, kind::Kind};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0 some\r\npixels\r\n\xff\xd9\n";

#[test]
fn files_that_are_no_pictures() {
    let base64 = BASE64_STANDARD.encode(JPEG);
    let hex: String = JPEG.iter().map(|byte| format!("{byte:02x}")).collect();
    let decoded = String::from_utf8_lossy(JPEG);
    let latin1: String = JPEG.iter().map(|byte| char::from(*byte)).collect();
    let cases: [(&[u8], &str); 34] = [
        (b"https://example.com/shop.png", "media-is-url"),
        (b" HTTP://EXAMPLE.com/a b", "media-is-url"),
        (base64.as_bytes(), "media-is-base64"),
        (
            &[b"data:image/jpeg;base64,", base64.as_bytes()].concat(),
            "media-is-data-url",
        ),
        (hex.as_bytes(), "media-is-hex"),
        (b"{\"type\":\"Buffer\",\"data\":[255,216]}", "media-is-json"),
        (b"<!DOCTYPE html><title>404</title>", "media-is-html"),
        (b"\xef\xbb\xbf\n<html>", "media-is-html"),
        (b"<?xml version='1.0'?><svg/>", "media-is-svg"),
        (b"<xml></xml>", "media-is-xml"),
        (b"\0\0\0\x18ftypheic\0\0", "media-is-heic"),
        (b"\0\0\0\x18ftypavif\0\0", "media-is-avif"),
        (b"\0\0\0\x18ftypmp42\0\0", "media-is-video"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "media-is-webp"),
        (b"GIF89a", "media-is-gif"),
        (b"%PDF-1.7", "media-is-pdf"),
        (b"II*\0", "media-is-tiff"),
        (b"PK\x03\x04", "media-is-zip"),
        (b"\x1f\x8b\x08", "media-is-gzip"),
        (b"\x89PNG\n\x1a\n", "media-converted"),
        (b"\xff\xd8", "media-truncated"),
        (decoded.as_bytes(), "media-decoded"),
        (latin1.as_bytes(), "media-decoded"),
        (b"[object File]", "media-is-object"),
        (b"<_io.BufferedReader name='shop.jpg'>", "media-is-object"),
        (b"b'\\xff\\xd8\\xff'", "media-is-object"),
        (b"@/home/shop/licence.jpg", "media-is-path"),
        (b"C:\\shop.jpg", "media-is-path"),
        (b"-----BEGIN CERTIFICATE-----", "media-is-pem"),
        (b"BMW is a car", "media-is-text"),
        ("店铺".as_bytes(), "media-is-text"),
        (b" \n", "media-is-text"),
        (b"\x7fELF\x02\x01\x01\0", "media-unknown"),
        (b"a\0b", "media-unknown"),
    ];
    for (bytes, code) in cases {
        let found = content::identify(bytes);
        assert_eq!(found.0, code, "{}: {}", bytes.escape_ascii(), found.1);
    }
    // A JPEG in base64 begins with a slash, as paths do.
    assert!(base64.starts_with('/'));
    let mut long = "店".repeat(5000).into_bytes();
    assert_eq!(content::identify(&long).0, "media-is-text");
    long.truncate(4095);
    assert_eq!(content::identify(&long).0, "media-is-text");
}

#[test]
fn whole_pictures() {
    assert!(Kind::Jpeg.is_whole(JPEG));
    assert!(!Kind::Jpeg.is_whole(&JPEG[..20]));
    assert!(Kind::Png.is_whole(b"\x89PNG\r\n\x1a\n...IEND\xae\x42\x60\x82"));
    assert!(!Kind::Png.is_whole(b"\x89PNG\r\n\x1a\n...IDAT"));
    assert!(Kind::Bmp.is_whole(b"BM\x0a\0\0\0\0\0\0\0"));
    assert!(!Kind::Bmp.is_whole(b"BM\x0b\0\0\0\0\0\0\0"));
}

/// The code for a hash that was sent beside bytes in a file `shop.jpg`.
fn hash_of(sent: &[u8], bytes: &[u8]) -> String {
    let mut findings = Vec::new();
    hash::look(sent, bytes, Some("shop.jpg"), &mut findings);
    let found = findings.first();
    found.map_or("right".to_owned(), |finding| finding.code.to_string())
}

#[test]
fn hashes() {
    let md5 = |bytes: &[u8]| ContentMd5::of(bytes).to_string();
    let right = md5(JPEG);
    let raw: Vec<_> = (0..16)
        .map(|at| u8::from_str_radix(&right[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let base64 = BASE64_STANDARD.encode(JPEG);
    let text = String::from_utf8_lossy(JPEG);
    let lf = text.len(); // Longer than the bytes: each that is no UTF-8 has become three.
    assert!(lf > JPEG.len());
    for (sent, code) in [
        (right.clone(), "right"),
        (right.to_uppercase(), "hash-upper-case"),
        (format!("{right}\n"), "hash-not-trimmed"),
        (BASE64_STANDARD.encode(&raw), "hash-base64"),
        (BASE64_STANDARD.encode(&right), "hash-base64"),
        (right[8..24].to_owned(), "hash-short"),
        (md5(right.as_bytes()), "hash-twice"),
        ("a".repeat(40), "hash-other-algorithm"),
        ("a".repeat(64), "hash-other-algorithm"),
        (md5(b""), "hash-of-nothing"),
        (md5(b"").to_uppercase(), "hash-of-nothing"),
        (md5(b"shop.jpg"), "hash-of-name"),
        (md5(base64.as_bytes()), "hash-of-base64"),
        (md5(format!("{base64}\n").as_bytes()), "hash-of-base64"),
        (md5(text.as_bytes()), "hash-of-text"),
        (md5(&[JPEG, b"\n"].concat()), "hash-of-line-end"),
        (md5(JPEG.trim_ascii_end()), "hash-of-line-end"),
        (md5(&JPEG[..JPEG.len() - 7]), "hash-of-truncated"),
        (md5(b"another"), "hash-of-other-bytes"),
        (String::new(), "hash-of-other-bytes"),
    ] {
        assert_eq!(hash_of(sent.as_bytes(), JPEG), code, "{sent}");
    }
    let unix = b"\xff\xd8\xff\xe0\0 some\npixels\n\xff\xd9\n";
    let converted = md5(b"\xff\xd8\xff\xe0\0 some\r\npixels\r\n\xff\xd9\r\n");
    assert_eq!(hash_of(converted.as_bytes(), unix), "hash-of-converted");
    assert_eq!(
        hash_of(md5(unix).as_bytes(), &JPEG[..0]),
        "hash-of-other-bytes"
    );
    // The bytes of the base64 text are sent, and the hash is of the picture.
    assert_eq!(
        hash_of(right.as_bytes(), base64.as_bytes()),
        "hash-of-decoded"
    );
    let long: Vec<u8> = (0..200_000_u32).map(|at| (at / 7) as u8).collect();
    assert_eq!(
        hash_of(md5(&long[..65536]).as_bytes(), &long),
        "hash-of-truncated"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_something(bytes in vec(any::<u8>(), 0..200), text in "\\PC*", sent in "\\PC*") {
        content::identify(&bytes);
        content::identify(text.as_bytes());
        hash_of(sent.as_bytes(), &bytes);
        hash_of(&bytes, text.as_bytes());
        for kind in [Kind::Jpeg, Kind::Png, Kind::Bmp] {
            kind.is_whole(&bytes);
        }
    }
}
