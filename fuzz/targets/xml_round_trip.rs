//! Fields that are written are read back as the same, and are written in one way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_xml::{Fields, Limits};

fuzz_target!(|document: &[u8]| {
    let wide = Limits {
        max_bytes: usize::MAX,
        max_fields: usize::MAX,
    };
    let Ok(fields) = Fields::parse_with(document, wide) else {
        return;
    };
    let written = fields.to_xml();
    let again = Fields::parse_with(&written, wide).expect("written fields are read");
    assert_eq!(again, fields);
    assert_eq!(again.to_xml(), written);

    // Fields that are built by hand are the same.
    let mut built = Fields::new();
    for (name, value) in &fields {
        built
            .push(name, value)
            .expect("fields that were read are valid");
    }
    assert_eq!(built, fields);
    assert_eq!(fields.clone().into_owned(), fields);
});
