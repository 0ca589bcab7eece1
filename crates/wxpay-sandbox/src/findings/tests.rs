//! The table of messages, and the hashes of other bytes.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::{collection::vec, prelude::*};
use wxpay_picture::Content;
use wxpay_sign::ContentMd5;

use super::{messages::KINDS_ZH, *};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0 some\r\npixels\r\n\xff\xd9\n";

#[test]
fn every_kind_of_file_and_every_row_has_both_languages() {
    for (row, en, zh) in MESSAGES {
        assert!(!en.is_empty() && !zh.is_ascii(), "{row}");
        let places = |text: &'static str| -> BTreeSet<_> {
            text.split(['{', '}']).skip(1).step_by(2).collect()
        };
        assert!(*row == "media-is" || places(en) == places(zh), "{row}");
        let same = MESSAGES.iter().filter(|other| other.0 == *row);
        assert_eq!(same.count(), 1, "{row}");
    }
    #[rustfmt::skip] // some to a line
    let files: [&[u8]; 18] = [
        b"https://example.com/shop.png", b"data:image/jpeg;base64,/9j/", b"{\"type\":\"Buffer\"}",
        b"<!DOCTYPE html>", b"<svg/>", b"[object File]", b"@/home/shop/licence.jpg", b"BMW is a car",
        b"\0\0\0\x18ftypheic\0\0", b"RIFF\0\0\0\0WEBPVP8 ", b"%PDF-1.7", b"PK\x03\x04", b"\x1f\x8b\x08",
        b"\x89PNG\n\x1a\n", b"\xef\xbf\xbd\xef\xbf\xbd", b"-----BEGIN CERTIFICATE-----",
        b"\n\xff\xd8\xff\xe0", b"\x7fELF\x02\x01\x01\0",
    ];
    for file in files {
        let code = Content::of(file).code().unwrap();
        assert!(KINDS_ZH.iter().any(|row| row.0 == code), "{code}");
    }
}

/// The findings that a function adds.
fn found(look: impl FnOnce(&mut Findings<'_>)) -> Vec<Finding> {
    let mut findings = Findings {
        redactor: &Redactor::new([]),
        all: Vec::new(),
    };
    look(&mut findings);
    findings.all
}

#[test]
fn values_with_braces_are_not_filled_in_again() {
    let found = found(|it| it.add("field-misnamed", &[&"{0}{1}{", &"{0}\n"]));
    let text = r#"the field {0}{1}{ is missing, and there is one called "{0}\n": rename it"#;
    assert_eq!(found[0].message, text);
}

/// The code for a hash that was sent beside bytes in a file `shop.jpg`.
fn hash_of(sent: &[u8], bytes: &[u8]) -> String {
    let right = ContentMd5::of(bytes);
    let mut found = found(|it| hash::look(sent, right.as_str(), bytes, Some("shop.jpg"), it));
    let code = found.pop().map(|finding| finding.code);
    code.unwrap_or("right".to_owned())
}

#[test]
fn a_hash_of_other_bytes_or_in_another_form_is_named() {
    let md5 = |bytes: &[u8]| ContentMd5::of(bytes).to_string();
    let right = md5(JPEG);
    let raw: Vec<_> = (0..16)
        .map(|at| u8::from_str_radix(&right[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let base64 = BASE64_STANDARD.encode(JPEG);
    let text = String::from_utf8_lossy(JPEG);
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
    let long: Vec<u8> = (0..200_000_u32).map(|at| (at / 7) as u8).collect();
    for (sent, bytes, code) in [
        (converted, &unix[..], "hash-of-converted"),
        (md5(unix), &[], "hash-of-other-bytes"),
        (md5(b"ffd8ff0a"), b"\xff\xd8\xff\n", "hash-of-hex"),
        (md5(b"FFD8FF0A"), b"\xff\xd8\xff\n", "hash-of-hex"),
        (right, base64.as_bytes(), "hash-of-decoded"),
        (md5(&long[..65536]), &long, "hash-of-truncated"),
    ] {
        assert_eq!(hash_of(sent.as_bytes(), bytes), code);
    }
}

proptest! {
    #[test]
    fn any_hash_of_any_bytes_is_diagnosed(bytes in vec(any::<u8>(), 0..200), text in "\\PC*", sent in "\\PC*") {
        hash_of(sent.as_bytes(), &bytes);
        hash_of(&bytes, text.as_bytes());
    }
}
