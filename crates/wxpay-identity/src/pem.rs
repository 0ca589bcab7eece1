//! Certificates and keys out of PEM text.
//!
//! It is read as OpenSSL reads it: what is before, between and behind the sections does not matter, a
//! byte order mark neither; old labels of certificates are known.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use crate::{
    Form, IdentityError, Part,
    der::{Element, Malformed},
    error::DEK_INFO,
    key::Key,
};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A label, and what stands under it.
type Section<'a> = (&'a str, Zeroizing<Vec<u8>>);

/// The certificates of a file, in its order.
pub(crate) fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let part = Part::Certificate;
    let is_wanted = |label: &str| {
        matches!(
            label,
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE"
        )
    };
    let sections = sections(pem, part, is_wanted)?;
    let certificate = |(_, der): &Section<'_>| {
        // What OpenSSL trusts it for may follow.
        let certificate = Element::first(der)?;
        Ok::<_, Malformed>(CertificateDer::from(certificate.whole.to_vec()))
    };
    let chain: Result<Vec<_>, _> = sections.iter().map(certificate).collect();
    chain.map_err(|_| IdentityError::Damaged { part })
}

/// The one private key of a file; a password is for a key that is encrypted, and else not needed.
pub(crate) fn key(pem: &[u8], password: Option<&str>) -> Result<Key, IdentityError> {
    let part = Part::PrivateKey;
    let is_wanted = |label: &str| label.ends_with("PRIVATE KEY") && !label.starts_with("OPENSSH");
    let mut ders: Vec<PrivateKeyDer<'static>> = Vec::new();
    let mut encrypted = Vec::new();
    for (label, der) in sections(pem, part, is_wanted)? {
        match label {
            "PRIVATE KEY" => ders.push(PrivateKeyDer::Pkcs8(der.to_vec().into())),
            "RSA PRIVATE KEY" => ders.push(PrivatePkcs1KeyDer::from(der.to_vec()).into()),
            "EC PRIVATE KEY" => ders.push(PrivateSec1KeyDer::from(der.to_vec()).into()),
            "ENCRYPTED PRIVATE KEY" => encrypted.push(der),
            _ => {
                let kind = label.trim_end_matches(" PRIVATE KEY").to_owned();
                return Err(IdentityError::UnsupportedKey { kind });
            }
        }
    }
    if !encrypted.is_empty() {
        if !ders.is_empty() && password.is_none() {
            return Err(IdentityError::SeveralKeys { part });
        }
        #[cfg(not(feature = "encrypted-pem"))]
        return Err(IdentityError::MissingFeature {
            feature: "encrypted-pem",
        });
        #[cfg(feature = "encrypted-pem")]
        ders.extend(decrypt(&encrypted, password).map_err(|fault| fault.of(part))?);
    }
    let mut keys: Vec<Key> = Vec::new();
    for der in ders {
        let key = Key::parse(der).map_err(|_| IdentityError::Damaged { part })?;
        if !keys.iter().any(|it| it.is_same(&key)) {
            keys.push(key);
        }
    }
    let key = keys.pop();
    if !keys.is_empty() {
        return Err(IdentityError::SeveralKeys { part });
    }
    key.ok_or(IdentityError::Damaged { part })
}

/// Decrypts PKCS#8 keys, all of one password.
#[cfg(feature = "encrypted-pem")]
fn decrypt(
    keys: &[Zeroizing<Vec<u8>>],
    password: Option<&str>,
) -> Result<Vec<PrivateKeyDer<'static>>, crate::encrypted::Fault> {
    use crate::encrypted::{Budget, Fault, PBES2, pbes2};

    let missing = Fault::Other(IdentityError::PasswordMissing);
    let password = password.ok_or(missing)?;
    let mut budget = Budget::new();
    let mut sealed = Vec::new();
    for der in keys {
        let [algorithm, data] = Element::first(der)?.fields()?;
        let name = algorithm.oid()?;
        if name != PBES2 {
            return Err(Fault::Unsupported(name));
        }
        let [_, params] = algorithm.fields()?;
        let scheme = pbes2(&params)?;
        budget.spend(scheme.cost)?;
        sealed.push((scheme, data.octets()?));
    }
    let decrypted = sealed.iter().map(|(scheme, data)| {
        let plain = (scheme.decrypt)(Some(password), data);
        // The padding may be right by chance: then it is no key.
        let plain = plain.filter(|plain| Element::first(plain).is_ok_and(|it| it.whole == **plain));
        let plain = plain.ok_or(Fault::WrongPassword)?;
        Ok(PrivateKeyDer::Pkcs8(plain.to_vec().into()))
    });
    decrypted.collect()
}

/// The sections whose labels are wanted, each with its label, of which there is at least one.
fn sections(
    pem: &[u8],
    part: Part,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Section<'_>>, IdentityError> {
    let mut sections = Vec::new();
    let mut rest = pem;
    while let Some(begin) = find(rest, "-----BEGIN ") {
        rest = &rest[begin + "-----BEGIN ".len()..];
        // The longest label in use has 23 bytes.
        let head = &rest[..rest.len().min(64)];
        let label = find(head, "-----").and_then(|end| str::from_utf8(&head[..end]).ok());
        let Some(label) = label.filter(|label| is_wanted(label)) else {
            continue;
        };
        rest = &rest[label.len() + "-----".len()..];
        let line_end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let line = &rest[..line_end.unwrap_or(rest.len())];
        if !line.trim_ascii().is_empty() {
            return Err(IdentityError::NoLineEnds { part });
        }
        let end = find(rest, &format!("-----END {label}-----"));
        let body = &rest[..end.ok_or(IdentityError::Damaged { part })?];
        rest = &rest[body.len()..];
        if body.contains(&b'\\') {
            return Err(IdentityError::NoLineEnds { part });
        }
        if find(body, "Proc-Type: 4,ENCRYPTED").is_some() {
            return Err(IdentityError::UnsupportedEncryption {
                part,
                algorithm: DEK_INFO.to_owned(),
            });
        }
        let base64 = body
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace());
        let base64 = Zeroizing::new(base64.collect::<Vec<u8>>());
        let der = BASE64.decode(&*base64);
        let der = der.map_err(|_| IdentityError::Damaged { part })?;
        sections.push((label, Zeroizing::new(der)));
    }
    if sections.is_empty() {
        let found = Form::of(pem);
        return Err(IdentityError::WrongForm {
            wanted: part,
            found,
        });
    }
    Ok(sections)
}

fn find(text: &[u8], needle: &str) -> Option<usize> {
    let mut windows = text.windows(needle.len());
    windows.position(|window| window == needle.as_bytes())
}
