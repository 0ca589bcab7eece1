//! Any input is read or refused within the limits, and an error points into the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_xml::{Fields, Limits};

fuzz_target!(|input: &[u8]| {
    let [max_bytes, max_fields, document @ ..] = input else {
        return;
    };
    let (max_bytes, max_fields) = (usize::from(*max_bytes) * 16, usize::from(*max_fields));
    let limits = Limits {
        max_bytes,
        max_fields,
    };

    match Fields::parse_with(document, limits) {
        Ok(fields) => {
            assert!(document.len() <= max_bytes, "longer than allowed");
            assert!(fields.len() <= max_fields, "more fields than allowed");
            assert_eq!(fields.iter().count(), fields.len());
            for (name, value) in &fields {
                assert_eq!(fields.get(name), Some(value));
            }
            // Wider limits give the same fields.
            let wide = Limits {
                max_bytes: usize::MAX,
                max_fields: usize::MAX,
            };
            assert_eq!(Fields::parse_with(document, wide).as_ref(), Ok(&fields));
        }
        Err(error) => {
            assert!(error.offset() <= document.len(), "points behind the input");
            assert!(error.to_string().len() < 1000, "as long as the input");
        }
    }
});
