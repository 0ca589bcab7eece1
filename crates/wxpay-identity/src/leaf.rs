//! What certificates say, and the order in which they follow each other.
//!
//! Only what is needed is read, so that a certificate is taken whatever its version, its extensions
//! and the rules of RFC 5280 that it breaks: the server judges it.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use rustls_pki_types::CertificateDer;

use crate::{
    IdentityError, Part,
    der::{EXPLICIT_0, Element, INTEGER, SEQUENCE},
};

const COMMON_NAME: &str = "2.5.4.3";

#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) serial_number: String,
    pub(crate) subject: String,
    pub(crate) common_name: Option<String>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

/// The public half of a key.
pub(crate) struct PublicKey {
    /// The object identifier of its algorithm.
    pub(crate) algorithm: String,
    /// The object identifier of its curve, if it has a curve with a name.
    pub(crate) curve: Option<String>,
    pub(crate) bits: Vec<u8>,
}

/// The fields of a certificate that are of use here.
struct Fields<'a> {
    serial_number: &'a [u8],
    issuer: &'a [u8],
    validity: Element<'a>,
    subject: Element<'a>,
    public_key: Element<'a>,
}

impl<'a> Fields<'a> {
    fn of(der: &'a CertificateDer<'_>) -> Result<Self, IdentityError> {
        Self::parse(der).ok_or(DAMAGED)
    }

    fn parse(der: &'a [u8]) -> Option<Self> {
        let (certificate, rest) = Element::split(der)?;
        let [to_be_signed, ..] = certificate.children()?[..] else {
            return None;
        };
        let fields = to_be_signed.children()?;
        // Version 1 has no version.
        let fields = match &fields[..] {
            [version, fields @ ..] if version.tag == EXPLICIT_0 => fields,
            fields => fields,
        };
        let [
            serial,
            _algorithm,
            issuer,
            validity,
            subject,
            public_key,
            ..,
        ] = fields
        else {
            return None;
        };
        let is_one = rest.is_empty() && serial.tag == INTEGER && subject.tag == SEQUENCE;
        is_one.then_some(Self {
            serial_number: serial.contents,
            issuer: issuer.whole,
            validity: *validity,
            subject: *subject,
            public_key: *public_key,
        })
    }
}

const DAMAGED: IdentityError = IdentityError::Damaged {
    part: Part::Certificate,
};

impl PublicKey {
    pub(crate) fn of(der: &CertificateDer<'_>) -> Result<Self, IdentityError> {
        Self::parse(&Fields::of(der)?.public_key).ok_or(DAMAGED)
    }

    /// Reads `SubjectPublicKeyInfo`.
    pub(crate) fn parse(info: &Element<'_>) -> Option<Self> {
        let [algorithm, bits] = info.children()?[..] else {
            return None;
        };
        let params = algorithm.children()?;
        let params = params.get(1).filter(|params| params.tag != SEQUENCE);
        Some(Self {
            algorithm: algorithm.oid()?,
            curve: params.and_then(Element::oid),
            bits: bits.bits()?.to_vec(),
        })
    }
}

impl Leaf {
    pub(crate) fn of(der: &CertificateDer<'_>) -> Result<Self, IdentityError> {
        let fields = Fields::of(der)?;
        let attributes = attributes(&fields.subject).ok_or(DAMAGED)?;
        let common_name = attributes.iter().flatten().find(|it| it.0 == COMMON_NAME);
        let validity = fields.validity.children().ok_or(DAMAGED)?;
        let [not_before, not_after] = &validity[..] else {
            return Err(DAMAGED);
        };
        Ok(Self {
            serial_number: upper_hex(fields.serial_number),
            subject: subject(&attributes),
            common_name: common_name.and_then(|it| it.1.clone().ok()),
            not_before: time(not_before).ok_or(DAMAGED)?,
            not_after: time(not_after).ok_or(DAMAGED)?,
        })
    }

    /// Whether it is valid at this time.
    pub(crate) fn check(&self, now: SystemTime) -> Result<(), IdentityError> {
        let (not_before, not_after) = (self.not_before, self.not_after);
        if now > not_after {
            return Err(IdentityError::Expired { not_after });
        }
        if now < not_before {
            return Err(IdentityError::NotYetValid { not_before });
        }
        Ok(())
    }

    pub(crate) fn expires_within(&self, time: Duration, now: SystemTime) -> bool {
        now.checked_add(time)
            .is_none_or(|then| then > self.not_after)
    }
}

/// Puts the client's own certificate, which is at `own`, first.
///
/// Where it was first already, the rest stays as it was: that is how files should be. Out of any other
/// order each certificate is followed by its issuer's, and what leads nowhere is left out.
pub(crate) fn order(
    mut chain: Vec<CertificateDer<'static>>,
    own: usize,
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    if own == 0 {
        return Ok(chain);
    }
    let mut ordered = vec![chain.swap_remove(own)];
    loop {
        let last = ordered
            .last()
            .expect("one was put in, and none is taken out");
        let issuer = Fields::of(last)?.issuer.to_vec();
        let mut next = None;
        for (at, other) in chain.iter().enumerate() {
            if Fields::of(other)?.subject.whole == issuer {
                next = Some(at);
                break;
            }
        }
        // Each is taken out, so that a circle ends.
        let Some(at) = next else {
            return Ok(ordered);
        };
        ordered.push(chain.swap_remove(at));
    }
}

/// The name of an attribute as an object identifier, and its value in words, else in DER.
type Attribute = (String, Result<String, Vec<u8>>);

