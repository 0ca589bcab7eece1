//! What holds for every recipe of the catalogue.

use alloc::{format, string::String, vec, vec::Vec};

use proptest::{prelude::*, sample::Index};

use super::{
    Diagnosis, Mistake, Sent,
    catalogue::{self, Way},
    digest,
    facts::{Facts, Keys},
    recipe::{Algorithm, Change, Encoding, FileValue, KeyPlace, Recipe, Selection},
    search,
    text::{Buffers, Secrets},
};
use wxpay_sign::ApiKey;

type Pairs = Vec<(String, String)>;

fn sent(pairs: &Pairs) -> Sent<'_> {
    let pairs = pairs.iter();
    Sent::new(pairs.map(|(name, value)| (name.as_str(), value.as_str())))
        .file_name("shop front.png")
        .content(b"\x89PNG\r\n\x1a\n")
}

fn recipe(facts: &Facts<'_>, ways: &[&Way]) -> Recipe {
    let right = Recipe::right(facts.algorithm);
    ways.iter()
        .fold(right, |recipe, way| recipe.with(&way.changes))
}

/// The digits that a recipe gives, where what it needs is known.
fn signature(recipe: &Recipe, facts: &Facts<'_>, keys: &Keys<'_>) -> Option<String> {
    let key = digest::key(recipe.key_form, keys)?;
    let right = Recipe::right(facts.algorithm);
    let first_pass = match recipe.selection {
        Selection::WithSign(_) => signature(&right, facts, keys)?,
        _ => String::new(),
    };
    let secrets = Secrets {
        key: &key,
        first_pass: &first_pass,
    };
    let mut buffers = Buffers::default();
    let text = buffers.write(recipe, facts, secrets)?;
    let digits = digest::hex_upper(&digest::digest(recipe, text, &key));
    Some(String::from_utf8_lossy(&digits).into_owned())
}

fn pairs() -> impl Strategy<Value = Pairs> {
    let name = prop_oneof![
        4 => Just("mch_id".into()),
        4 => Just("media_hash".into()),
        2 => Just("sign_type".into()),
        1 => Just("key".into()),
        2 => "[A-Za-z_&=签]{0,4}",
    ];
    let value = prop_oneof![
        4 => "[0-9a-zA-Z]{1,12}",
        2 => Just("HMAC-SHA256".into()),
        1 => Just(String::new()),
        2 => "[ -~\r\n签é]{0,8}",
    ];
    prop::collection::vec((name, value), 0..6)
}

