//! The errors of an identity, and their messages.

use std::time::SystemTime;

pub(crate) type Result<T, E = IdentityError> = std::result::Result<T, E>;

/// The file in an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Part {
    /// The PEM file with the certificate chain.
    #[error("certificate")]
    Certificate,
    /// The PEM file with the private key.
    #[error("private key")]
    PrivateKey,
    /// The PKCS#12 file, which contains both.
    #[error("PKCS#12 file")]
    Pkcs12,
    /// The PEM file of [certificate authorities](crate::read_authorities).
    #[error("file of certificate authorities")]
    Authorities,
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Form {
    /// Empty, or only white space.
    #[error("nothing")]
    Empty,
    /// A certificate in PEM.
    #[error("a certificate")]
    Certificate,
    /// A private key in PEM, encrypted or not.
    #[error("a private key")]
    PrivateKey,
    /// A request for a certificate, in PEM or DER.
    #[error("a certificate request")]
    CertificateRequest,
    /// A private key in OpenSSH's own format.
    #[error("a private key in OpenSSH's own form")]
    OpenSsh,
    /// Certificates in PKCS#7 (`.p7b`), in PEM or DER.
    #[error("PKCS#7")]
    Pkcs7,
    /// A certificate in DER.
    #[error("a certificate in DER")]
    DerCertificate,
    /// A private key in DER, encrypted or not.
    #[error("a private key in DER")]
    DerPrivateKey,
    /// A PKCS#12 file (`.p12`, `.pfx`).
    #[error("PKCS#12")]
    Pkcs12,
    /// A Java key store in its older formats (JKS, JCEKS).
    #[error("a Java key store (JKS)")]
    Jks,
    /// A zip archive.
    #[error("a zip archive")]
    Zip,
    /// A web page, such as that of a failed download.
    #[error("a web page")]
    WebPage,
    /// Text in UTF-16, as some editors for Windows save it.
    #[error("text in UTF-16")]
    Utf16,
    /// Base64 without the BEGIN and END lines of PEM.
    #[error("base64 without PEM's lines")]
    Base64,
    /// Anything else.
    #[error("an unknown form")]
    Unknown,
}

/// The reason why files give no [`Identity`](crate::Identity). Neither the variants nor the
/// messages contain a byte of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The file has another format.
    #[error("{}", wrong_form(*wanted, *found))]
    WrongForm {
        /// The input.
        wanted: Part,
        /// Its format.
        found: Form,
    },
    /// The PEM text has spaces, the two characters `\n`, or nothing, in place of line ends.
    #[error(
        "the line ends of the {0}'s PEM text are gone: each BEGIN and END line must stand alone"
    )]
    NoLineEnds(Part),
    /// The input is truncated, or its bytes have changed.
    #[error("the {0} is cut or damaged: get it again from where it was issued")]
    Damaged(Part),
    /// The certificate was valid until this time, or this machine's clock is wrong.
    #[error("the certificate has expired on {}: get a new one from where it was issued", date(*.0))]
    Expired(SystemTime),
    /// The certificate is not valid before this time; most often this machine's clock is wrong.
    #[error("the certificate is not valid before {}: check this machine's clock", date(*.0))]
    NotYetValid(SystemTime),
    /// The key is encrypted, and no password was given.
    #[error("the private key is encrypted: give its password too")]
    PasswordMissing,
    /// The password is wrong, or the input damaged.
    #[error("the password does not open the {0}, or the {0} is damaged")]
    WrongPassword(Part),
    /// The input is encrypted or authenticated by an algorithm that is not supported.
    #[error("{}", unsupported_encryption(*part, algorithm))]
    UnsupportedEncryption {
        /// The input.
        part: Part,
        /// The algorithm's name, or its object identifier.
        algorithm: String,
    },
    /// The input's key derivation would take more time or memory than that of any usual file.
    #[error("to open the {0} would take too much time or memory: encrypt it again")]
    Cost(Part),
    /// The key is valid, but of a kind that is not supported.
    #[error(
        "the private key is {0}, which is not used here: it must be RSA of 2048, 3072 or 4096 \
         bits, ECDSA on P-256 or P-384, or Ed25519"
    )]
    UnsupportedKey(String),
    /// The input contains more than one private key.
    #[error("the {0} holds more than one private key: leave only the certificate's own")]
    SeveralKeys(Part),
    /// The certificate and the key are valid, but the key belongs to another certificate.
    #[error("the private key does not belong to the certificate: they must come from one download")]
    Mismatch,
    /// The PKCS#12 file has no MAC, so its password and contents cannot be verified.
    #[error(
        "the PKCS#12 file has no MAC, so it cannot be checked: make it again with \
         `openssl pkcs12 -export`"
    )]
    NoMac,
    /// The PKCS#12 file contains no certificate, or no private key.
    #[error("the PKCS#12 file holds no {0}: it must be exported together with its key")]
    Missing(Part),
    /// The program was compiled without the feature that reads this format.
    #[error("this form is read with the feature `{0}` of wxpay-identity, which is off")]
    MissingFeature(&'static str),
}

