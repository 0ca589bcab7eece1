//! What a client's own certificate says of itself.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use rustls_pki_types::CertificateDer;
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::{Decode, Encode, oid::ObjectIdentifier},
    time::Time,
};

use crate::{IdentityError, Part};

/// A common name, as an attribute of a subject.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) serial_number: String,
    pub(crate) subject: String,
    pub(crate) common_name: Option<String>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

impl Leaf {
    pub(crate) fn of(der: &CertificateDer<'_>) -> Result<Self, IdentityError> {
        let certificate = parse(der)?;
        let certificate = certificate.tbs_certificate();
        let subject = certificate.subject();
        let common_name = subject
            .iter()
            .find(|attribute| attribute.oid == COMMON_NAME)
            .and_then(|attribute| str::from_utf8(attribute.value.value()).ok());
        let validity = certificate.validity();
        Ok(Self {
            serial_number: upper_hex(certificate.serial_number().as_bytes()),
            subject: subject.to_string(),
            common_name: common_name.map(str::to_owned),
            not_before: system_time(validity.not_before),
            not_after: system_time(validity.not_after),
        })
    }

    /// Whether it holds now.
    pub(crate) fn check(&self, now: SystemTime) -> Result<(), IdentityError> {
        if now > self.not_after {
            return Err(IdentityError::Expired {
                not_after: self.not_after,
            });
        }
        if now < self.not_before {
            return Err(IdentityError::NotYetValid {
                not_before: self.not_before,
            });
        }
        Ok(())
    }

    pub(crate) fn expires_within(&self, time: Duration, now: SystemTime) -> bool {
        now.checked_add(time)
            .is_none_or(|then| then > self.not_after)
    }
}

fn system_time(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + time.to_date_time().unix_duration()
}

/// With the profile that takes what is out there, and not only what RFC 5280 allows.
pub(crate) fn parse(der: &CertificateDer<'_>) -> Result<CertificateInner<Raw>, IdentityError> {
    CertificateInner::from_der(der).map_err(|_| IdentityError::Damaged {
        part: Part::Certificate,
    })
}

/// The public key of a certificate, as its DER has it.
pub(crate) fn public_key(der: &CertificateDer<'_>) -> Result<Vec<u8>, IdentityError> {
    let certificate = parse(der)?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    key.to_der().map_err(|_| IdentityError::Damaged {
        part: Part::Certificate,
    })
}

/// Without the zero byte that only keeps a large number from being negative.
fn upper_hex(bytes: &[u8]) -> String {
    let bytes = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02X}").expect("a string takes all that is written to it");
        text
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SerialNumber, date_time_ymd};

    use super::*;

    fn leaf() -> Leaf {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(&[0xca, 0xfe, 0x01]));
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Shops, Ltd");
        params
            .distinguished_name
            .push(DnType::CommonName, "1900000109");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2025, 1, 1);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Leaf::of(certificate.der()).unwrap()
    }

    fn at(days: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400)
    }

    #[test]
    fn it_is_told_as_openssl_tells_it() {
        let leaf = leaf();
        assert_eq!(leaf.serial_number, "CAFE01");
        assert_eq!(leaf.common_name.as_deref(), Some("1900000109"));
        assert!(leaf.subject.contains("CN=1900000109"), "{}", leaf.subject);
        assert!(leaf.subject.contains(r"Shops\, Ltd"), "{}", leaf.subject);
    }

    #[test]
    fn it_holds_between_its_dates() {
        let leaf = leaf();
        // 2020-01-01 is day 18262, 2025-01-01 day 20089.
        for (day, expected) in [
            (
                18_261,
                Err(IdentityError::NotYetValid {
                    not_before: at(18_262),
                }),
            ),
            (18_262, Ok(())),
            (20_089, Ok(())),
            (
                20_090,
                Err(IdentityError::Expired {
                    not_after: at(20_089),
                }),
            ),
        ] {
            assert_eq!(leaf.check(at(day)), expected, "{day}");
        }
        let month = Duration::from_secs(30 * 86_400);
        assert!(!leaf.expires_within(month, at(20_058)));
        assert!(leaf.expires_within(month, at(20_060)));
        assert!(leaf.expires_within(Duration::MAX, at(18_262)));
    }
}
