//! Properties of any input, and of any fields.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use wxpay_xml::{Fields, Limits, from_fields};

use crate::documents::{character, document, fragments, name};

/// Any value that can be written.
fn value() -> impl Strategy<Value = String> {
    let markup = select(vec!["\r", "]]>", "<![CDATA[", "&#13;"]);
    let piece = prop_oneof![
        character().prop_map(String::from),
        markup.prop_map(str::to_owned)
    ];
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Checks an input, which may be a document or not.
fn check(input: &[u8]) -> Result<(), TestCaseError> {
    match Fields::parse(input) {
        Ok(fields) => {
            let xml = fields.to_xml();
            // The written document may be longer than the default limit.
            let limits = Limits {
                max_bytes: usize::MAX,
                ..Limits::default()
            };
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
    fn written_fields_are_read_back(pairs in btree_map(name(), value(), 0..20)) {
        let fields = Fields::from_pairs(&pairs).unwrap();
        let xml = fields.to_xml();
        prop_assert_eq!(&Fields::parse(&xml).unwrap(), &fields);
        prop_assert!(!xml.contains('\r'));
        prop_assert_eq!(from_fields::<BTreeMap<String, String>>(&fields).unwrap(), pairs);
    }

    #[test]
    fn a_document_has_the_fields_that_it_was_made_of(document in document()) {
        let fields = Fields::parse(&document.xml).unwrap();
        let expected = document.fields.iter().map(|(name, value)| (&**name, &**value));
        prop_assert!(fields.iter().eq(expected), "{fields:?}");
        for (name, value) in &document.fields {
            prop_assert_eq!(fields.get(name), Some(&**value));
        }
    }

    #[test]
    fn a_damaged_document_is_read_or_refused(
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
    fn any_bytes_are_read_or_refused(input in vec(any::<u8>(), 0..200)) {
        check(&input)?;
        check(&[b"<xml><a>", &*input, b"</a></xml>"].concat())?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_fragments_are_read_or_refused(input in fragments()) {
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
