//! Up to 16 parameters are signed, checked and shown without an allocation.
//!
//! In a test program of its own: the counter is a global allocator.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    hint::black_box,
    io::{Cursor, Write as _},
};

use allocation_counter::measure;
use wxpay_sign::{ApiKey, Params, SignType};

const NAMES: [&str; 17] = [
    "q", "p", "o", "n", "m", "l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a",
];

/// `count` parameters that are signed, among some that are not.
fn pairs(count: usize) -> impl Iterator<Item = (&'static str, &'static str)> {
    let dropped = [("empty", ""), ("sign", "5A"), ("empty", ""), ("sign", "")];
    dropped
        .into_iter()
        .chain(NAMES.into_iter().take(count).map(|name| (name, "value")))
}

fn key() -> ApiKey {
    ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
}

#[test]
fn sixteen_parameters_allocate_nothing() {
    let key = key();
    for count in 0..=16 {
        let info = measure(|| {
            let params = Params::new(pairs(count)).unwrap();
            assert_eq!(params.iter().len(), count);
            for sign_type in SignType::ALL {
                let sign = params.sign(sign_type, &key);
                let signed = Params::new(params.iter().chain([("sign", sign.as_str())])).unwrap();
                assert_eq!(signed.verify(&key), Ok(sign_type));
            }
            let mut buffer = Cursor::new([0_u8; 512]);
            write!(buffer, "{}", params.canonical().masked()).unwrap();
            black_box(buffer);
        });
        assert_eq!(info.count_total, 0, "{count} parameters");
    }
}

/// The counter counts: the seventeenth parameter does not fit in line.
#[test]
fn seventeen_parameters_allocate_once_and_signing_them_not_at_all() {
    let key = key();
    let made = measure(|| drop(black_box(Params::new(pairs(17)).unwrap())));
    assert_eq!(made.count_current, 0);
    assert_eq!(made.count_total, 1);

    let params = Params::new(pairs(17)).unwrap();
    let signed = measure(|| {
        for sign_type in SignType::ALL {
            black_box(params.sign(sign_type, &key));
        }
    });
    assert_eq!(signed.count_total, 0);
}
