//! Why an identity was not taken.

use std::time::SystemTime;

/// Why a certificate and a key do not make an [`Identity`](crate::Identity).
///
/// No variant carries a byte of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidIdentity {
    /// The certificate's file holds no `CERTIFICATE` section.
    #[error(
        "no certificate in the certificate file: it wants PEM, starting with `-----BEGIN CERTIFICATE-----`"
    )]
    NoCertificate,
    /// The certificate's file holds a private key and no certificate.
    #[error("the certificate file holds a private key: the certificate and the key may be swapped")]
    KeyInCertificateFile,
    /// A certificate's section is cut, is not base64, or is no X.509 certificate.
    #[error("the certificate is cut or damaged: get it again from where it was issued")]
    Certificate,
    /// The certificate is no longer valid, or this machine's clock is wrong.
    #[error(
        "the certificate has expired on {}: get a new one from where it was issued",
        date(*not_after)
    )]
    Expired {
        /// The last moment at which it was valid.
        not_after: SystemTime,
    },
    /// The certificate is not valid yet: most often this machine's clock is wrong.
    #[error(
        "the certificate is not valid before {}: check this machine's clock",
        date(*not_before)
    )]
    NotYetValid {
        /// The first moment at which it will be valid.
        not_before: SystemTime,
    },
    /// The key's file holds no private key.
    #[error(
        "no private key in the key file: it wants PEM, starting with `-----BEGIN PRIVATE KEY-----`"
    )]
    NoKey,
    /// The key's file holds a certificate and no private key.
    #[error("the key file holds a certificate: the certificate and the key may be swapped")]
    CertificateInKeyFile,
    /// The key is encrypted, and no password was given.
    #[error("the private key is encrypted: give its password too")]
    EncryptedKey,
    /// The password does not decrypt the key.
    #[error("the password does not open the private key, or the key is damaged")]
    KeyPassword,
    /// The key is encrypted in OpenSSL's old form, with `DEK-Info` inside of the section.
    #[error(
        "the private key is encrypted in an old form, with DEK-Info: convert it with \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem`"
    )]
    LegacyKey,
    /// The key is encrypted by PBES1 or another scheme that is not read.
    #[error(
        "the private key is encrypted in a form that is not read, such as PBES1: convert it with \
         `openssl pkcs8 -in OLD.pem | openssl pkcs8 -topk8 -v2 aes-256-cbc -out NEW.pem`"
    )]
    KeyEncryption,
    /// To decrypt the key would take more time or memory than a key in use ever does: more than two
    /// million rounds of PBKDF2, or 256 MiB filled by scrypt.
    #[error("the private key's encryption asks for too much time or memory: encrypt it again")]
    KeyCost,
    /// The key's section is cut, is not base64, or holds a kind of key that is not supported.
    #[error("the private key is damaged or not an RSA, ECDSA or Ed25519 key")]
    Key,
    /// More than one private key: which one is meant cannot be told.
    #[error("the key file holds more than one private key: leave only the certificate's own")]
    SeveralKeys,
    /// Both are good, but the key is another certificate's.
    #[error("the private key does not belong to the certificate: they must come from one download")]
    Mismatch,
    /// The PKCS#12 file has no bytes.
    #[error("the pkcs#12 file is empty: get it again from where it was issued")]
    Empty,
    /// It is PEM text, which [`Identity::from_pem`](crate::Identity::from_pem) reads.
    #[error("the file is pem, not pkcs#12: give it as certificate and key")]
    PemAsPkcs12,
    /// It is a web page, perhaps of a download that has failed.
    #[error("the file is a web page, not pkcs#12: download it again")]
    PageAsPkcs12,
    /// It is cut, damaged, or another kind of file.
    #[error("the file is damaged or not pkcs#12: was it copied as text? get it again in binary")]
    Pkcs12,
    /// It has no MAC, so that neither the password can be checked nor that nobody has changed it.
    #[error(
        "the pkcs#12 file has no mac, so it cannot be checked: make it again with \
         `openssl pkcs12 -export`"
    )]
    NoMac,
    /// Its MAC does not fit the password.
    #[error("the password does not open the pkcs#12 file, or the file is damaged")]
    Pkcs12Password,
    /// It is encrypted or authenticated in a way that is not read.
    #[error(
        "the pkcs#12 file is encrypted in a form that is not read: convert it with \
         `openssl pkcs12 -legacy -in OLD.p12 -nodes | openssl pkcs12 -export -out NEW.p12`"
    )]
    Pkcs12Encryption,
    /// It holds no private key: a store of trusted certificates, perhaps.
    #[error("the pkcs#12 file holds no private key: it must be exported together with its key")]
    NoKeyInPkcs12,
    /// It holds no certificate.
    #[error("the pkcs#12 file holds no certificate: it must be exported together with its key")]
    NoCertificateInPkcs12,
    /// It holds more than one private key: which one is meant cannot be told.
    #[error("the pkcs#12 file holds more than one private key: export the certificate's own alone")]
    SeveralKeysInPkcs12,
    /// No crypto provider to read the key with.
    #[error("no crypto provider is compiled in: turn on feature `ring` or `aws-lc-rs`")]
    NoProvider,
}

/// Before 1970 or after 9999 there is no date to show.
pub(super) fn date(time: SystemTime) -> String {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since.as_secs() < 253_402_300_800 => httpdate::fmt_http_date(time),
        _ => "a date out of reach".to_owned(),
    }
}
