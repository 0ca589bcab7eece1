//! Certificates and keys out of PEM text.

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{PemObject, SectionKind},
};

use super::InvalidIdentity;

/// The certificates of a file, in its order.
pub(super) fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidIdentity> {
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| InvalidIdentity::Certificate)?;
    if !chain.is_empty() {
        return Ok(chain);
    }
    Err(if holds(pem, "PRIVATE KEY-----") {
        InvalidIdentity::KeyInCertificateFile
    } else {
        InvalidIdentity::NoCertificate
    })
}

/// The one private key of a file.
pub(super) fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, InvalidIdentity> {
    // PKCS#8's own form, and the older one of OpenSSL with its headers inside the section.
    if holds(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds(pem, "Proc-Type: 4,ENCRYPTED") {
        return Err(InvalidIdentity::EncryptedKey);
    }
    let mut found = None;
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        let (kind, der) = section.map_err(|_| InvalidIdentity::Key)?;
        let key = match kind {
            SectionKind::PrivateKey => PrivateKeyDer::Pkcs8(der.into()),
            SectionKind::RsaPrivateKey => PrivateKeyDer::Pkcs1(der.into()),
            SectionKind::EcPrivateKey => PrivateKeyDer::Sec1(der.into()),
            _ => continue,
        };
        if found.replace(key).is_some() {
            return Err(InvalidIdentity::SeveralKeys);
        }
    }
    found.ok_or(if holds(pem, "-----BEGIN CERTIFICATE-----") {
        InvalidIdentity::CertificateInKeyFile
    } else {
        InvalidIdentity::NoKey
    })
}

fn holds(pem: &[u8], needle: &str) -> bool {
    pem.windows(needle.len())
        .any(|window| window == needle.as_bytes())
}
