//! The errors of TLS, in words.

use std::fmt;

use rustls::{AlertDescription, CertificateError};

/// The kind of a failed TLS handshake, or of an alert after it.
///
/// The first six are about the server's certificate and are this side's word; the next three
/// are about the client's and are the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// The server's certificate leads to no trusted authority. Add the authority to the roots only
    /// if you know why it is not a public one.
    UnknownIssuer,
    /// A signature of the server's certificate or of its handshake does not hold: an authority of
    /// the same name with another key, or a server without its certificate's key. Add nothing to
    /// the roots because of it.
    BadSignature,
    /// The server's certificate has expired, or this machine's clock is wrong.
    Expired,
    /// The server's certificate is not valid yet, or this machine's clock is wrong.
    NotYetValid,
    /// The server's certificate is for another name.
    WrongName,
    /// The server's certificate is wrong in another way: damaged, revoked, not for servers.
    ServerCertificate,
    /// The server insists on a client certificate, and none was sent.
    CertificateRequired,
    /// The server does not accept the client certificate that was sent.
    CertificateRefused,
    /// The server takes no signature that the client certificate's key can make, such as one that
    /// takes ECDSA keys only.
    ClientKeyRefused,
    /// A certificate on the way from the authority to the server has an RSA key of less than 2048
    /// bits.
    WeakKey,
    /// A certificate on the way from the authority to the server has a signature of a kind that is
    /// not checked, such as ECDSA with SHA-512 or SHA-1.
    UnsupportedSignature,
    /// The two sides have no TLS version, cipher suite or signature in common; or, under TLS 1.2, the
    /// server insists on a client certificate and says no more than that the handshake failed.
    Incompatible,
    /// The answer is not TLS: perhaps a plain HTTP port.
    NotTls,
    /// The machine's store was to say whom to trust, and not one authority could be read from it.
    NoRoots,
    /// Anything else; the source says what.
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

impl fmt::Display for TlsErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "its certificate is from an unknown issuer",
            Self::BadSignature => "a signature of its certificate or handshake does not hold",
            Self::Expired => "its certificate has expired",
            Self::NotYetValid => "its certificate is not valid yet",
            Self::WrongName => "its certificate is for another name",
            Self::ServerCertificate => "its certificate is not acceptable",
            Self::CertificateRequired => "it requires a client certificate and got none",
            Self::CertificateRefused => "it does not accept the client certificate",
            Self::ClientKeyRefused => {
                "it accepts no signature that the client certificate's key can make; it may take ECDSA keys only"
            }
            Self::WeakKey => "a key of its certificates is too weak",
            Self::UnsupportedSignature => {
                "a signature of its certificates is of a kind that is not checked"
            }
            Self::Incompatible => {
                "no TLS version, cipher suite or signature in common, or it wants a client certificate; \
                 spoken are TLS 1.3, and TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305"
            }
            Self::NotTls => "it does not speak TLS on this port",
            Self::NoRoots => "no certificate authority could be read from this machine's store",
            Self::Other => "the TLS handshake failed",
        })
    }
}

impl TlsErrorKind {
    /// Our verifier's own cause, if it is one.
    pub(super) fn uncheckable(error: &rustls::Error) -> Option<&Uncheckable> {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
                other.0.downcast_ref()
            }
            _ => None,
        }
    }

    pub(super) fn of(error: &rustls::Error) -> Self {
        match Self::uncheckable(error) {
            Some(Uncheckable::WeakKey(_)) => return Self::WeakKey,
            Some(Uncheckable::Signature(_)) => return Self::UnsupportedSignature,
            None => {}
        }
        match error {
            rustls::Error::InvalidCertificate(error) => server_certificate(error),
            rustls::Error::AlertReceived(alert) => of_alert(*alert),
            rustls::Error::PeerIncompatible(_) => Self::Incompatible,
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            _ => Self::Other,
        }
    }
}

fn server_certificate(error: &CertificateError) -> TlsErrorKind {
    match error {
        CertificateError::UnknownIssuer => TlsErrorKind::UnknownIssuer,
        CertificateError::BadSignature => TlsErrorKind::BadSignature,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            TlsErrorKind::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsErrorKind::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsErrorKind::WrongName
        }
        _ => TlsErrorKind::ServerCertificate,
    }
}

/// An alert is the server's word, so it speaks of the client's certificate.
fn of_alert(alert: AlertDescription) -> TlsErrorKind {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            TlsErrorKind::CertificateRequired
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        // rustls' alert for a certificate that its alleged issuer has not signed.
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => TlsErrorKind::CertificateRefused,
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => TlsErrorKind::Incompatible,
        _ => TlsErrorKind::Other,
    }
}
