//! Checks credentials that come from files.

use rcgen::{Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{
    CredentialsError,
    certificates::{Authority, CertifiedKey},
    is_merchant_id,
};
use crate::{
    request::client_certificate::{ClientCertChecker, common_name},
    tls,
};

/// The four parts, as errors call them.
pub(super) const CA: &str = "the authority's certificate";
const CA_KEY: &str = "the authority's key";
const CERT: &str = "the merchant's certificate";
const KEY: &str = "the merchant's key";

/// Checks that all four parts can be read and belong together, and tells the merchant id.
pub(super) fn check(
    ca: &CertifiedKey,
    merchant: &CertifiedKey,
) -> Result<String, CredentialsError> {
    let ca_cert = certificate(ca, CA)?;
    let authority = parsed(&ca_cert, CA)?;
    if !authority.is_ca() {
        return Err(CredentialsError::NotAnAuthority);
    }
    key(ca, &authority, CA_KEY)?;

    let cert = certificate(merchant, CERT)?;
    key(merchant, &parsed(&cert, CERT)?, KEY)?;
    ClientCertChecker::new(ca_cert.clone(), tls::provider())
        .and_then(|checker| Ok(checker.check(&cert, UnixTime::now())?))
        .map_err(CredentialsError::NotAccepted)?;
    common_name(&cert)
        .filter(|name| is_merchant_id(name))
        .ok_or(CredentialsError::CommonName)
}

/// The authority, to issue certificates with.
pub(super) fn authority(ca: &CertifiedKey) -> Result<Authority, CredentialsError> {
    let cert = certificate(ca, CA)?;
    let key = key(ca, &parsed(&cert, CA)?, CA_KEY)?;
    Issuer::from_ca_cert_der(&cert, key).map_err(|source| unreadable(CA, source))
}

pub(super) fn certificate(
    pair: &CertifiedKey,
    what: &'static str,
) -> Result<CertificateDer<'static>, CredentialsError> {
    CertificateDer::from_pem_slice(pair.cert.as_bytes()).map_err(|source| unreadable(what, source))
}

fn parsed<'a>(
    cert: &'a CertificateDer<'_>,
    what: &'static str,
) -> Result<X509Certificate<'a>, CredentialsError> {
    match X509Certificate::from_der(cert) {
        Ok((_, cert)) => Ok(cert),
        Err(source) => Err(unreadable(what, source)),
    }
}

fn key(
    pair: &CertifiedKey,
    cert: &X509Certificate<'_>,
    what: &'static str,
) -> Result<KeyPair, CredentialsError> {
    let key = KeyPair::from_pem(&pair.key).map_err(|source| unreadable(what, source))?;
    if key.public_key_raw() == &*cert.public_key().subject_public_key.data {
        Ok(key)
    } else {
        Err(CredentialsError::KeyMismatch { what })
    }
}

fn unreadable(
    what: &'static str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> CredentialsError {
    CredentialsError::Unreadable {
        what,
        source: Box::new(source),
    }
}
