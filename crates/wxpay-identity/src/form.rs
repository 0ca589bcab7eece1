//! The form of a file, told by its first bytes.

use crate::{
    Form, Part,
    der::{BIT_STRING, EXPLICIT_0, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE},
};

impl Form {
    /// The form of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = text.trim_ascii();
        let starts = |marks: &[&[u8]]| marks.iter().any(|mark| text.starts_with(mark));
        // PEM in UTF-16 may lack its mark.
        if starts(&[b"\xff\xfe", b"\xfe\xff"]) || holds(text, b"B\0E\0G\0I\0N") {
            Self::Utf16
        } else if text.is_empty() {
            Self::Empty
        } else if starts(&[b"PK\x03\x04"]) {
            Self::Zip
        } else if starts(&[b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"]) {
            Self::Jks
        } else if starts(&[b"<"]) {
            Self::WebPage
        } else if let Some(form) = Self::of_pem(text) {
            form
        } else if starts(&[b"M"]) && text.len() >= 64 && text.iter().all(|it| is_base64(*it)) {
            Self::Base64
        } else {
            Self::of_der(bytes).unwrap_or(Self::Unknown)
        }
    }

    /// A key counts for more than what is beside it.
    fn of_pem(text: &[u8]) -> Option<Self> {
        [
            ("OPENSSH PRIVATE KEY", Self::OpenSsh),
            ("PRIVATE KEY", Self::PrivateKey),
            ("CERTIFICATE", Self::Certificate),
            ("CERTIFICATE REQUEST", Self::CertificateRequest),
            ("PKCS7", Self::Pkcs7),
            ("CMS", Self::Pkcs7),
        ]
        .into_iter()
        .find(|(label, _)| holds(text, format!("{label}-----").as_bytes()))
        .map(|(_, form)| form)
    }

    fn of_der(bytes: &[u8]) -> Option<Self> {
        let tags = |element: &Element<'_>| -> Option<Vec<u8>> {
            let children = element.children().ok()?;
            Some(children.iter().map(|child| child.tag).collect())
        };
        // The part would only stand in an error.
        let outer = Element::first(bytes, Part::Pkcs12).ok()?;
        if outer.tag != SEQUENCE {
            return None;
        }
        let children = outer.children().ok()?;
        Some(match tags(&outer)?[..] {
            // The second field is a `ContentInfo`.
            [INTEGER, SEQUENCE, ..] if tags(&children[1])?.get(1) == Some(&EXPLICIT_0) => {
                Self::Pkcs12
            }
            // PKCS#8, PKCS#1, SEC1, and PKCS#8 under a password.
            [INTEGER, SEQUENCE, OCTET_STRING, ..] | [INTEGER, INTEGER, INTEGER, ..] => {
                Self::DerPrivateKey
            }
            [INTEGER, OCTET_STRING, ..] | [SEQUENCE, OCTET_STRING] => Self::DerPrivateKey,
            [OBJECT_IDENTIFIER, ..] => Self::Pkcs7,
            // Version, subject, key, attributes: a certificate has at least six fields.
            [SEQUENCE, SEQUENCE, BIT_STRING] if tags(&children[0])?.len() <= 4 => {
                Self::CertificateRequest
            }
            [SEQUENCE, SEQUENCE, BIT_STRING] => Self::DerCertificate,
            _ => return None,
        })
    }
}

fn holds(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(&byte)
}
