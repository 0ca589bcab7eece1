//! What is kept of a client certificate.

use rustls_pki_types::CertificateDer;
use serde::Serialize;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{LINE, capped};
use crate::client_certificate::ClientCertificate;

/// A client certificate that was sent in the handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SentCertificate {
    /// As `CN=1900000109`; empty where it cannot be read.
    pub subject: String,
    /// In upper-case hex, as the merchant platform shows it; empty where it cannot be read.
    pub serial_number: String,
    /// Why it is not accepted; none for one that is.
    pub refused: Option<String>,
}

impl SentCertificate {
    pub(crate) fn new(certificate: &CertificateDer<'_>, verdict: &ClientCertificate) -> Self {
        let (subject, serial_number) = match X509Certificate::from_der(certificate) {
            Ok((_, certificate)) => (
                capped(certificate.subject().to_string().as_bytes(), LINE),
                capped(format!("{:X}", certificate.serial).as_bytes(), LINE),
            ),
            Err(_) => Default::default(),
        };
        let refused = match verdict {
            ClientCertificate::Refused(why) => Some((*why).to_owned()),
            ClientCertificate::Missing | ClientCertificate::Accepted(_) => None,
        };
        Self {
            subject,
            serial_number,
            refused,
        }
    }
}