/// The relative names of a subject, each of one attribute or more.
fn attributes(subject: &Element<'_>) -> Option<Vec<Vec<Attribute>>> {
    let attribute = |attribute: &Element<'_>| {
        let [kind, value] = attribute.children()?[..] else {
            return None;
        };
        Some((kind.oid()?, text(&value).ok_or(value.whole.to_vec())))
    };
    let names = subject.children()?;
    let names = names.iter();
    names
        .map(|name| name.children()?.iter().map(attribute).collect())
        .collect()
}

fn text(value: &Element<'_>) -> Option<String> {
    match value.tag {
        // UTF8String, and what is ASCII or taken for UTF-8: Numeric-, Printable-, IA5-, VisibleString.
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => str::from_utf8(value.contents).ok().map(str::to_owned),
        // TeletexString is written as Latin-1.
        0x14 => Some(
            value
                .contents
                .iter()
                .map(|byte| char::from(*byte))
                .collect(),
        ),
        // BMPString.
        0x1e => {
            let (units, []) = value.contents.as_chunks() else {
                return None;
            };
            String::from_utf16(
                &units
                    .iter()
                    .map(|it| u16::from_be_bytes(*it))
                    .collect::<Vec<_>>(),
            )
            .ok()
        }
        _ => None,
    }
}

/// RFC 4514: the last name first.
fn subject(names: &[Vec<Attribute>]) -> String {
    let mut written = String::new();
    for name in names.iter().rev() {
        for (at, (kind, value)) in name.iter().enumerate() {
            match at {
                0 if written.is_empty() => {}
                0 => written.push(','),
                _ => written.push('+'),
            }
            let _ = match (short_name(kind), value) {
                (Some(name), Ok(value)) => write!(written, "{name}={}", escape(value)),
                (None, Ok(value)) => write!(written, "{kind}={}", escape(value)),
                (_, Err(der)) => write!(written, "{kind}=#{}", upper_hex(der)),
            };
        }
    }
    written
}

fn short_name(kind: &str) -> Option<&'static str> {
    Some(match kind {
        COMMON_NAME => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

fn escape(value: &str) -> String {
    let mut escaped = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (at, char) in value.chars().enumerate() {
        let is_special = match char {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => true,
            '#' => at == 0,
            ' ' => at == 0 || at == last,
            _ => false,
        };
        if is_special {
            escaped.push('\\');
        }
        match char {
            '\0' => escaped.push_str("\\00"),
            _ => escaped.push(char),
        }
    }
    escaped
}

/// `UTCTime` or `GeneralizedTime`, in UTC.
fn time(element: &Element<'_>) -> Option<SystemTime> {
    let digits = element.contents.strip_suffix(b"Z")?;
    let number = |at: usize, length: usize| -> Option<i64> {
        let digits = str::from_utf8(digits.get(at..at + length)?).ok()?;
        digits
            .bytes()
            .all(|it| it.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let (year, at) = match element.tag {
        // RFC 5280, section 4.1.2.5.1.
        0x17 => match number(0, 2)? {
            year @ 50.. => (year + 1900, 2),
            year => (year + 2000, 2),
        },
        0x18 => (number(0, 4)?, 4),
        _ => return None,
    };
    let (month, day) = (number(at, 2)?, number(at + 2, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 of the proleptic Gregorian calendar, of years that begin in March.
    let (year, month) = (year - i64::from(month <= 2), (month + 9) % 12);
    let era_days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = era_days + (153 * month + 2) / 5 + day - 719_469;
    let seconds = number(at + 4, 2)? * 3600 + number(at + 6, 2)? * 60 + number(at + 8, 2)?;
    let seconds = days * 86_400 + seconds;
    let since = Duration::from_secs(seconds.unsigned_abs());
    match seconds {
        0.. => SystemTime::UNIX_EPOCH.checked_add(since),
        _ => SystemTime::UNIX_EPOCH.checked_sub(since),
    }
}

/// Without the zero byte that only keeps a large number from being negative.
fn upper_hex(bytes: &[u8]) -> String {
    let bytes = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02X}").expect("a string takes all that is written to it");
        text
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SerialNumber, date_time_ymd};

    use super::*;

    fn leaf() -> Leaf {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(&[0xca, 0xfe, 0x01]));
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Shops, Ltd");
        params
            .distinguished_name
            .push(DnType::CommonName, "1900000109");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2025, 1, 1);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Leaf::of(certificate.der()).unwrap()
    }

    fn at(days: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400)
    }

    #[test]
    fn it_is_told_as_openssl_tells_it() {
        let leaf = leaf();
        assert_eq!(leaf.serial_number, "CAFE01");
        assert_eq!(leaf.common_name.as_deref(), Some("1900000109"));
        assert!(leaf.subject.contains("CN=1900000109"), "{}", leaf.subject);
        assert!(leaf.subject.contains(r"Shops\, Ltd"), "{}", leaf.subject);
    }

    #[test]
    fn it_holds_between_its_dates() {
        let leaf = leaf();
        // 2020-01-01 is day 18262, 2025-01-01 day 20089.
        for (day, expected) in [
            (
                18_261,
                Err(IdentityError::NotYetValid {
                    not_before: at(18_262),
                }),
            ),
            (18_262, Ok(())),
            (20_089, Ok(())),
            (
                20_090,
                Err(IdentityError::Expired {
                    not_after: at(20_089),
                }),
            ),
        ] {
            assert_eq!(leaf.check(at(day)), expected, "{day}");
        }
        let month = Duration::from_secs(30 * 86_400);
        assert!(!leaf.expires_within(month, at(20_058)));
        assert!(leaf.expires_within(month, at(20_060)));
        assert!(leaf.expires_within(Duration::MAX, at(18_262)));
    }
}
