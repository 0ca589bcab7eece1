//! Properties of all parameters.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use proptest::{prelude::*, sample::Index};
use sha2::Sha256;
use wxpay_sign::{ApiKey, ContentHash, ContentMd5, Params, SignType, VerifyError};

type Pairs = Vec<(String, String)>;

fn params(pairs: &Pairs) -> Params<&(String, String)> {
    Params::new(pairs).unwrap()
}

/// As a response comes: with the signature among its fields.
fn with_sign<'a>(pairs: &'a Pairs, sign: &'a str) -> Params<(&'a str, &'a str)> {
    Params::new(borrow(pairs).chain([("sign", sign)])).unwrap()
}

fn borrow(pairs: &Pairs) -> impl Iterator<Item = (&str, &str)> {
    let pairs = pairs.iter();
    pairs.map(|(name, value)| (name.as_str(), value.as_str()))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,12}", "[A-Za-z0-9&=é签]{0,4}", any::<String>()]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9A-Za-z]{1,64}", "[ &=%\r\n\0签]{1,4}", any::<String>()]
}

/// Parameters that are all signed: up to 24, so that some do not fit in line.
fn signed() -> impl Strategy<Value = Pairs> {
    let name = name().prop_filter("dropped", |name| name != "sign");
    let value = value().prop_filter("dropped", |value| !value.is_empty());
    prop::collection::btree_map(name, value, 0..24)
        .prop_map(|pairs| pairs.into_iter().collect::<Pairs>())
        .prop_shuffle()
}

/// At least one, all signed.
fn some_signed() -> impl Strategy<Value = Pairs> {
    signed().prop_filter("none", |pairs| !pairs.is_empty())
}

/// Parameters that are not signed, repeated names among them.
fn dropped() -> impl Strategy<Value = Pairs> {
    let pair = prop_oneof![
        (name(), Just(String::new())),
        (
            Just("sign".to_owned()),
            prop_oneof![value(), Just(String::new())]
        ),
    ];
    prop::collection::vec(pair, 0..12)
}

fn key() -> impl Strategy<Value = ApiKey> {
    "[0-9A-Za-z]{32}".prop_map(|key| ApiKey::new(key).unwrap())
}

fn signing() -> impl Strategy<Value = (SignType, ApiKey)> {
    (prop::sample::select(&SignType::ALL), key())
}

