//! Elements of DER and of BER, in which older PKCS#12 files are written: indefinite lengths,
//! lengths with leading zeros, and octet strings in pieces.

use std::borrow::Cow;

use x509_cert::der::oid::ObjectIdentifier;
use zeroize::Zeroizing;

#[cfg(feature = "encrypted-pem")]
use crate::error::algorithm_name;
use crate::{IdentityError, Part, error::Result};

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[0]` and `[1]`, explicit.
pub(crate) const EXPLICIT_0: u8 = 0xa0;
pub(crate) const EXPLICIT_1: u8 = 0xa1;

const CONSTRUCTED: u8 = 0x20;
/// PKCS#12 files are about 12 deep; the stack holds thousands.
const MAX_DEPTH: usize = 32;

/// A tag with its contents, and the file that errors name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    /// Tag, length and contents.
    pub(crate) whole: &'a [u8],
    pub(crate) part: Part,
}

impl<'a> Element<'a> {
    /// The first element of these bytes; more may follow.
    pub(crate) fn first(bytes: &'a [u8], part: Part) -> Result<Self> {
        let (element, _rest) = Self::split(bytes, part, 0).ok_or(IdentityError::Damaged(part))?;
        Ok(element)
    }

    pub(crate) fn damaged(&self) -> IdentityError {
        IdentityError::Damaged(self.part)
    }

    /// The error for an algorithm that is not supported.
    #[cfg(feature = "encrypted-pem")]
    pub(crate) fn unsupported<T>(&self, oid: &str) -> Result<T> {
        let (part, algorithm) = (self.part, algorithm_name(oid));
        Err(IdentityError::UnsupportedEncryption { part, algorithm })
    }

    fn split(bytes: &'a [u8], part: Part, depth: usize) -> Option<(Self, &'a [u8])> {
        let [tag, length, rest @ ..] = bytes else {
            return None;
        };
        // None of the formats read here has a tag of several bytes.
        if depth > MAX_DEPTH || tag & 0x1f == 0x1f {
            return None;
        }
        let (contents, rest) = match *length {
            0x80 if tag & CONSTRUCTED == 0 => return None,
            // Indefinite: up to the end of contents.
            0x80 => {
                let mut after = rest;
                loop {
                    if let Some(end) = after.strip_prefix(&[0, 0]) {
                        break (&rest[..rest.len() - after.len()], end);
                    }
                    (_, after) = Self::split(after, part, depth + 1)?;
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
        let element = Self {
            tag: *tag,
            contents,
            whole: &bytes[..bytes.len() - rest.len()],
            part,
        };
        Some((element, rest))
    }

    /// The elements inside.
    pub(crate) fn children(&self) -> Result<Vec<Self>> {
        let mut rest = self.contents;
        let mut children = Vec::new();
        while !rest.is_empty() {
            let child;
            (child, rest) = Self::split(rest, self.part, 0).ok_or_else(|| self.damaged())?;
            children.push(child);
        }
        Ok(children)
    }

    /// The first elements inside; there may be more.
    pub(crate) fn head<const N: usize>(&self) -> Result<[Self; N]> {
        let children = self.children()?;
        let head = children.first_chunk().copied();
        head.ok_or_else(|| self.damaged())
    }

    /// The first element inside with this tag.
    pub(crate) fn find(&self, tag: u8) -> Result<Option<Self>> {
        Ok(self.children()?.into_iter().find(|child| child.tag == tag))
    }

    /// The elements inside, if there are exactly this many.
    pub(crate) fn fields<const N: usize>(&self) -> Result<[Self; N]> {
        self.children()?.try_into().map_err(|_| self.damaged())
    }

    /// The element inside of an explicit tag.
    pub(crate) fn explicit(&self) -> Result<Self> {
        Self::first(self.contents, self.part)
    }

    /// The value of an octet string, of any tag.
    pub(crate) fn octets(&self) -> Result<Cow<'a, [u8]>> {
        self.octets_within(0)
    }

    fn octets_within(&self, depth: usize) -> Result<Cow<'a, [u8]>> {
        if self.tag & CONSTRUCTED == 0 {
            return Ok(self.contents.into());
        }
        let mut joined = Vec::new();
        for piece in self.children()? {
            if depth > MAX_DEPTH || piece.tag & !CONSTRUCTED != OCTET_STRING {
                return Err(self.damaged());
            }
            joined.extend_from_slice(&piece.octets_within(depth + 1)?);
        }
        Ok(joined.into())
    }

    /// The value of a bit string of whole bytes.
    pub(crate) fn bits(&self) -> Result<&'a [u8]> {
        match (self.tag, self.contents) {
            (BIT_STRING, [0, bits @ ..]) => Ok(bits),
            _ => Err(self.damaged()),
        }
    }

    /// The value of an integer that is not negative, and at most `u64::MAX`.
    pub(crate) fn integer(&self) -> Result<u64> {
        match (self.tag, self.contents) {
            (INTEGER, [0..0x80, ..]) => Ok(self.contents.iter().fold(0_u64, |value, byte| {
                value.saturating_mul(0x100).saturating_add((*byte).into())
            })),
            _ => Err(self.damaged()),
        }
    }

    /// An object identifier with dots, or the one at the beginning of a sequence.
    pub(crate) fn oid(&self) -> Result<String> {
        match self.tag {
            OBJECT_IDENTIFIER => {
                let oid = ObjectIdentifier::from_bytes(self.contents);
                oid.map_err(|_| self.damaged()).map(|oid| oid.to_string())
            }
            SEQUENCE => self.explicit()?.oid(),
            _ => Err(self.damaged()),
        }
    }
}

/// Writes an element of these parts in DER.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let contents = Zeroizing::new(parts.concat());
    let length = contents.len().to_be_bytes();
    let octets = &length[length.iter().take_while(|octet| **octet == 0).count()..];
    Zeroizing::new(match contents.len() {
        short @ 0..0x80 => [&[tag, short as u8], &contents[..]].concat(),
        _ => [&[tag, 0x80 | octets.len() as u8], octets, &contents].concat(),
    })
}
