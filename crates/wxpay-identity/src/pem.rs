//! PEM files of certificates and keys, and the detection of other formats.
//! As in OpenSSL, text around the sections, a byte order mark and old labels are accepted.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use crate::{
    Form, IdentityError, Part,
    der::{BIT_STRING, EXPLICIT_0, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE},
    error::{DEK_INFO, Result},
    key::Key,
};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A label and the decoded bytes.
type Section<'a> = (&'a str, Zeroizing<Vec<u8>>);

/// Reads the certificates of a PEM file of authorities, without a check that they are authorities.
///
/// # Errors
///
/// [`IdentityError`] for a file of another format, with the way to convert it, and for a damaged
/// file.
///
/// ```
/// use wxpay_identity::{IdentityError, Part, read_authorities};
///
/// let cut = read_authorities("-----BEGIN CERTIFICATE-----\nMII").unwrap_err();
/// assert_eq!(cut, IdentityError::Damaged(Part::Authorities));
/// ```
pub fn read_authorities(pem: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>> {
    chain(pem.as_ref(), Part::Authorities)
}

/// The certificates of a file, in the file's order.
pub(crate) fn chain(pem: &[u8], part: Part) -> Result<Vec<Vec<u8>>> {
    let labels = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
    let sections = sections(pem, part, |label| labels.contains(&label))?;
    // OpenSSL's trust settings may follow the certificate.
    let certificate = |(_, der): &Section<'_>| Ok(Element::first(der, part)?.whole.to_vec());
    sections.iter().map(certificate).collect()
}

/// The private key of a file.
pub(crate) fn key(pem: &[u8], password: Option<&str>) -> Result<Key> {
    let part = Part::PrivateKey;
    let is_wanted = |label: &str| label.ends_with("PRIVATE KEY") && !label.starts_with("OPENSSH");
    let (mut keys, mut encrypted) = (Vec::new(), Vec::new());
    for (label, der) in sections(pem, part, is_wanted)? {
        match label {
            "PRIVATE KEY" => keys.push(Key::from_pkcs8(der, part)?),
            "RSA PRIVATE KEY" => keys.push(Key::from_pkcs1(&der)?),
            "EC PRIVATE KEY" => keys.push(Key::from_sec1(&der)?),
            "ENCRYPTED PRIVATE KEY" => encrypted.push(der),
            _ => {
                let kind = label.trim_end_matches(" PRIVATE KEY").to_owned();
                return Err(IdentityError::UnsupportedKey(kind));
            }
        }
    }
    if !encrypted.is_empty() {
        if !keys.is_empty() && password.is_none() {
            return Err(IdentityError::SeveralKeys(part));
        }
        #[cfg(not(feature = "encrypted-pem"))]
        return Err(IdentityError::MissingFeature("encrypted-pem"));
        #[cfg(feature = "encrypted-pem")]
        for der in decrypt(&encrypted, password)? {
            keys.push(Key::from_pkcs8(der, part)?);
        }
    }
    Key::single(keys, part)?.ok_or(IdentityError::Damaged(part))
}

/// Decrypts PKCS#8 keys with one password.
#[cfg(feature = "encrypted-pem")]
fn decrypt(keys: &[Zeroizing<Vec<u8>>], password: Option<&str>) -> Result<Vec<Zeroizing<Vec<u8>>>> {
    use crate::encrypted::{Budget, PBES2, pbes2};

    let part = Part::PrivateKey;
    let password = password.ok_or(IdentityError::PasswordMissing)?;
    let mut budget = Budget::new(part);
    let mut sealed = Vec::new();
    for der in keys {
        let [algorithm, data] = Element::first(der, part)?.fields()?;
        let name = algorithm.oid()?;
        if name != PBES2 {
            return algorithm.unsupported(&name);
        }
        let [_, params] = algorithm.fields()?;
        let scheme = pbes2(&params)?;
        budget.spend(scheme.cost)?;
        sealed.push((scheme, data.octets()?));
    }
    // With a wrong password the padding may be right by chance, but the text is no key.
    let is_whole = |plain: &[u8]| Element::first(plain, part).is_ok_and(|it| it.whole == plain);
    let decrypted = sealed.iter().map(|(scheme, data)| {
        let plain = (scheme.decrypt)(Some(password), data).filter(|plain| is_whole(plain));
        plain.ok_or(IdentityError::WrongPassword(part))
    });
    decrypted.collect()
}

/// The sections with the wanted labels; none is an error.
fn sections(pem: &[u8], part: Part, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Section<'_>>> {
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

impl Form {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = text.trim_ascii();
        let marks = [
            (&b"\xff\xfe"[..], Self::Utf16),
            (b"\xfe\xff", Self::Utf16),
            (b"PK\x03\x04", Self::Zip),
            (b"\xfe\xed\xfe\xed", Self::Jks),
            (b"\xce\xce\xce\xce", Self::Jks),
            (b"<", Self::WebPage),
        ];
        let labels = [
            // PEM in UTF-16 may lack its byte order mark.
            ("B\0E\0G\0I\0N", Self::Utf16),
            // A key takes precedence over a certificate in the same file.
            ("OPENSSH PRIVATE KEY-----", Self::OpenSsh),
            ("PRIVATE KEY-----", Self::PrivateKey),
            ("CERTIFICATE-----", Self::Certificate),
            ("CERTIFICATE REQUEST-----", Self::CertificateRequest),
            ("PKCS7-----", Self::Pkcs7),
            ("CMS-----", Self::Pkcs7),
        ];
        let is_base64 =
            |it: &u8| it.is_ascii_alphanumeric() || it.is_ascii_whitespace() || b"+/=".contains(it);
        if let Some((_, form)) = marks.iter().find(|(mark, _)| text.starts_with(mark)) {
            *form
        } else if let Some((_, form)) = labels.iter().find(|(it, _)| find(text, it).is_some()) {
            *form
        } else if text.is_empty() {
            Self::Empty
        } else if text[0] == b'M' && text.len() >= 64 && text.iter().all(is_base64) {
            Self::Base64
        } else {
            Self::of_der(bytes).unwrap_or(Self::Unknown)
        }
    }

    fn of_der(bytes: &[u8]) -> Option<Self> {
        let tags = |element: &Element<'_>| {
            let children = element.children().ok()?;
            Some(children.iter().map(|it| it.tag).collect::<Vec<u8>>())
        };
        // The part is only used in errors.
        let outer = Element::first(bytes, Part::Pkcs12).ok()?;
        if outer.tag != SEQUENCE {
            return None;
        }
        let children = outer.children().ok()?;
        Some(match tags(&outer)?[..] {
            // The second field is a `ContentInfo`.
            [INTEGER, SEQUENCE, ..] if tags(&children[1])?.get(1) == Some(&EXPLICIT_0) => {
                Self::Pkcs12
            }
            // PKCS#8 and PKCS#1.
            [INTEGER, SEQUENCE, OCTET_STRING, ..] | [INTEGER, INTEGER, INTEGER, ..] => {
                Self::DerPrivateKey
            }
            // SEC1 and encrypted PKCS#8.
            [INTEGER, OCTET_STRING, ..] | [SEQUENCE, OCTET_STRING] => Self::DerPrivateKey,
            [OBJECT_IDENTIFIER, ..] => Self::Pkcs7,
            // A request has a version, subject, key and attributes; a certificate has at least six
            // fields.
            [SEQUENCE, SEQUENCE, BIT_STRING] if tags(&children[0])?.len() <= 4 => {
                Self::CertificateRequest
            }
            [SEQUENCE, SEQUENCE, BIT_STRING] => Self::DerCertificate,
            _ => return None,
        })
    }
}