fn wrong_form(wanted: Part, found: Form) -> String {
    use Part::{Authorities, Certificate, Pkcs12, PrivateKey};

    let file = match wanted {
        Certificate => "certificate file".to_owned(),
        PrivateKey => "key file".to_owned(),
        Pkcs12 | Authorities => wanted.to_string(),
    };
    let way_out = match (wanted, found) {
        (_, Form::Empty | Form::WebPage) => "get it again from where it was issued",
        (_, Form::Zip) => "unpack it first",
        (_, Form::Utf16) => "save it as UTF-8",
        (Authorities, Form::Jks) => "export them with `keytool -exportcert -rfc -keystore OLD.jks`",
        (_, Form::Jks) => {
            "convert it with `keytool -importkeystore -srckeystore OLD.jks -destkeystore NEW.p12 \
             -deststoretype PKCS12`"
        }
        (Authorities, Form::Pkcs7) => {
            "convert it with `openssl pkcs7 -print_certs -in OLD.p7b -out NEW.pem`"
        }
        (_, Form::Pkcs7) => "it has no private key, and only `openssl pkcs7 -print_certs` reads it",
        (Authorities, Form::Pkcs12) => {
            "take them out with `openssl pkcs12 -cacerts -nokeys -in OLD.p12 -out NEW.pem`"
        }
        (Authorities, Form::PrivateKey | Form::DerPrivateKey | Form::CertificateRequest) => {
            "give the certificate of the server's authority"
        }
        (_, Form::CertificateRequest) => "the certificate is what the issuer gives for it",
        (Certificate, Form::PrivateKey) | (PrivateKey, Form::Certificate) => {
            "the certificate and the key may be swapped"
        }
        (Certificate | PrivateKey, Form::Pkcs12) => {
            "it has certificate and key in one: give it as PKCS#12, with its password"
        }
        (Certificate | Authorities, Form::DerCertificate) => {
            "convert it with `openssl x509 -inform DER -in OLD.der -out NEW.pem`"
        }
        (PrivateKey, Form::DerPrivateKey) => {
            "convert it with `openssl pkey -inform DER -in OLD.der -out NEW.pem`"
        }
        (PrivateKey, Form::OpenSsh) => "convert it with `ssh-keygen -p -m PKCS8 -f COPY_OF_KEY`",
        (Pkcs12, Form::Base64) => "decode it first, with `openssl base64 -d -A`",
        (_, Form::Base64) => "the BEGIN and END lines around it are missing",
        (Pkcs12, Form::Certificate | Form::PrivateKey) => {
            "it is PEM, so give it as certificate and key"
        }
        (Pkcs12, Form::DerCertificate | Form::DerPrivateKey) => {
            "convert certificate and key to PEM, and give those"
        }
        (Pkcs12, _) => "was it copied as text? get it again in binary",
        (PrivateKey, _) => "it must be PEM, starting with `-----BEGIN PRIVATE KEY-----`",
        (_, _) => "it must be PEM, starting with `-----BEGIN CERTIFICATE-----`",
    };
    match (wanted, found) {
        (Authorities, Form::Unknown) => format!("the {file} holds no certificate: {way_out}"),
        (_, Form::Unknown) => format!("the {file} holds no {wanted}: {way_out}"),
        _ => format!("the {file} holds {found}: {way_out}"),
    }
}

