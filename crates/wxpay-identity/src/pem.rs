//! Certificates and keys out of PEM text.

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{PemObject, SectionKind},
};

use crate::{Form, IdentityError, Part, error::DEK_INFO};

const BEGIN_ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END_ENCRYPTED: &str = "-----END ENCRYPTED PRIVATE KEY-----";

const DAMAGED: IdentityError = IdentityError::Damaged {
    part: Part::PrivateKey,
};

#[cfg(feature = "encrypted-pem")]
use crate::encrypted::decrypt;
#[cfg(not(feature = "encrypted-pem"))]
fn decrypt(_: &[u8], _: &str) -> Result<PrivateKeyDer<'static>, IdentityError> {
    Err(IdentityError::MissingFeature {
        feature: "encrypted-pem",
    })
}

/// The certificates of a file, in its order.
pub(crate) fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| IdentityError::Damaged {
            part: Part::Certificate,
        })?;
    if !chain.is_empty() {
        return Ok(chain);
    }
    Err(IdentityError::WrongForm {
        wanted: Part::Certificate,
        found: Form::of(pem),
    })
}

/// The one private key of a file; a password is for a key that is encrypted, and else not needed.
pub(crate) fn key(
    pem: &[u8],
    password: Option<&str>,
) -> Result<PrivateKeyDer<'static>, IdentityError> {
    // OpenSSL's older form has its headers inside the section.
    if holds(pem, "Proc-Type: 4,ENCRYPTED") {
        return Err(IdentityError::UnsupportedEncryption {
            part: Part::PrivateKey,
            algorithm: DEK_INFO.to_owned(),
        });
    }
    let mut found = None;
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        let (kind, der) = section.map_err(|_| DAMAGED)?;
        let key = match kind {
            SectionKind::PrivateKey => PrivateKeyDer::Pkcs8(der.into()),
            SectionKind::RsaPrivateKey => PrivateKeyDer::Pkcs1(der.into()),
            SectionKind::EcPrivateKey => PrivateKeyDer::Sec1(der.into()),
            _ => continue,
        };
        if found.replace(key).is_some() {
            return Err(IdentityError::SeveralKeys {
                part: Part::PrivateKey,
            });
        }
    }
    let encrypted = encrypted_key(pem)?;
    match (found, encrypted) {
        (Some(_), Some(_)) => Err(IdentityError::SeveralKeys {
            part: Part::PrivateKey,
        }),
        (Some(key), None) => Ok(key),
        (None, Some(der)) => {
            let password = password.ok_or(IdentityError::PasswordMissing)?;
            decrypt(&der, password)
        }
        (None, None) => Err(IdentityError::WrongForm {
            wanted: Part::PrivateKey,
            found: Form::of(pem),
        }),
    }
}

/// What is in the one encrypted section, if there is one. The PEM reader passes such sections over,
/// so it is shown one under the name of another kind.
fn encrypted_key(pem: &[u8]) -> Result<Option<Vec<u8>>, IdentityError> {
    let Some(begin) = find(pem, BEGIN_ENCRYPTED) else {
        return Ok(None);
    };
    let body = &pem[begin + BEGIN_ENCRYPTED.len()..];
    let end = find(body, END_ENCRYPTED).ok_or(DAMAGED)?;
    if find(&body[end..], BEGIN_ENCRYPTED).is_some() {
        return Err(IdentityError::SeveralKeys {
            part: Part::PrivateKey,
        });
    }
    let section = [
        b"-----BEGIN PRIVATE KEY-----",
        &body[..end],
        b"-----END PRIVATE KEY-----",
    ]
    .concat();
    match <(SectionKind, Vec<u8>)>::from_pem_slice(&section) {
        Ok((_, der)) => Ok(Some(der)),
        Err(_) => Err(DAMAGED),
    }
}

fn holds(pem: &[u8], needle: &str) -> bool {
    find(pem, needle).is_some()
}

fn find(pem: &[u8], needle: &str) -> Option<usize> {
    pem.windows(needle.len())
        .position(|window| window == needle.as_bytes())
}
