//! The kinds of TLS errors.

use rustls::{
    AlertDescription, CertificateError,
    Error::{AlertReceived, InvalidCertificate, InvalidMessage, PeerIncompatible},
};

/// The kind of a failed TLS handshake, or of an alert after it. In the messages, "its" means the
/// server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// The authority is none of the roots: add it only if you know why it is not a public one.
    #[error("its certificate is from an unknown issuer")]
    UnknownIssuer,
    /// An authority of the same name has another key: add nothing to the roots for this error.
    #[error("a signature of its certificate or handshake does not hold")]
    BadSignature,
    /// The server's certificate has expired, or this machine's clock is wrong.
    #[error("its certificate has expired")]
    Expired,
    /// The server's certificate is not valid yet, or this machine's clock is wrong.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// The server's certificate is for another name.
    #[error("its certificate is for another name")]
    WrongName,
    /// The server's certificate is wrong in another way: damaged, revoked, not for servers.
    #[error("its certificate is not acceptable")]
    ServerCertificate,
    /// The server requires a client certificate, and none was sent.
    #[error("it requires a client certificate and got none")]
    CertificateRequired,
    /// The server does not accept the client certificate that was sent.
    #[error("it does not accept the client certificate")]
    CertificateRefused,
    /// The server accepts no signature that the client certificate's key can make.
    #[error(
        "it accepts no signature that the client certificate's key can make; it may take ECDSA keys only"
    )]
    ClientKeyRefused,
    /// A certificate on the way from the authority to the server has an RSA key of less than 2048
    /// bits.
    #[error("a key of its certificates is too weak")]
    WeakKey,
    /// A certificate on the way from the authority to the server is signed by ECDSA with SHA-1, for
    /// example.
    #[error("a signature of its certificates is of a kind that is not checked")]
    UnsupportedSignature,
    /// Nothing in common; or a server with TLS 1.2 requires a client certificate without saying so.
    #[error(
        "no TLS version, cipher suite or signature in common, or it wants a client certificate; \
         spoken are TLS 1.3, and TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305"
    )]
    Incompatible,
    /// The answer is not TLS: perhaps a plain HTTP port.
    #[error("it does not speak TLS on this port")]
    NotTls,
    /// No authority could be read from the machine's store.
    #[error("no certificate authority could be read from this machine's store")]
    NoRoots,
    /// Anything else; see the source.
    #[error("the TLS handshake failed")]
    Other,
}

/// The reason why a certificate cannot be checked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Uncheckable {
    #[error("the RSA key has {0} bits; 2048 are the least")]
    WeakKey(usize),
    #[error(
        "the signature is {0}; checked are RSA with SHA-256, SHA-384 or SHA-512, ECDSA with SHA-256 or \
         SHA-384 on P-256 or P-384, and Ed25519"
    )]
    Signature(String),
}

impl TlsErrorKind {
    /// Our verifier's own cause, if it is one.
    pub(super) fn uncheckable(error: &rustls::Error) -> Option<&Uncheckable> {
        match error {
            InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
            _ => None,
        }
    }

    pub(crate) fn of(error: &rustls::Error) -> Self {
        use AlertDescription as Alert;
        use CertificateError as Cause;

        match (Self::uncheckable(error), error) {
            (Some(Uncheckable::WeakKey(_)), _) => Self::WeakKey,
            (Some(Uncheckable::Signature(_)), _) => Self::UnsupportedSignature,
            (None, InvalidCertificate(error)) => match error {
                Cause::UnknownIssuer => Self::UnknownIssuer,
                Cause::BadSignature => Self::BadSignature,
                Cause::Expired | Cause::ExpiredContext { .. } => Self::Expired,
                Cause::NotValidYet | Cause::NotValidYetContext { .. } => Self::NotYetValid,
                Cause::NotValidForName | Cause::NotValidForNameContext { .. } => Self::WrongName,
                _ => Self::ServerCertificate,
            },
            // The server's alerts are about the client's certificate.
            (None, AlertReceived(alert)) => match alert {
                Alert::CertificateRequired | Alert::NoCertificate => Self::CertificateRequired,
                Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                // rustls' alert for a certificate that its alleged issuer has not signed.
                | Alert::DecryptError
                | Alert::AccessDenied => Self::CertificateRefused,
                Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity => {
                    Self::Incompatible
                }
                _ => Self::Other,
            },
            (None, PeerIncompatible(_)) => Self::Incompatible,
            (None, InvalidMessage(_)) => Self::NotTls,
            _ => Self::Other,
        }
    }
}
