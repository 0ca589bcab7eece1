//! Properties of every input.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use wxpay_xml::{ErrorKind, Fields, from_fields};

use crate::documents::{character, document, name, soup};

/// Any value that can be written.
fn value() -> impl Strategy<Value = String> {
    let markup = select(vec!["\r", "]]>", "<![CDATA[", "&#13;"]);
    let piece = prop_oneof![
        character().prop_map(String::from),
        markup.prop_map(str::to_owned)
    ];
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Checks what holds of any input, whether or not it is a document.
fn check(input: &[u8]) -> Result<(), TestCaseError> {
    match Fields::parse(input) {
        Ok(fields) => {
            let xml = fields.to_xml();
            // Writing may make a document longer, but not by more than a section for each `&#13;`.
            let limits = wxpay_xml::Limits::new().max_bytes(usize::MAX);
            prop_assert_eq!(&Fields::parse_with(&xml, limits).unwrap(), &fields);
            prop_assert_eq!(&fields.clone().into_owned(), &fields);
        }
        Err(error) => {
            prop_assert!(error.offset() <= input.len());
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_is_read(pairs in btree_map(name(), value(), 0..20)) {
        let fields = Fields::from_pairs(&pairs).unwrap();
        let xml = fields.to_xml();
        prop_assert_eq!(&Fields::parse(&xml).unwrap(), &fields);
        prop_assert!(!xml.contains('\r'));
        prop_assert_eq!(from_fields::<BTreeMap<String, String>>(&fields).unwrap(), pairs);
    }

    #[test]
    fn documents_are_read_as_meant(document in document()) {
        let fields = Fields::parse(&document.xml).unwrap();
        let expected = document.fields.iter().map(|(name, value)| (&**name, &**value));
        prop_assert!(fields.iter().eq(expected), "{fields:?}");
        for (name, value) in &document.fields {
            prop_assert_eq!(fields.get(name), Some(&**value));
        }
    }

    #[test]
    fn cut_documents_are_refused(document in document(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(document.xml.trim_end().len());
        let error = Fields::parse(&document.xml.as_bytes()[..cut]).unwrap_err();
        let expected = [ErrorKind::Truncated, ErrorKind::NoRoot, ErrorKind::InvalidUtf8];
        prop_assert!(expected.contains(&error.kind()), "{error}");
    }

    #[test]
    fn damaged_documents_do_no_harm(
        document in document(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut damaged = document.xml.into_bytes();
        let at = at.index(damaged.len());
        damaged[at] = byte;
        check(&damaged)?;
        damaged.remove(at);
        check(&damaged)?;
        damaged.insert(at, b'<');
        check(&damaged)?;
    }

    #[test]
    fn any_bytes_do_no_harm(input in vec(any::<u8>(), 0..200)) {
        check(&input)?;
    }

    #[test]
    fn bytes_within_a_value_do_no_harm(input in vec(any::<u8>(), 0..50)) {
        check(&[b"<xml><a>", &*input, b"</a></xml>"].concat())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn soup_does_no_harm(input in soup()) {
        check(input.as_bytes())?;
    }

    #[test]
    fn a_field_is_pushed_or_refused(name in "\\PC{0,3}", value in any::<String>()) {
        let mut fields = Fields::new();
        match fields.push(name.clone(), value) {
            Ok(()) => {
                let xml = fields.to_xml();
                prop_assert_eq!(Fields::parse(&xml).unwrap(), fields);
            }
            Err(error) => {
                prop_assert!(error.to_string().contains(&format!("{name:?}")), "{}", error);
                prop_assert!(fields.is_empty());
            }
        }
    }
}
