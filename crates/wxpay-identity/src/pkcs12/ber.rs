//! From BER to DER, as far as PKCS#12 needs it.
//!
//! Files of older Windows and Java libraries have indefinite lengths, lengths with leading zeros, and
//! octet strings in pieces; what reads them here knows DER alone. Everything else that DER forbids
//! (the order in a set, booleans that are not 0xFF) is left as it is.

/// Deeper than any PKCS#12 file, and far from the end of the stack.
const DEPTH: usize = 32;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
/// `[0]`, primitive and constructed.
const CONTEXT_0: u8 = 0x80;
pub(super) const EXPLICIT_0: u8 = CONTEXT_0 | CONSTRUCTED;
const END_OF_CONTENTS: [u8; 2] = [0, 0];
/// `pkcs7-data`, with tag and length.
pub(super) const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

/// The one element in DER; nothing, where it is no BER, nested too deeply, or followed by more.
pub(super) fn to_der(bytes: &[u8]) -> Option<Vec<u8>> {
    convert(bytes, false)
}

/// The same, and what is inside of the octet strings that hold `pkcs7-data` too.
pub(super) fn to_der_deeply(bytes: &[u8]) -> Option<Vec<u8>> {
    convert(bytes, true)
}

/// The elements one after the other, each as tag and contents, of what is DER already.
pub(super) fn elements(der: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut reader = Reader {
        rest: der,
        deeply: false,
    };
    let mut elements = Vec::new();
    while !reader.rest.is_empty() {
        let tag = reader.byte()?;
        let length = reader.length()??;
        elements.push((tag, reader.take(length)?));
    }
    Some(elements)
}

fn convert(bytes: &[u8], deeply: bool) -> Option<Vec<u8>> {
    let mut reader = Reader {
        rest: bytes,
        deeply,
    };
    let element = reader.element(0)?;
    reader.rest.is_empty().then_some(element.der)
}

struct Reader<'a> {
    rest: &'a [u8],
    deeply: bool,
}

/// One element, written in DER.
pub(super) struct Element {
    tag: u8,
    pub(super) der: Vec<u8>,
    /// How many bytes of `der` are tag and length.
    head: usize,
}

impl Element {
    pub(super) fn new(tag: u8, contents: &[u8]) -> Self {
        let mut der = vec![tag];
        match contents.len() {
            length @ 0..0x80 => der.push(length as u8),
            length => {
                let bytes = length.to_be_bytes();
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                der.push(0x80 | (bytes.len() - zeros) as u8);
                der.extend_from_slice(&bytes[zeros..]);
            }
        }
        let head = der.len();
        der.extend_from_slice(contents);
        Self { tag, der, head }
    }

    fn contents(&self) -> &[u8] {
        &self.der[self.head..]
    }
}

impl Reader<'_> {
    fn element(&mut self, depth: usize) -> Option<Element> {
        if depth > DEPTH {
            return None;
        }
        let tag = self.byte()?;
        // PKCS#12 has no tag of more than one byte.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let length = self.length()?;
        if tag & CONSTRUCTED == 0 {
            return Some(Element::new(tag, self.take(length?)?));
        }
        let children = match length {
            Some(length) => {
                let contents = self.take(length)?;
                let mut inner = Reader {
                    rest: contents,
                    deeply: self.deeply,
                };
                let mut children = Vec::new();
                while !inner.rest.is_empty() {
                    children.push(inner.element(depth + 1)?);
                }
                children
            }
            None => {
                let mut children = Vec::new();
                while !self.rest.starts_with(&END_OF_CONTENTS) {
                    children.push(self.element(depth + 1)?);
                }
                self.take(END_OF_CONTENTS.len())?;
                children
            }
        };
        self.constructed(tag, children, depth)
    }

    fn constructed(&self, tag: u8, mut children: Vec<Element>, depth: usize) -> Option<Element> {
        if tag == OCTET_STRING | CONSTRUCTED {
            return Some(Element::new(OCTET_STRING, &join(&children)?));
        }
        if tag == SEQUENCE {
            match &mut children[..] {
                // EncryptedContentInfo: its `[0]` is an octet string itself, here in pieces.
                [first, algorithm, contents]
                    if first.tag == OBJECT_IDENTIFIER
                        && algorithm.tag == SEQUENCE
                        && contents.tag == EXPLICIT_0 =>
                {
                    *contents = Element::new(CONTEXT_0, &pieces(contents.contents())?);
                }
                // ContentInfo of data: what the octet string holds is BER again.
                [first, contents]
                    if self.deeply && first.der == DATA && contents.tag == EXPLICIT_0 =>
                {
                    let mut reader = Reader {
                        rest: contents.contents(),
                        deeply: false,
                    };
                    let string = reader.element(depth + 1)?;
                    let mut reader = Reader {
                        rest: string.contents(),
                        deeply: true,
                    };
                    let held = reader.element(depth + 1)?;
                    if !reader.rest.is_empty() {
                        return None;
                    }
                    let string = Element::new(OCTET_STRING, &held.der);
                    *contents = Element::new(EXPLICIT_0, &string.der);
                }
                _ => {}
            }
        }
        let contents: Vec<u8> = children.into_iter().flat_map(|child| child.der).collect();
        Some(Element::new(tag, &contents))
    }

    /// The length, or none where it is indefinite.
    fn length(&mut self) -> Option<Option<usize>> {
        match self.byte()? {
            0x80 => Some(None),
            short @ 0..0x80 => Some(Some(short.into())),
            long => {
                let mut length = 0usize;
                for byte in self.take(usize::from(long & 0x7f))? {
                    length = length.checked_mul(0x100)? + usize::from(*byte);
                }
                Some(Some(length))
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// What octet strings hold together.
fn join(children: &[Element]) -> Option<Vec<u8>> {
    let mut joined = Vec::new();
    for child in children {
        if child.tag != OCTET_STRING {
            return None;
        }
        joined.extend_from_slice(child.contents());
    }
    Some(joined)
}

/// The same of octet strings that are DER already.
fn pieces(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader {
        rest: der,
        deeply: false,
    };
    let mut children = Vec::new();
    while !reader.rest.is_empty() {
        children.push(reader.element(DEPTH)?);
    }
    join(&children)
}

#[cfg(test)]
mod tests;
