//! Certificates and a key out of PKCS#12.

mod ber;
mod pfx;

use std::collections::BTreeSet;

use p12_keystore::{Pkcs12Archive, error::Error};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::InvalidIdentity;

/// The certificates in the file's order, and the one key.
pub(super) fn read(
    bytes: &[u8],
    password: &str,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), InvalidIdentity> {
    refuse_other_files(bytes)?;
    let der = ber::to_der(bytes).ok_or(InvalidIdentity::Pkcs12)?;
    let archive = open(&der, password)?;
    let keys: BTreeSet<&[u8]> = archive.keys.iter().map(|bag| bag.key.as_der()).collect();
    let mut keys = keys.into_iter();
    let key = keys.next().ok_or(InvalidIdentity::NoKeyInPkcs12)?;
    if keys.next().is_some() {
        return Err(InvalidIdentity::SeveralKeysInPkcs12);
    }
    let mut chain: Vec<CertificateDer<'static>> = Vec::new();
    for bag in &archive.certs {
        let certificate = CertificateDer::from(bag.cert.as_der().to_vec());
        if !chain.contains(&certificate) {
            chain.push(certificate);
        }
    }
    if chain.is_empty() {
        return Err(InvalidIdentity::NoCertificateInPkcs12);
    }
    Ok((chain, PrivatePkcs8KeyDer::from(key.to_vec()).into()))
}

/// What is taken for PKCS#12 by mistake, and is easy to tell.
fn refuse_other_files(bytes: &[u8]) -> Result<(), InvalidIdentity> {
    let text = bytes.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.is_empty() {
        Err(InvalidIdentity::Empty)
    } else if text.starts_with(b"-----BEGIN ") || text.starts_with(b"Bag Attributes") {
        Err(InvalidIdentity::PemAsPkcs12)
    } else if text.starts_with(b"<") {
        Err(InvalidIdentity::PageAsPkcs12)
    } else {
        Ok(())
    }
}

/// Checks the MAC and decrypts.
///
/// The MAC is over the bytes of the inner part as they are in the file. Where these are BER too, a
/// file with them made DER has another MAC: so the MAC is checked first, and the file then read
/// without it.
fn open(der: &[u8], password: &str) -> Result<Pkcs12Archive, InvalidIdentity> {
    let parts = pfx::parts(der).ok_or(InvalidIdentity::Pkcs12)?;
    if !parts.has_mac {
        return Err(InvalidIdentity::NoMac);
    }
    match Pkcs12Archive::from_pkcs12(der, password) {
        Ok(archive) => Ok(archive),
        Err(Error::DerError(_)) => {
            let inner = ber::to_der_deeply(parts.contents).ok_or(InvalidIdentity::Pkcs12)?;
            if inner == parts.contents {
                return Err(InvalidIdentity::Pkcs12);
            }
            let file = pfx::without_mac(&inner);
            Pkcs12Archive::from_pkcs12(&file, password).map_err(|error| kind(&error))
        }
        Err(error) => Err(kind(&error)),
    }
}

fn kind(error: &Error) -> InvalidIdentity {
    match error {
        Error::MacError(_) => InvalidIdentity::Pkcs12Password,
        Error::UnsupportedEncryptionScheme
        | Error::UnsupportedMacAlgorithm
        | Error::UnsupportedContentType
        | Error::InvalidParameters => InvalidIdentity::Pkcs12Encryption,
        _ => InvalidIdentity::Pkcs12,
    }
}
