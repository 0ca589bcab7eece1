//! The outermost layer of a PKCS#12 file.
//!
//! ```text
//! PFX ::= SEQUENCE { version INTEGER, authSafe ContentInfo, macData MacData OPTIONAL }
//! ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT OCTET STRING }
//! ```
//!
//! (RFC 7292, section 4, as far as it is used with passwords.)

use super::ber::{
    DATA, EXPLICIT_0, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, elements,
};

pub(super) struct Parts<'a> {
    /// What the MAC is over: the inner part, in whatever encoding.
    pub(super) contents: &'a [u8],
    pub(super) has_mac: bool,
}

pub(super) fn parts(der: &[u8]) -> Option<Parts<'_>> {
    let [(SEQUENCE, pfx)] = elements(der)?[..] else {
        return None;
    };
    let fields = elements(pfx)?;
    let [(INTEGER, _), (SEQUENCE, safe), mac @ ..] = &fields[..] else {
        return None;
    };
    let [(OBJECT_IDENTIFIER, kind), (EXPLICIT_0, content)] = elements(safe)?[..] else {
        return None;
    };
    let [(OCTET_STRING, contents)] = elements(content)?[..] else {
        return None;
    };
    let is_data = DATA.ends_with(kind) && DATA.len() == kind.len() + 2;
    is_data.then_some(Parts {
        contents,
        has_mac: !mac.is_empty(),
    })
}

/// A file of this inner part alone.
pub(super) fn without_mac(contents: &[u8]) -> Vec<u8> {
    const VERSION_3: &[u8] = &[INTEGER, 1, 3];
    let contents = Element::new(OCTET_STRING, contents).der;
    let contents = Element::new(EXPLICIT_0, &contents).der;
    let safe = Element::new(SEQUENCE, &[DATA, &contents].concat()).der;
    Element::new(SEQUENCE, &[VERSION_3, &safe].concat()).der
}
