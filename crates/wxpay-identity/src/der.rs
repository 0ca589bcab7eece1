//! Elements of DER, and of what BER allows besides: indefinite lengths, lengths with leading zeros,
//! and octet strings in pieces. PKCS#12 files of older Windows and Java libraries have them.

use std::{borrow::Cow, fmt::Write};

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[0]` and `[1]`, explicit.
pub(crate) const EXPLICIT_0: u8 = 0xa0;
pub(crate) const EXPLICIT_1: u8 = 0xa1;

const CONSTRUCTED: u8 = 0x20;
const END_OF_CONTENTS: &[u8] = &[0, 0];
/// PKCS#12 files are about 12 deep; the stack holds thousands.
const MAX_DEPTH: usize = 32;

/// A tag with its contents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    /// Tag, length and contents.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first element and what follows it, unless it is cut, or no BER.
    pub(crate) fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        Self::split_within(bytes, 0)
    }

    fn split_within(bytes: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        let [tag, length, rest @ ..] = bytes else {
            return None;
        };
        // None of the formats read here has a tag of several bytes.
        if depth > MAX_DEPTH || tag & 0x1f == 0x1f {
            return None;
        }
        let (contents, rest) = match *length {
            0x80 if tag & CONSTRUCTED == 0 => return None,
            0x80 => {
                let mut after = rest;
                loop {
                    if let Some(end) = after.strip_prefix(END_OF_CONTENTS) {
                        break (&rest[..rest.len() - after.len()], end);
                    }
                    (_, after) = Self::split_within(after, depth + 1)?;
                }
            }
            length @ 0..0x80 => rest.split_at_checked(length.into())?,
            length => {
                let (octets, rest) = rest.split_at_checked((length & 0x7f).into())?;
                let length = octets.iter().try_fold(0_usize, |length, octet| {
                    Some(length.checked_mul(0x100)? + usize::from(*octet))
                });
                rest.split_at_checked(length?)?
            }
        };
        let whole = &bytes[..bytes.len() - rest.len()];
        let tag = *tag;
        Some((
            Self {
                tag,
                contents,
                whole,
            },
            rest,
        ))
    }

    /// The elements inside.
    pub(crate) fn children(&self) -> Option<Vec<Self>> {
        let mut rest = self.contents;
        let mut children = Vec::new();
        while !rest.is_empty() {
            let child;
            (child, rest) = Self::split(rest)?;
            children.push(child);
        }
        Some(children)
    }

    /// The value of an octet string, or of an implicit one, whatever its tag.
    pub(crate) fn octets(&self) -> Option<Cow<'a, [u8]>> {
        self.octets_within(0)
    }

    fn octets_within(&self, depth: usize) -> Option<Cow<'a, [u8]>> {
        if self.tag & CONSTRUCTED == 0 {
            return Some(self.contents.into());
        }
        let mut joined = Vec::new();
        for piece in self.children()? {
            if depth > MAX_DEPTH || piece.tag & !CONSTRUCTED != OCTET_STRING {
                return None;
            }
            joined.extend_from_slice(&piece.octets_within(depth + 1)?);
        }
        Some(joined.into())
    }

    /// The value of a bit string of whole bytes.
    pub(crate) fn bits(&self) -> Option<&'a [u8]> {
        match (self.tag, self.contents) {
            (BIT_STRING, [0, bits @ ..]) => Some(bits),
            _ => None,
        }
    }

    /// The value of an integer that is not negative; the greatest one in place of greater ones.
    pub(crate) fn integer(&self) -> Option<u64> {
        match (self.tag, self.contents) {
            (INTEGER, [0..0x80, ..]) => Some(self.contents.iter().fold(0_u64, |value, byte| {
                value.saturating_mul(0x100).saturating_add((*byte).into())
            })),
            _ => None,
        }
    }

    /// An object identifier in dots; of an algorithm's sequence, its first one.
    pub(crate) fn oid(&self) -> Option<String> {
        let contents = match self.tag {
            OBJECT_IDENTIFIER => self.contents,
            SEQUENCE => return Self::split(self.contents)?.0.oid(),
            _ => return None,
        };
        let mut text = String::new();
        let mut arc = 0_u64;
        for byte in contents {
            arc = arc.checked_mul(0x80)? + u64::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            match text.is_empty() {
                true => write!(
                    text,
                    "{}.{}",
                    (arc / 40).min(2),
                    arc - (arc / 40).min(2) * 40
                ),
                false => write!(text, ".{arc}"),
            }
            .ok()?;
            arc = 0;
        }
        (!text.is_empty()).then_some(text)
    }
}

/// An element of these parts, written in DER.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => der.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            der.push(0x80 | (octets.len() - zeros) as u8);
            der.extend_from_slice(&octets[zeros..]);
        }
    }
    parts.iter().for_each(|part| der.extend_from_slice(part));
    der
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(bytes: &[u8]) -> Option<Element<'_>> {
        let (element, rest) = Element::split(bytes)?;
        rest.is_empty().then_some(element)
    }

    #[test]
    fn what_ber_allows_is_read() {
        for (ber, children) in [
            // Indefinite, and within one another.
            (&b"\x30\x80\x02\x01\x03\0\0"[..], 1),
            (b"\x30\x80\x30\x80\0\0\x30\x80\x30\x80\0\0\0\0\0\0", 2),
            // More bytes for a length than it needs.
            (b"\x30\x83\0\0\x03\x02\x01\x03", 1),
        ] {
            let read = whole(ber).unwrap().children().unwrap();
            assert_eq!(read.len(), children, "{ber:02x?}");
        }
        for (ber, octets) in [
            (&b"\x04\x03abc"[..], &b"abc"[..]),
            (b"\x24\x80\x04\x01a\x04\x02bc\0\0", b"abc"),
            (b"\x24\x07\x04\x01a\x24\x02\x04\0", b"a"),
            (b"\xa0\x80\x04\x01a\x04\x01b\0\0", b"ab"),
            (b"\x80\x02ab", b"ab"),
        ] {
            assert_eq!(whole(ber).unwrap().octets().unwrap(), octets, "{ber:02x?}");
        }
        assert_eq!(whole(b"\x24\x03\x02\x01\x03").unwrap().octets(), None);
    }

    #[test]
    fn what_is_no_ber_is_refused() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x05\x02\x01\x03",
            b"\x30\x80\x02\x01\x03",
            // Indefinite, but not constructed.
            b"\x04\x80a\0\0",
            // A tag of more than one byte, a length of more bytes than there can be.
            b"\x1f\x81\x01\0",
            b"\x30\x89\x01\0\0\0\0\0\0\0\0",
        ] {
            assert!(Element::split(bytes).is_none(), "{bytes:02x?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(whole(&nested(MAX_DEPTH)).is_some());
        assert!(whole(&nested(MAX_DEPTH + 2)).is_none());
        assert!(whole(&[0x30, 0x80].repeat(500_000)).is_none());
    }

    #[test]
    fn object_identifiers_are_in_dots() {
        for (der, expected) in [
            (&b"\x06\x03\x55\x04\x03"[..], Some("2.5.4.3")),
            (b"\x06\x03\x2b\x65\x70", Some("1.3.101.112")),
            (b"\x06\x03\x88\x37\x01", Some("2.999.1")),
            (b"\x30\x07\x06\x03\x2b\x65\x70\x05\x00", Some("1.3.101.112")),
            (b"\x06\x00", None),
            (b"\x06\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", None),
        ] {
            assert_eq!(whole(der).unwrap().oid().as_deref(), expected, "{der:02x?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 1_u8..0x1f, value in prop::collection::vec(any::<u8>(), 0..300)) {
            let der = write(tag, &[&value[..value.len() / 2], &value[value.len() / 2..]]);
            let element = whole(&der).unwrap();
            prop_assert_eq!((element.tag, element.contents), (tag, &value[..]));
        }

        #[test]
        fn anything_else_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Some((element, rest)) = Element::split(&bytes) {
                prop_assert_eq!([element.whole, rest].concat(), bytes.clone());
                let _ = (element.children().is_some(), element.octets(), element.bits());
                let _ = (element.integer(), element.oid());
            }
        }
    }
}
