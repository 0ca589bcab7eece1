use proptest::prelude::*;

use super::*;

#[test]
fn what_ber_allows_becomes_der() {
    for (ber, der) in [
        // Indefinite, and within one another.
        (
            &b"\x30\x80\x02\x01\x03\0\0"[..],
            &b"\x30\x03\x02\x01\x03"[..],
        ),
        (b"\x30\x80\x30\x80\0\0\0\0", b"\x30\x02\x30\x00"),
        // More bytes for a length than it needs.
        (b"\x30\x83\0\0\x03\x02\x01\x03", b"\x30\x03\x02\x01\x03"),
        // Octet strings in pieces, of pieces.
        (b"\x24\x80\x04\x01a\x04\x02bc\0\0", b"\x04\x03abc"),
        (b"\x24\x07\x04\x01a\x24\x02\x04\0", b"\x04\x01a"),
        // Explicit: an octet string in it stays.
        (b"\xa0\x80\x24\x80\x04\x01a\0\0\0\0", b"\xa0\x03\x04\x01a"),
        // Implicit, in an EncryptedContentInfo: it is the octet string.
        (
            b"\x30\x80\x06\x01\x2a\x30\x00\xa0\x80\x04\x01a\x04\x01b\0\0\0\0",
            b"\x30\x09\x06\x01\x2a\x30\x00\x80\x02ab",
        ),
    ] {
        assert_eq!(to_der(ber).as_deref(), Some(der), "{ber:02x?}");
    }
}

#[test]
fn what_data_holds_is_converted_only_deeply() {
    let held = b"\x30\x80\x02\x01\x03\0\0";
    let content = |held: &[u8]| {
        let string = Element::new(EXPLICIT_0, &Element::new(OCTET_STRING, held).der);
        Element::new(SEQUENCE, &[DATA, &string.der].concat()).der
    };
    let file = content(held);
    assert_eq!(to_der(&file).as_ref(), Some(&file));
    let deeply = to_der_deeply(&file).unwrap();
    assert_eq!(deeply, content(b"\x30\x03\x02\x01\x03"));
    assert_eq!(to_der_deeply(&content(b"no BER")), None);
}

#[test]
fn what_is_no_ber_is_refused() {
    for bytes in [
        &b""[..],
        b"\x30",
        b"\x30\x05\x02\x01\x03",
        b"\x30\x80\x02\x01\x03",
        b"\x30\x03\x02\x01\x03\0",
        // Indefinite, but not constructed.
        b"\x04\x80a\0\0",
        // A tag of more than one byte, a length of more bytes than there can be.
        b"\x1f\x81\x01\0",
        b"\x30\x89\x01\0\0\0\0\0\0\0\0",
        // Something else among the pieces of an octet string.
        b"\x24\x03\x02\x01\x03",
    ] {
        assert_eq!(to_der(bytes), None, "{bytes:02x?}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
    assert!(to_der(&nested(DEPTH)).is_some());
    assert_eq!(to_der(&nested(DEPTH + 2)), None);
    assert_eq!(to_der(&[0x30, 0x80].repeat(500_000)), None);
}

/// An element as a tree, written in DER or in one of the forms that BER allows.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(u8, Vec<u8>),
    Node(u8, Vec<Tree>),
}

impl Tree {
    fn der(&self) -> Vec<u8> {
        match self {
            Self::Leaf(tag, contents) => Element::new(*tag, contents).der,
            Self::Node(tag, children) => {
                let contents: Vec<u8> = children.iter().flat_map(Self::der).collect();
                Element::new(*tag, &contents).der
            }
        }
    }

    /// Indefinite lengths, and octet strings in pieces of two bytes.
    fn ber(&self) -> Vec<u8> {
        match self {
            Self::Leaf(OCTET_STRING, contents) => {
                let pieces = contents
                    .chunks(2)
                    .map(|piece| Element::new(OCTET_STRING, piece).der);
                let pieces: Vec<u8> = pieces.flatten().collect();
                [&[0x24, 0x80], &pieces[..], &END_OF_CONTENTS].concat()
            }
            Self::Leaf(..) => self.der(),
            Self::Node(tag, children) => {
                let contents: Vec<u8> = children.iter().flat_map(Self::ber).collect();
                [&[*tag, 0x80], &contents[..], &END_OF_CONTENTS].concat()
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let contents = prop::collection::vec(any::<u8>(), 0..200);
    let leaf = (prop::sample::select(vec![0x02, 0x04, 0x0c, 0x80]), contents)
        .prop_map(|(tag, contents)| Tree::Leaf(tag, contents));
    leaf.prop_recursive(5, 40, 5, |inner| {
        let children = prop::collection::vec(inner, 0..5);
        (prop::sample::select(vec![0x30, 0x31, 0xa0, 0xa1]), children)
            .prop_map(|(tag, children)| Tree::Node(tag, children))
    })
}

proptest! {
    #[test]
    fn der_stays_as_it_is(tree in tree()) {
        let der = tree.der();
        prop_assert_eq!(to_der(&der), Some(der));
    }

    #[test]
    fn ber_becomes_the_same_der(tree in tree()) {
        prop_assert_eq!(to_der(&tree.ber()), Some(tree.der()));
    }

    #[test]
    fn anything_else_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for converted in [to_der(&bytes), to_der_deeply(&bytes)].into_iter().flatten() {
            prop_assert_eq!(to_der(&converted), Some(converted));
        }
    }
}