/// Changes one byte, where the text then is UTF-8.
fn change_byte(text: &mut String, at: &Index, mask: u8) -> bool {
    let mut bytes = text.as_bytes().to_vec();
    let byte = &mut bytes[at.index(text.len())];
    *byte ^= if byte.is_ascii() { mask } else { 1 };
    String::from_utf8(bytes).is_ok_and(|changed| {
        *text = changed;
        true
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// HMAC as RFC 2104 has it, for a key of 32 bytes.
fn hmac_sha256(key: &str, text: &str) -> impl AsRef<[u8]> {
    let start = |with: u8| {
        let key = key.bytes().chain([0; 32]);
        Sha256::new().chain_update(key.map(|byte| byte ^ with).collect::<Vec<_>>())
    };
    let inner = start(0x36).chain_update(text).finalize();
    start(0x5c).chain_update(inner).finalize()
}

proptest! {
    #[test]
    fn order_does_not_matter(
        (pairs, shuffled) in signed().prop_flat_map(|pairs| {
            let shuffled = Just(pairs.clone()).prop_shuffle();
            (Just(pairs), shuffled)
        }),
        (sign_type, key) in signing(),
    ) {
        let (one, other) = (params(&pairs), params(&shuffled));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.sign(sign_type, &key), other.sign(sign_type, &key));
    }

    #[test]
    fn empty_values_and_sign_do_not_matter(
        pairs in signed(),
        (dropped, at) in dropped().prop_flat_map(|dropped| {
            let at = prop::collection::vec(any::<Index>(), dropped.len());
            (Just(dropped), at)
        }),
        (sign_type, key) in signing(),
    ) {
        let mut mixed = pairs.clone();
        for (pair, at) in dropped.into_iter().zip(at) {
            mixed.insert(at.index(mixed.len() + 1), pair);
        }
        prop_assert_eq!(params(&mixed).canonical().to_string(), params(&pairs).canonical().to_string());
        prop_assert_eq!(params(&mixed).sign(sign_type, &key), params(&pairs).sign(sign_type, &key));
    }

    #[test]
    fn the_canonical_string_is_the_sorted_and_joined_one(pairs in signed()) {
        let sorted: BTreeMap<&[u8], &str> =
            borrow(&pairs).map(|(name, value)| (name.as_bytes(), value)).collect();
        let joined = sorted.iter().map(|(name, value)| format!("{}={value}", str::from_utf8(name).unwrap()));
        let params = params(&pairs);
        prop_assert_eq!(params.canonical().to_string(), joined.collect::<Vec<_>>().join("&"));
        let names = params.iter().map(|(name, _)| name.as_bytes()).collect::<Vec<_>>();
        prop_assert_eq!(names, sorted.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn a_repeated_name_is_refused(pairs in some_signed(), at: Index, value in value(), to: Index) {
        prop_assume!(!value.is_empty());
        let name = pairs[at.index(pairs.len())].0.clone();
        let mut repeated = pairs;
        repeated.insert(to.index(repeated.len() + 1), (name.clone(), value));
        let error = Params::new(borrow(&repeated)).unwrap_err();
        prop_assert_eq!(error.name(), name);
    }

    /// In one byte: the value stays in its place, so that the string differs in that byte.
    #[test]
    fn a_changed_value_changes_the_signature(
        pairs in some_signed(),
        at: Index,
        byte: Index,
        mask in 1..=0x7f_u8,
        (sign_type, key) in signing(),
    ) {
        let at = at.index(pairs.len());
        let mut changed = pairs.clone();
        prop_assume!(change_byte(&mut changed[at].1, &byte, mask));
        prop_assert_ne!(params(&pairs).sign(sign_type, &key), params(&changed).sign(sign_type, &key));
    }

    #[test]
    fn another_value_gives_another_string(pairs in some_signed(), at: Index, value in value()) {
        let at = at.index(pairs.len());
        prop_assume!(!value.is_empty() && value != pairs[at].1);
        let mut changed = pairs.clone();
        changed[at].1 = value;
        prop_assert_ne!(params(&pairs).canonical().to_string(), params(&changed).canonical().to_string());
    }

    /// In one byte, too: the pair may move, but the string then does not hold the same bytes in any
    /// order; or it becomes `sign`, and the string shorter. A name that another parameter has is refused.
    #[test]
    fn a_changed_name_changes_the_signature(
        pairs in some_signed(),
        at: Index,
        byte: Index,
        mask in 1..=0x7f_u8,
        (sign_type, key) in signing(),
    ) {
        let at = at.index(pairs.len());
        prop_assume!(!pairs[at].0.is_empty());
        let mut changed = pairs.clone();
        prop_assume!(change_byte(&mut changed[at].0, &byte, mask));
        match Params::new(borrow(&changed)) {
            Ok(changed) => {
                prop_assert_ne!(params(&pairs).sign(sign_type, &key), changed.sign(sign_type, &key));
            }
            Err(error) => {
                prop_assert_eq!(error.name(), &changed[at].0);
                prop_assert!(pairs.iter().any(|(name, _)| *name == changed[at].0));
            }
        }
    }

    #[test]
    fn a_changed_key_changes_the_signature(
        pairs in signed(),
        (sign_type, key) in signing(),
        at in 0..ApiKey::LEN,
        to in "[0-9A-Za-z]",
    ) {
        let mut changed = key.expose().to_owned();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != key.expose());
        let changed = ApiKey::new(changed).unwrap();
        let params = params(&pairs);
        prop_assert_ne!(params.sign(sign_type, &key), params.sign(sign_type, &changed));
    }

    #[test]
    fn what_was_signed_is_verified(pairs in signed(), (sign_type, key) in signing()) {
        let params = params(&pairs);
        let sign = params.sign(sign_type, &key);
        let signed = with_sign(&pairs, sign.as_str());
        prop_assert_eq!(signed.verify(&key), Ok(sign_type));
        prop_assert_eq!(signed.verify_strict(sign_type, &key), Ok(()));
    }

    #[test]
    fn a_changed_signature_does_not_match(
        pairs in signed(),
        (sign_type, key) in signing(),
        at: Index,
        to in "[0-9A-Fa-f签]",
    ) {
        let params = params(&pairs);
        let sign = params.sign(sign_type, &key).to_string();
        let mut changed = sign.clone();
        let at = at.index(sign.len());
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != sign);
        let mismatch = VerifyError::Mismatch { sign_type };
        let signed = with_sign(&pairs, &changed);
        prop_assert_eq!(signed.verify(&key), Err(mismatch));
        prop_assert_eq!(signed.verify_strict(sign_type, &key), Err(mismatch));
    }

    #[test]
    fn any_other_length_is_told(text: String, key in key()) {
        let found = text.chars().count();
        prop_assume!(found != 0 && found != 32 && found != 64);
        let signed = Params::new([("sign", &text)]).unwrap();
        prop_assert_eq!(signed.verify(&key), Err(VerifyError::Length { found }));
    }

    #[test]
    fn the_shown_string_hashed_by_hand_is_the_signature(pairs in signed(), key in key()) {
        let params = params(&pairs);
        let text = format!("{}&key={}", params.canonical(), key.expose());
        let md5 = params.sign(SignType::Md5, &key).to_string();
        prop_assert_eq!(md5, hex(&Md5::digest(&text)));
        let hmac = params.sign(SignType::HmacSha256, &key).to_string();
        prop_assert_eq!(hmac, hex(hmac_sha256(key.expose(), &text).as_ref()));
    }

    #[test]
    fn the_masked_string_shows_all_but_the_key(pairs in signed()) {
        let canonical = params(&pairs).canonical().to_string();
        let masked = params(&pairs).canonical().masked().to_string();
        prop_assert_eq!(masked, canonical + "&key=********");
    }

    #[test]
    fn a_key_is_32_letters_and_digits(text in prop_oneof!["[0-9A-Za-z]{30,34}", "[0-9A-Za-z \n]{32}", any::<String>()]) {
        let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        prop_assert_eq!(ApiKey::new(&text).is_ok(), fits);
    }

    #[test]
    fn pieces_of_a_content_hash_as_the_whole(content in content(), cuts: Vec<Index>) {
        let mut cuts: Vec<_> = cuts.iter().map(|at| at.index(content.len() + 1)).collect();
        cuts.extend([0, content.len()]);
        cuts.sort_unstable();
        let mut md5 = ContentMd5::new();
        cuts.windows(2).for_each(|cut| md5.update(&content[cut[0]..cut[1]]));
        prop_assert_eq!(md5.finish().to_string(), judged(&content));
        prop_assert_eq!(ContentMd5::of(&content).to_string(), judged(&content));
    }

    #[test]
    fn many_contents_hash_as_each(contents in prop::collection::vec(content(), 0..40)) {
        let hashes = ContentMd5::of_many(&contents);
        let hashes: Vec<_> = hashes.iter().map(ContentHash::as_str).collect();
        prop_assert_eq!(hashes, contents.iter().map(|content| judged(content)).collect::<Vec<_>>());
    }
}

/// Short, about the end of a block, or of several blocks.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![
        0..200_usize,
        (1..30_usize, 0..16_usize).prop_map(|(n, more)| 64 * n - 8 + more)
    ];
    length.prop_flat_map(|length| prop::collection::vec(any::<u8>(), length))
}

