//! Why an identity was not taken.

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
    /// The key's file holds no private key.
    #[error(
        "no private key in the key file: it wants PEM, starting with `-----BEGIN PRIVATE KEY-----`"
    )]
    NoKey,
    /// The key's file holds a certificate and no private key.
    #[error("the key file holds a certificate: the certificate and the key may be swapped")]
    CertificateInKeyFile,
    /// The key is encrypted, and an encrypted key is not read.
    #[error(
        "the private key is encrypted: decrypt it with `openssl pkcs8 -in KEY.pem -out PLAIN.pem`"
    )]
    EncryptedKey,
    /// The key's section is cut, is not base64, or holds a kind of key that is not supported.
    #[error("the private key is damaged or not an RSA, ECDSA or Ed25519 key")]
    Key,
    /// More than one private key: which one is meant cannot be told.
    #[error("the key file holds more than one private key: leave only the certificate's own")]
    SeveralKeys,
    /// Both are good, but the key is another certificate's.
    #[error("the private key does not belong to the certificate: they must come from one download")]
    Mismatch,
    /// No crypto provider to read the key with.
    #[error("no crypto provider is compiled in: turn on feature `ring` or `aws-lc-rs`")]
    NoProvider,
}
