//! Certificates and keys out of PEM text.
//!
//! It is read as OpenSSL reads it: text before, between and behind the sections does not matter, nor does
//! a byte order mark; old labels of certificates are known.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
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

/// A label, and the bytes under it.
type Section<'a> = (&'a str, Zeroizing<Vec<u8>>);

/// Reads the certificates of a PEM file of authorities, for a client that is to trust them; whether each
/// is one is not looked at.
///
/// # Errors
///
/// [`IdentityError`] names a file of another form, with the way out, and a damaged one.
///
/// ```
/// use wxpay_identity::{IdentityError, Part, read_authorities};
///
/// let cut = read_authorities("-----BEGIN CERTIFICATE-----\nMII").unwrap_err();
/// assert_eq!(cut, IdentityError::Damaged(Part::Authorities));
/// ```
pub fn read_authorities(pem: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>, IdentityError> {
    chain(pem.as_ref(), Part::Authorities)
}

/// The certificates of a file, in its order.
pub(crate) fn chain(pem: &[u8], part: Part) -> Result<Vec<Vec<u8>>, IdentityError> {
    let labels = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
    let sections = sections(pem, part, |label| labels.contains(&label))?;
    let chain = sections.iter().map(|(_, der)| {
        // OpenSSL's trust settings may follow.
        let certificate = Element::first(der).map_err(|_| IdentityError::Damaged(part))?;
        Ok(certificate.whole.to_vec())
    });
    chain.collect()
}

/// The one private key of a file; a password is for a key that is encrypted, and else not needed.
pub(crate) fn key(pem: &[u8], password: Option<&str>) -> Result<Key, IdentityError> {
    let part = Part::PrivateKey;
    let is_wanted = |label: &str| label.ends_with("PRIVATE KEY") && !label.starts_with("OPENSSH");
    let (mut keys, mut encrypted) = (Vec::new(), Vec::new());
    for (label, der) in sections(pem, part, is_wanted)? {
        keys.push(match label {
            "PRIVATE KEY" => Key::from_pkcs8(der),
            "RSA PRIVATE KEY" => Key::from_pkcs1(&der),
            "EC PRIVATE KEY" => Key::from_sec1(&der),
            "ENCRYPTED PRIVATE KEY" => {
                encrypted.push(der);
                continue;
            }
            _ => {
                let kind = label.trim_end_matches(" PRIVATE KEY").to_owned();
                return Err(IdentityError::UnsupportedKey(kind));
            }
        });
    }
    if !encrypted.is_empty() {
        if !keys.is_empty() && password.is_none() {
            return Err(IdentityError::SeveralKeys(part));
        }
        #[cfg(not(feature = "encrypted-pem"))]
        return Err(IdentityError::MissingFeature("encrypted-pem"));
        #[cfg(feature = "encrypted-pem")]
        for der in decrypt(&encrypted, password).map_err(|fault| fault.of(part))? {
            keys.push(Key::from_pkcs8(der));
        }
    }
    let damaged = |_| IdentityError::Damaged(part);
    let keys: Result<Vec<_>, _> = keys.into_iter().collect();
    let mut keys = keys.map_err(damaged)?.into_iter();
    let key = keys.next().ok_or(Malformed).map_err(damaged)?;
    match keys.all(|other| other.is_same(&key)) {
        true => Ok(key),
        false => Err(IdentityError::SeveralKeys(part)),
    }
}

/// Decrypts PKCS#8 keys, all of one password.
#[cfg(feature = "encrypted-pem")]
fn decrypt(
    keys: &[Zeroizing<Vec<u8>>],
    password: Option<&str>,
) -> Result<Vec<Zeroizing<Vec<u8>>>, crate::encrypted::Fault> {
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
        plain.ok_or(Fault::WrongPassword)
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
            return Err(IdentityError::NoLineEnds(part));
        }
        let end = find(rest, &format!("-----END {label}-----"));
        let body = &rest[..end.ok_or(IdentityError::Damaged(part))?];
        rest = &rest[body.len()..];
        if body.contains(&b'\\') {
            return Err(IdentityError::NoLineEnds(part));
        }
        if find(body, "Proc-Type: 4,ENCRYPTED").is_some() {
            let algorithm = DEK_INFO.to_owned();
            return Err(IdentityError::UnsupportedEncryption { part, algorithm });
        }
        let mut base64 = Zeroizing::new(body.to_vec());
        base64.retain(|byte| !byte.is_ascii_whitespace());
        let der = BASE64.decode(&*base64);
        let der = der.map_err(|_| IdentityError::Damaged(part))?;
        sections.push((label, Zeroizing::new(der)));
    }
    if sections.is_empty() {
        let (wanted, found) = (part, Form::of(pem));
        return Err(IdentityError::WrongForm { wanted, found });
    }
    Ok(sections)
}

fn find(text: &[u8], needle: &str) -> Option<usize> {
    let mut windows = text.windows(needle.len());
    windows.position(|window| window == needle.as_bytes())
}
