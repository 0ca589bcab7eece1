//! The facts that a server's or an authority's certificate states.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use x509_cert::{
    certificate::{CertificateInner, Raw, TbsCertificateInner, Version},
    der::{Decode, Encode, Header, SliceReader, asn1::UintRef, oid::ObjectIdentifier},
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier,
    },
};

/// The shortest RSA key that is used, in bits: rustls' bound.
const SHORTEST: usize = 2048;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// A parsed certificate.
pub(crate) struct ServerCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) subject_der: Vec<u8>,
    pub(crate) issuer_der: Vec<u8>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    pub(crate) purpose: Purpose,
    /// The length of an RSA key that is too short, in bits.
    pub(crate) weak_key: Option<usize>,
}

/// The use that a certificate can be trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To issue others.
    Authority,
    /// For itself alone.
    SelfSignedServer,
    /// Not at all by itself: an authority vouches for it.
    Issued,
    /// Not at all: it is not for servers.
    Client,
}

impl ServerCertificate {
    pub(crate) fn parse(der: &CertificateDer<'_>) -> Option<Self> {
        // With the profile that takes what is out there, and not only what RFC 5280 allows.
        let certificate: CertificateInner<Raw> = CertificateInner::from_der(der).ok()?;
        let certificate = certificate.tbs_certificate();
        let validity = certificate.validity();
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            subject_der: certificate.subject().to_der().ok()?,
            issuer_der: certificate.issuer().to_der().ok()?,
            not_before: UNIX_EPOCH + validity.not_before.to_unix_duration(),
            not_after: UNIX_EPOCH + validity.not_after.to_unix_duration(),
            purpose: purpose(certificate)?,
            weak_key: rsa_bits(certificate).filter(|&bits| bits < SHORTEST),
        })
    }
}

fn purpose(certificate: &TbsCertificateInner<Raw>) -> Option<Purpose> {
    let issuer_key = certificate.get_extension::<AuthorityKeyIdentifier>().ok()?;
    let issuer_key = issuer_key.and_then(|(_, id)| id.key_identifier);
    let own_key = certificate.get_extension::<SubjectKeyIdentifier>().ok()?;
    let is_self_signed = certificate.issuer() == certificate.subject()
        && match (issuer_key, own_key) {
            (Some(issuer), Some((_, own))) => issuer == own.0,
            _ => true,
        };
    let usage = certificate.get_extension::<KeyUsage>().ok()?;
    let may_issue = match certificate.get_extension::<BasicConstraints>().ok()? {
        Some((_, constraints)) => {
            constraints.ca && usage.is_none_or(|(_, usage)| usage.key_cert_sign())
        }
        // Version 1 cannot say it; as in OpenSSL, what has signed itself then is an authority.
        None => certificate.version() == Version::V1 && is_self_signed,
    };
    let usages = certificate.get_extension::<ExtendedKeyUsage>().ok()?;
    let is_for_servers = usages
        .is_none_or(|(_, usages)| usages.0.contains(&SERVER_AUTH) || usages.0.contains(&ANY_USAGE));
    Some(match (is_for_servers, is_self_signed) {
        _ if may_issue => Purpose::Authority,
        (false, _) => Purpose::Client,
        (true, true) => Purpose::SelfSignedServer,
        (true, false) => Purpose::Issued,
    })
}

/// The length of the modulus, if it is an RSA key.
fn rsa_bits(certificate: &TbsCertificateInner<Raw>) -> Option<usize> {
    let key = certificate.subject_public_key_info();
    if key.algorithm.oid != RSA {
        return None;
    }
    let mut reader = SliceReader::new(key.subject_public_key.raw_bytes()).ok()?;
    Header::decode(&mut reader).ok()?;
    let modulus = UintRef::decode(&mut reader).ok()?;
    let first = modulus.as_bytes().first()?;
    Some(modulus.as_bytes().len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn the_bits_of_a_weak_key_are_counted() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/weak/");
        for (file, bits) in [("weak-key", Some(1024)), ("ec-root", None)] {
            let der = CertificateDer::from_pem_file(format!("{folder}{file}.crt")).unwrap();
            let certificate = ServerCertificate::parse(&der).unwrap();
            assert_eq!(certificate.weak_key, bits, "{file}");
        }
    }
}
