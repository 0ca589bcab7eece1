//! Certificates and a key out of PKCS#12.

mod ber;
mod pfx;

use std::collections::BTreeSet;

use p12_keystore::{Pkcs12Archive, error::Error};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::{Form, IdentityError, Part};

/// The certificates in the file's order, and the one key.
pub(crate) fn read(
    bytes: &[u8],
    password: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), IdentityError> {
    match Form::of(bytes) {
        Form::Unknown => {}
        found => {
            return Err(IdentityError::WrongForm {
                wanted: Part::Pkcs12,
                found,
            });
        }
    }
    let der = ber::to_der(bytes).ok_or(DAMAGED)?;
    let archive = open(&der, password)?;
    let keys: BTreeSet<&[u8]> = archive.keys.iter().map(|bag| bag.key.as_der()).collect();
    let mut keys = keys.into_iter();
    let key = keys.next().ok_or(IdentityError::Missing {
        part: Part::PrivateKey,
    })?;
    if keys.next().is_some() {
        return Err(IdentityError::SeveralKeys { part: Part::Pkcs12 });
    }
    let mut chain: Vec<CertificateDer<'static>> = Vec::new();
    for bag in &archive.certs {
        let certificate = CertificateDer::from(bag.cert.as_der().to_vec());
        if !chain.contains(&certificate) {
            chain.push(certificate);
        }
    }
    if chain.is_empty() {
        return Err(IdentityError::Missing {
            part: Part::Certificate,
        });
    }
    Ok((chain, PrivatePkcs8KeyDer::from(key.to_vec()).into()))
}

const DAMAGED: IdentityError = IdentityError::Damaged { part: Part::Pkcs12 };

/// Checks the MAC and decrypts.
///
/// The MAC is over the bytes of the inner part as they are in the file. Where these are BER too, a
/// file with them made DER has another MAC: so the MAC is checked first, and the file then read
/// without it.
fn open(der: &[u8], password: &str) -> Result<Pkcs12Archive, IdentityError> {
    let parts = pfx::parts(der).ok_or(DAMAGED)?;
    if !parts.has_mac {
        return Err(IdentityError::NoMac);
    }
    match Pkcs12Archive::from_pkcs12(der, password) {
        Ok(archive) => Ok(archive),
        Err(Error::DerError(_)) => {
            let inner = ber::to_der_deeply(parts.contents).ok_or(DAMAGED)?;
            if inner == parts.contents {
                return Err(DAMAGED);
            }
            let file = pfx::without_mac(&inner);
            Pkcs12Archive::from_pkcs12(&file, password).map_err(|error| kind(&error))
        }
        Err(error) => Err(kind(&error)),
    }
}

fn kind(error: &Error) -> IdentityError {
    match error {
        Error::MacError(_) => IdentityError::WrongPassword { part: Part::Pkcs12 },
        Error::UnsupportedEncryptionScheme
        | Error::UnsupportedMacAlgorithm
        | Error::UnsupportedContentType
        | Error::InvalidParameters => IdentityError::UnsupportedEncryption {
            part: Part::Pkcs12,
            algorithm: error.to_string(),
        },
        _ => DAMAGED,
    }
}
