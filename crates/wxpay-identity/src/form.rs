//! The form of a file, told by its first bytes.

use std::fmt;

/// What a file holds, as far as its first bytes tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Nothing but white space.
    Empty,
    /// A certificate in PEM.
    Certificate,
    /// A private key in PEM, encrypted or not.
    PrivateKey,
    /// A public key in PEM, or in OpenSSH's form.
    PublicKey,
    /// A request for a certificate, in PEM or DER.
    CertificateRequest,
    /// A private key in OpenSSH's own form.
    OpenSsh,
    /// Certificates in PKCS#7 (`.p7b`), in PEM or DER.
    Pkcs7,
    /// A certificate in DER.
    DerCertificate,
    /// A private key in DER, encrypted or not.
    DerPrivateKey,
    /// A PKCS#12 file (`.p12`, `.pfx`).
    Pkcs12,
    /// A Java key store in its older forms (JKS, JCEKS).
    Jks,
    /// A zip archive.
    Zip,
    /// A web page, perhaps of a download that has failed.
    WebPage,
    /// Text in UTF-16, as some editors for Windows save it.
    Utf16,
    /// Base64 without PEM's lines around it.
    Base64,
    /// Anything else.
    Unknown,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing",
            Self::Certificate => "a certificate",
            Self::PrivateKey => "a private key",
            Self::PublicKey => "a public key",
            Self::CertificateRequest => "a certificate request",
            Self::OpenSsh => "a private key in OpenSSH's own form",
            Self::Pkcs7 => "PKCS#7",
            Self::DerCertificate => "a certificate in DER",
            Self::DerPrivateKey => "a private key in DER",
            Self::Pkcs12 => "PKCS#12",
            Self::Jks => "a Java key store (JKS)",
            Self::Zip => "a zip archive",
            Self::WebPage => "a web page",
            Self::Utf16 => "text in UTF-16",
            Self::Base64 => "base64 without PEM's lines",
            Self::Unknown => "an unknown form",
        })
    }
}

impl Form {
    /// The form of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Self::Utf16;
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = text.trim_ascii_start();
        let holds = |needle: &str| text.windows(needle.len()).any(|it| it == needle.as_bytes());
        if text.is_empty() {
            Self::Empty
        } else if text.starts_with(b"PK\x03\x04") {
            Self::Zip
        } else if text.starts_with(b"\xfe\xed\xfe\xed") || text.starts_with(b"\xce\xce\xce\xce") {
            Self::Jks
        } else if text.starts_with(b"<") {
            Self::WebPage
        } else if holds("PRIVATE KEY-----") {
            Self::PrivateKey
        } else if holds("CERTIFICATE-----") {
            Self::Certificate
        } else {
            Self::Unknown
        }
    }
}