fn keys() -> impl Strategy<Value = [ApiKey; 3]> {
    ["[0-9A-Za-z]{32}", "[0-9a-f]{32}", "[0-9]{32}"]
        .prop_map(|keys| keys.map(|key| ApiKey::new(key).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Or as another that gives the same string: then it is one as well, and stands before it.
    #[test]
    fn each_recipe_is_told_as_its_mistake(pairs in pairs(), [right, one, other] in keys()) {
        let others = [one, other];
        let keys = Keys { right: &right, others: &others };
        let sent = sent(&pairs);
        let facts = Facts::new(&sent);
        let ways = catalogue::ways(&facts, others.len());
        for (index, way) in ways.iter().enumerate() {
            let made = recipe(&facts, &[way]);
            if way.only.is_some_and(|only| only != made.algorithm) {
                continue;
            }
            let Some(sign) = signature(&made, &facts, &keys) else {
                continue;
            };
            let found = search::search(&facts, &keys, &sign).unwrap();
            let given = signature(&found.recipe, &facts, &keys).unwrap();
            prop_assert_eq!(&given, &sign, "{:?}", way.mistake);
            // A repeated name is told beside.
            let told: Vec<_> = found
                .mistakes
                .iter()
                .filter(|told| **told == way.mistake || !matches!(told, Mistake::FieldRepeated { .. }))
                .collect();
            prop_assert!(told.len() <= 1, "{:?} is called {told:?}", way.mistake);
            let before = |told: &&Mistake| ways[..=index].iter().any(|way| way.mistake == **told);
            prop_assert!(told.iter().all(before), "{:?} is called {told:?}", way.mistake);
        }
    }

    #[test]
    fn two_mistakes_are_never_called_unknown(
        pairs in pairs(),
        [right, one, other] in keys(),
        picks in prop::collection::vec(any::<Index>(), 8),
    ) {
        let others = [one, other];
        let keys = Keys { right: &right, others: &others };
        let sent = sent(&pairs);
        let facts = Facts::new(&sent);
        let ways = catalogue::ways(&facts, others.len());
        let candidates: Vec<_> = search::candidates(&ways).collect();
        for pick in picks {
            let ways: Vec<_> = candidates[pick.index(candidates.len())].into_iter().flatten().collect();
            let made = recipe(&facts, &ways);
            if ways.iter().any(|way| way.only.is_some_and(|only| only != made.algorithm)) {
                continue;
            }
            let Some(sign) = signature(&made, &facts, &keys) else {
                continue;
            };
            let report = sent.diagnose(&right, &others, &sign.to_lowercase());
            prop_assert_ne!(report.diagnosis(), &Diagnosis::Unknown, "{:?}", ways);
            prop_assert!(report.mistakes().len() <= ways.len() + 2);
        }
    }
}

/// Each recipe's string fits into the buffer that was made for it, which a debug assertion tells.
#[test]
fn no_buffer_grows() {
    let key = ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let (quotes, content) = ("\"".repeat(10_000), vec![0; 10_000]);
    let long = [("note", quotes.as_str())];
    for sent in [
        Sent::new([]),
        Sent::new(long),
        Sent::new([]).content(&content),
    ] {
        let report = sent.diagnose(&key, &[], "0123456789ABCDEF0123456789ABCDEF");
        assert_eq!(report.diagnosis(), &Diagnosis::Unknown);
    }
}

/// As the module's documentation has it.
#[test]
fn the_work_is_bounded() {
    let count = |sent: &Sent<'_>, keys| {
        let ways = catalogue::ways(&Facts::new(sent), keys);
        search::candidates(&ways).count()
    };
    let pairs = [("mch_id", "1"), ("media_hash", "2"), ("sign_type", "MD5")];
    let usual = Sent::new(pairs);
    let affordable = search::affordable(&Facts::new(&usual));
    let usual = count(&usual, 0);
    assert!(usual < 1_200, "{usual}");
    assert!(affordable > 10 * usual, "{affordable}");
    let long = "1".repeat(1024 * 1024);
    let long = Sent::new([("mch_id", long.as_str())]);
    assert_eq!(search::affordable(&Facts::new(&long)), 7);
    let names: Vec<_> = (0..1_000).map(|number| format!("name{number}")).collect();
    let many = Sent::new(names.iter().map(|name| (name.as_str(), "1")));
    let most = count(&many, 1_000);
    assert!(most < 2_000, "{most}");
}

#[test]
fn at_most_eight_hashes_cover_the_file() {
    let sent = Sent::new([("mch_id", "1")]).content(b"bytes");
    let facts = Facts::new(&sent);
    let ways = catalogue::ways(&facts, 16);
    let content = |change: &Change| {
        let file = |value: &_| matches!(value, FileValue::Content(_));
        matches!(change, Change::Select(Selection::WithFile(_, value)) if file(value))
    };
    let covering = search::candidates(&ways).filter(|candidate| {
        let mut ways = candidate.iter().flatten();
        ways.any(|way| way.changes.iter().any(content))
    });
    assert_eq!(covering.count(), 8);
}

/// The mark is longer than any other escape of nothing.
#[test]
fn a_byte_order_mark_alone_fits_its_buffer() {
    let sent = Sent::new([]);
    let facts = Facts::new(&sent);
    let recipe = Recipe::right(facts.algorithm).with(&[
        Change::PlaceKey(KeyPlace::NOWHERE),
        Change::Encode(Encoding::WithByteOrderMark),
    ]);
    let secrets = Secrets {
        key: b"",
        first_pass: "",
    };
    let mut buffers = Buffers::default();
    let text = buffers.write(&recipe, &facts, secrets);
    assert_eq!(text, Some("\u{feff}".as_bytes()));
}

#[test]
fn the_first_way_is_the_other_algorithm() {
    for (value, other) in [("", Algorithm::HmacSha256), ("HMAC-SHA256", Algorithm::Md5)] {
        let sent = Sent::new(vec![("sign_type", value)]);
        let ways = catalogue::ways(&Facts::new(&sent), 0);
        assert!(matches!(ways[0].changes[..], [Change::SignWith(algorithm)] if algorithm == other));
    }
}
