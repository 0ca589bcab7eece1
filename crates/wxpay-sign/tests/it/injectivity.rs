//! The laws of `docs/protocol.md`, "What a signature says", on different parameters with one
//! canonical string, and so with one signature.

use proptest::prelude::*;
use wxpay_sign::{ApiKey, Params, SignType};

use crate::properties::{Pairs, canonical};

/// Every set of parameters with this canonical string, which may be cut at any `&` and each piece
/// at any `=`, as long as the names ascend and no value is empty.
fn readings(text: &str) -> Vec<Pairs> {
    if text.is_empty() {
        return vec![Pairs::new()];
    }
    let after = |name: &str, rest: &Pairs| rest.first().is_none_or(|(next, _)| name < next);
    let ends = text.match_indices('&').map(|(at, _)| at);
    let ends = ends.chain([text.len()]);
    ends.flat_map(|end| {
        let rests = match text.get(end + 1..) {
            // Nothing follows the separator.
            Some("") => Vec::new(),
            rest => readings(rest.unwrap_or_default()),
        };
        let pair = &text[..end];
        let cuts = pair.match_indices('=');
        let cuts = cuts.map(|(at, _)| (&pair[..at], &pair[at + 1..]));
        cuts.filter(|(name, value)| *name != "sign" && !value.is_empty())
            .flat_map(|(name, value)| {
                let rests = rests.iter().filter(|rest| after(name, rest));
                rests.map(move |rest| {
                    let first = (name.to_owned(), value.to_owned());
                    [&[first], &rest[..]].concat()
                })
            })
            .collect::<Vec<_>>()
    })
    .collect()
}

proptest! {
    #[test]
    fn every_reading_of_a_string_has_that_string(pairs in prop::collection::btree_map("[ab&=]{0,2}", "[ab&=]{1,3}", 0..4)) {
        let pairs: Pairs = pairs.into_iter().collect();
        let text = canonical(&pairs);
        let readings = readings(&text);
        prop_assert!(readings.contains(&pairs));
        for reading in &readings {
            prop_assert_eq!(canonical(reading), &*text);
        }
    }

    #[test]
    fn without_separators_in_names_and_values_a_string_has_one_reading(
        pairs in prop::collection::btree_map("[a-z]{0,4}", "[0-9a-z签]{1,4}|=[=a]{0,2}", 0..6),
    ) {
        let pairs: Pairs = pairs.into_iter().filter(|(name, _)| name != "sign").collect();
        let text = canonical(&pairs);
        // Values may hold more of them than the first `=`.
        let split = text.split('&').filter_map(|pair| pair.split_once('='));
        let split: Pairs = split.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        prop_assert_eq!(split, pairs);
    }

    #[test]
    fn a_parameter_named_key_is_not_the_key(key in "[0-9A-Za-z]{32}", other in "[0-9A-Za-z]{32}", sign_type in prop::sample::select(&SignType::ALL)) {
        let typed = ApiKey::new(&key).unwrap();
        let as_parameter = Params::new([("a", "1"), ("key", &*other)]).unwrap();
        let as_key = ApiKey::new(&other).unwrap();
        let alone = Params::new([("a", "1")]).unwrap();
        prop_assert_ne!(as_parameter.sign(sign_type, &typed), alone.sign(sign_type, &as_key));
    }
}

/// Nothing is escaped, so the protocol cannot tell these sets apart.
#[test]
fn sets_that_differ_in_the_place_of_a_separator_have_one_signature() {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let sets: [[&[(&str, &str)]; 2]; 3] = [
        [&[("a", "b=c")], &[("a=b", "c")]],
        [&[("a", "1&b=2")], &[("a", "1"), ("b", "2")]],
        // The names are the same, and the values are not.
        [&[("a", "1&b=2"), ("b", "3")], &[("a", "1"), ("b", "2&b=3")]],
    ];
    for sets in sets {
        for sign_type in SignType::ALL {
            let [one, other] = sets.map(|pairs| Params::new(pairs).unwrap().sign(sign_type, &key));
            assert_eq!(one, other);
        }
    }
    assert_eq!(readings("a=1&b=2&b=3").len(), 7);
}