fn unsupported_encryption(part: Part, algorithm: &str) -> String {
    let command = match (part, algorithm) {
        (Part::Pkcs12, _) => {
            "openssl pkcs12 -legacy -in OLD.p12 -nodes | openssl pkcs12 -export -out NEW.p12"
        }
        (_, DEK_INFO) => "openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem",
        _ => "openssl pkcs8 -in OLD.pem | openssl pkcs8 -topk8 -v2 aes-256-cbc -out NEW.pem",
    };
    format!(
        "the {part} is protected by {algorithm}, which is not read: convert it with `{command}`"
    )
}

/// OpenSSL's older format of encrypted keys, with headers inside the PEM section.
pub(crate) const DEK_INFO: &str = "DEK-Info";

/// An HTTP date, which exists from 1970 to 9999.
pub(crate) fn date(time: SystemTime) -> String {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since.as_secs() < 253_402_300_800 => httpdate::fmt_http_date(time),
        _ => "a date out of reach".to_owned(),
    }
}

pub(crate) const RSA: &str = "1.2.840.113549.1.1.1";
pub(crate) const EC: &str = "1.2.840.10045.2.1";
pub(crate) const ED25519: &str = "1.3.101.112";
pub(crate) const P256: &str = "1.2.840.10045.3.1.7";
pub(crate) const P384: &str = "1.3.132.0.34";

/// The name of an algorithm or a curve as openssl prints it, or else its object identifier.
pub(crate) fn algorithm_name(oid: &str) -> String {
    let named = NAMES.iter().find(|(known, _)| *known == oid);
    named.map_or(oid, |(_, name)| name).to_owned()
}

const NAMES: &[(&str, &str)] = &[
    // Keys.
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.10040.4.1", "DSA"),
    (ED25519, "Ed25519"),
    ("1.3.101.113", "Ed448"),
    // Curves.
    (P256, "P-256"),
    (P384, "P-384"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.2.156.10197.1.301", "SM2"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    // Schemes under a password.
    ("1.2.840.113549.1.5.3", "PBE-MD5-DES"),
    ("1.2.840.113549.1.5.10", "PBE-SHA1-DES"),
    ("1.2.840.113549.1.12.1.1", "PBE-SHA1-RC4-128"),
    ("1.2.840.113549.1.12.1.2", "PBE-SHA1-RC4-40"),
    ("1.2.840.113549.1.12.1.3", "PBE-SHA1-3DES"),
    ("1.2.840.113549.1.12.1.4", "PBE-SHA1-2DES"),
    ("1.2.840.113549.1.12.1.5", "PBE-SHA1-RC2-128"),
    ("1.2.840.113549.1.12.1.6", "PBE-SHA1-RC2-40"),
    ("1.2.840.113549.1.5.14", "PBMAC1"),
    // Ciphers.
    ("2.16.840.1.101.3.4.1.4", "AES-128-CFB"),
    ("2.16.840.1.101.3.4.1.24", "AES-192-CFB"),
    ("2.16.840.1.101.3.4.1.44", "AES-256-CFB"),
    ("2.16.840.1.101.3.4.1.6", "AES-128-GCM"),
    ("2.16.840.1.101.3.4.1.46", "AES-256-GCM"),
    ("1.2.392.200011.61.1.1.1.2", "Camellia-128-CBC"),
    ("1.2.392.200011.61.1.1.1.3", "Camellia-192-CBC"),
    ("1.2.392.200011.61.1.1.1.4", "Camellia-256-CBC"),
    ("1.2.410.200046.1.1.2", "ARIA-128-CBC"),
    ("1.2.410.200046.1.1.7", "ARIA-192-CBC"),
    ("1.2.410.200046.1.1.12", "ARIA-256-CBC"),
    ("1.2.156.10197.1.104.2", "SM4-CBC"),
    ("1.2.840.113549.3.2", "RC2-CBC"),
    ("1.2.840.113533.7.66.10", "CAST5-CBC"),
    ("1.3.14.3.2.7", "DES-CBC"),
    // Digests.
    ("1.2.840.113549.2.5", "MD5"),
    ("1.2.156.10197.1.401", "SM3"),
    // PKCS#12 files without a password.
    ("1.2.840.113549.1.7.2", "a signature"),
    ("1.2.840.113549.1.7.3", "a certificate's key"),
];
