//! A certificate that a server has shown.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use x509_cert::{Certificate, der::Decode};

/// A certificate that a server has shown, for people to look at.
///
/// What it says is the server's word: trusted or not is what the handshake came to. Names have the
/// form of RFC 4514, `CN=…,O=…`; anything can stand in them, so escape them for where they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCertificate {
    subject: String,
    issuer: String,
    validity: Option<(SystemTime, SystemTime)>,
}

impl ServerCertificate {
    pub(super) fn of(der: &CertificateDer<'static>) -> Self {
        let Ok(certificate) = Certificate::from_der(der) else {
            return Self {
                subject: String::new(),
                issuer: String::new(),
                validity: None,
            };
        };
        let certificate = certificate.tbs_certificate();
        let validity = certificate.validity();
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            validity: Some((
                UNIX_EPOCH + validity.not_before.to_unix_duration(),
                UNIX_EPOCH + validity.not_after.to_unix_duration(),
            )),
        }
    }

    /// Whose it is; empty when the certificate cannot be read.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// let inspection = builder.inspect(server).await?;
    /// assert_eq!(inspection.certificates()[0].subject(), "CN=a server");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who has signed it; empty when the certificate cannot be read.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// let inspection = builder.inspect(server).await?;
    /// let certificate = &inspection.certificates()[0];
    /// let is_self_signed = certificate.issuer() == certificate.subject();
    /// assert!(is_self_signed);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Since when it is valid; `None` when the certificate cannot be read.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// use std::time::SystemTime;
    ///
    /// let inspection = builder.inspect(server).await?;
    /// let since = inspection.certificates()[0].not_before();
    /// assert!(since.is_some_and(|since| since <= SystemTime::now()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn not_before(&self) -> Option<SystemTime> {
        self.validity.map(|(not_before, _)| not_before)
    }

    /// Until when it is valid; `None` when the certificate cannot be read.
    ///
    /// ```
    #[doc = include_str!("../example_server.txt")]
    /// use std::time::{Duration, SystemTime};
    ///
    /// let in_a_week = SystemTime::now() + Duration::from_secs(7 * 86_400);
    /// for certificate in builder.inspect(server).await?.certificates() {
    ///     assert!(certificate.not_after() > Some(in_a_week), "renew {}", certificate.subject());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn not_after(&self) -> Option<SystemTime> {
        self.validity.map(|(_, not_after)| not_after)
    }
}
