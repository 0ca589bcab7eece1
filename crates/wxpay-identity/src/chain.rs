//! The order of a certificate chain.

use rustls_pki_types::CertificateDer;

use crate::{IdentityError, leaf};

/// Puts the certificate of the key first.
///
/// What follows it stays as it was where it was first already: that is how files should be. Out of
/// any other order each certificate is followed by its issuer's, and what leads nowhere is left out.
pub(crate) fn order(
    mut chain: Vec<CertificateDer<'static>>,
    key: Option<&[u8]>,
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let Some(key) = key else {
        return Ok(chain);
    };
    let mut own = None;
    for (at, certificate) in chain.iter().enumerate() {
        if leaf::public_key(certificate)? == key {
            own = Some(at);
            break;
        }
    }
    match own {
        None => Err(IdentityError::Mismatch),
        Some(0) => Ok(chain),
        Some(at) => {
            let leaf = chain.swap_remove(at);
            issuers(leaf, chain)
        }
    }
}

fn issuers(
    leaf: CertificateDer<'static>,
    mut others: Vec<CertificateDer<'static>>,
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let mut issuer = leaf::parse(&leaf)?.tbs_certificate().issuer().clone();
    let mut ordered = vec![leaf];
    loop {
        let mut next = None;
        for (at, other) in others.iter().enumerate() {
            if *leaf::parse(other)?.tbs_certificate().subject() == issuer {
                next = Some(at);
                break;
            }
        }
        // Each is taken out, so that a circle ends.
        let Some(at) = next else {
            return Ok(ordered);
        };
        let certificate = others.swap_remove(at);
        issuer = leaf::parse(&certificate)?
            .tbs_certificate()
            .issuer()
            .clone();
        ordered.push(certificate);
    }
}
