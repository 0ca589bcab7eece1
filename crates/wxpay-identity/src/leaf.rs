//! Certificates, of any version and with any extensions, and the order of a chain.

use std::time::SystemTime;

use x509_cert::{
    der::{Decode, oid::ObjectIdentifier},
    name::Name,
    time::Time,
};

use crate::{
    Part,
    der::{EXPLICIT_0, Element, INTEGER, OBJECT_IDENTIFIER},
    error::Result,
};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

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

/// The fields of a certificate, from the serial number to the public key.
fn fields(der: &[u8]) -> Result<[Element<'_>; 6]> {
    let certificate = Element::first(der, Part::Certificate)?;
    let [to_be_signed, _algorithm, _signature] = certificate.fields()?;
    let fields = to_be_signed.children()?;
    // A certificate of version 1 has no version field.
    let version = fields.iter().take_while(|it| it.tag == EXPLICIT_0);
    match fields[version.count()..].first_chunk() {
        Some(fields) if fields[0].tag == INTEGER => Ok(*fields),
        _ => Err(certificate.damaged()),
    }
}

impl PublicKey {
    pub(crate) fn of(der: &[u8]) -> Result<Self> {
        let [.., public_key] = fields(der)?;
        Self::parse(&public_key)
    }

    /// Reads `SubjectPublicKeyInfo`.
    pub(crate) fn parse(info: &Element<'_>) -> Result<Self> {
        let [algorithm, bits] = info.fields()?;
        let params = algorithm.children()?;
        let curve = params.get(1).filter(|it| it.tag == OBJECT_IDENTIFIER);
        Ok(Self {
            algorithm: algorithm.oid()?,
            curve: curve.map(Element::oid).transpose()?,
            bits: bits.bits()?.to_vec(),
        })
    }
}

impl Leaf {
    pub(crate) fn of(der: &[u8]) -> Result<Self> {
        let [serial_number, _, _issuer, validity, subject, _] = fields(der)?;
        let [not_before, not_after] = validity.fields()?;
        let subject = Name::from_der(subject.whole).map_err(|_| subject.damaged())?;
        let mut names = subject.iter();
        let common_name = names.find(|name| name.oid == COMMON_NAME);
        let common_name = common_name.and_then(|name| str::from_utf8(name.value.value()).ok());
        let serial = match serial_number.contents {
            // A first byte of 0 only makes the number positive.
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        Ok(Self {
            serial_number: serial.iter().map(|byte| format!("{byte:02X}")).collect(),
            common_name: common_name.map(str::to_owned),
            subject: subject.to_string(),
            not_before: time(&not_before)?,
            not_after: time(&not_after)?,
        })
    }
}

fn time(element: &Element<'_>) -> Result<SystemTime> {
    // `UTCTime` has the last two digits of a year from 1950 on, `GeneralizedTime` has four.
    let is_before_1970 = match element.tag {
        0x17 => matches!(element.contents, [b'5' | b'6', ..]),
        _ => element.contents < b"1970".as_slice(),
    };
    if is_before_1970 {
        return Ok(SystemTime::UNIX_EPOCH);
    }
    let time = Time::from_der(element.whole).map_err(|_| element.damaged())?;
    Ok(SystemTime::UNIX_EPOCH + time.to_date_time().unix_duration())
}

/// The chain with the client's own certificate, which is at `own`, first. If it is not first
/// already, each certificate is followed by its issuer's, and the others are left out.
pub(crate) fn order(mut chain: Vec<Vec<u8>>, own: usize) -> Result<Vec<Vec<u8>>> {
    if own == 0 {
        return Ok(chain);
    }
    let (mut ordered, mut next) = (Vec::new(), Some(own));
    // A certificate is removed when it is used, so that a circle ends.
    while let Some(at) = next {
        let certificate = chain.swap_remove(at);
        let [_, _, issuer, ..] = fields(&certificate)?;
        let is_issuer = |other: &Vec<u8>| {
            fields(other).is_ok_and(|[_, _, _, _, subject, _]| subject.whole == issuer.whole)
        };
        next = chain.iter().position(is_issuer);
        ordered.push(certificate);
    }
    Ok(ordered)
}