/// By the crate md-5.
fn judged(content: &[u8]) -> String {
    hex(&Md5::digest(content)).to_lowercase()
}

/// With each number of others beside it, and in either order of lengths.
#[test]
fn a_content_of_any_length_hashes_as_by_md5() {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(400).collect();
    for count in [1, 2, 3, 4, 5, 300] {
        let contents: Vec<_> = (0..300).map(|length| &bytes[400 - length..]).collect();
        for group in contents.chunks(count) {
            let reversed: Vec<_> = group.iter().rev().collect();
            let hashes = ContentMd5::of_many(group);
            let others = ContentMd5::of_many(&reversed);
            assert!(hashes.iter().eq(others.iter().rev()));
            for (content, hash) in group.iter().zip(hashes) {
                assert_eq!(hash.as_str(), judged(content));
                assert_eq!(hash, ContentMd5::of(content));
            }
        }
    }
}

/// Sorted the wrong way round, with a long common beginning: quadratic time would be minutes.
#[test]
fn many_parameters_take_no_quadratic_time() {
    let pair = |number| (format!("coupon_id_{number:09}"), "1".to_owned());
    let sorted: Pairs = (0..200_000).map(pair).collect();
    let pairs: Pairs = sorted.iter().rev().cloned().collect();
    let params = params(&pairs);
    assert_eq!(params.iter().len(), pairs.len());
    assert!(params.iter().eq(borrow(&sorted)));
}
