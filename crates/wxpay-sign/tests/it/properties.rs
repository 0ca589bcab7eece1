//! Properties of all parameters, signatures and contents.

use md5::{Digest, Md5};
use proptest::{prelude::*, sample::Index};
use wxpay_sign::{ApiKey, ContentHash, ContentMd5, Params, SignType, VerifyError};

pub(crate) type Pairs = Vec<(String, String)>;

fn params(pairs: &Pairs) -> Params<&(String, String)> {
    Params::new(pairs).unwrap()
}

pub(crate) fn canonical(pairs: &Pairs) -> String {
    params(pairs).canonical().to_string()
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,12}", "[A-Za-z0-9&=é签]{0,4}", any::<String>()]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9A-Za-z]{1,64}", "[ &=%\r\n\0签]{1,4}", any::<String>()]
}

/// Parameters that are all signed: up to 24, more than are kept inline.
fn signed() -> impl Strategy<Value = Pairs> {
    let name = name().prop_filter("not signed", |name| name != "sign");
    let value = value().prop_filter("not signed", |value| !value.is_empty());
    prop::collection::btree_map(name, value, 0..24)
        .prop_map(|pairs| pairs.into_iter().collect::<Pairs>())
        .prop_shuffle()
}

/// At least one, all signed.
fn some_signed() -> impl Strategy<Value = Pairs> {
    signed().prop_filter("none", |pairs| !pairs.is_empty())
}

/// Parameters that are all signed, and the same in any order among some that are not, repeated
/// names included.
pub(crate) fn signed_and_mixed() -> impl Strategy<Value = (Pairs, Pairs)> {
    let sign = (
        Just("sign".to_owned()),
        prop_oneof![value(), Just(String::new())],
    );
    let unsigned = prop_oneof![(name(), Just(String::new())), sign];
    let both = (signed(), prop::collection::vec(unsigned, 0..12));
    both.prop_flat_map(|(signed, unsigned)| {
        let mixed = Just([signed.clone(), unsigned].concat()).prop_shuffle();
        (Just(signed), mixed)
    })
}

pub(crate) fn signing() -> impl Strategy<Value = (SignType, ApiKey)> {
    let key = "[0-9A-Za-z]{32}".prop_map(|key| ApiKey::new(key).unwrap());
    (prop::sample::select(&SignType::ALL), key)
}

proptest! {
    #[test]
    fn order_and_unsigned_parameters_do_not_matter((signed, mixed) in signed_and_mixed()) {
        prop_assert_eq!(canonical(&mixed), canonical(&signed));
        let masked = params(&mixed).canonical().masked().to_string();
        prop_assert_eq!(masked, canonical(&signed) + "&key=********");
        let mut sorted = signed.clone();
        sorted.sort();
        prop_assert_eq!(params(&sorted), params(&signed));
    }

    #[test]
    fn a_repeated_name_is_refused(pairs in some_signed(), at: Index, value in value(), to: Index) {
        prop_assume!(!value.is_empty());
        let name = pairs[at.index(pairs.len())].0.clone();
        let mut repeated = pairs;
        repeated.insert(to.index(repeated.len() + 1), (name.clone(), value));
        let error = Params::new(&repeated).unwrap_err();
        prop_assert_eq!(error.name(), name);
    }

    #[test]
    fn another_value_gives_another_string(pairs in some_signed(), at: Index, value in value()) {
        let at = at.index(pairs.len());
        prop_assume!(!value.is_empty() && value != pairs[at].1);
        let mut changed = pairs.clone();
        changed[at].1 = value;
        prop_assert_ne!(canonical(&changed), canonical(&pairs));
    }

    /// The pair may move, but the string then holds other bytes in all; or its name becomes `sign`,
    /// and the string shorter. A name that another parameter has is refused.
    #[test]
    fn a_name_changed_in_one_byte_gives_another_string(
        pairs in some_signed(),
        at: Index,
        byte: Index,
        mask in 1..=0x7f_u8,
    ) {
        let at = at.index(pairs.len());
        let mut name = pairs[at].0.clone().into_bytes();
        prop_assume!(!name.is_empty());
        let byte = byte.index(name.len());
        name[byte] ^= if name[byte].is_ascii() { mask } else { 1 };
        let name = String::from_utf8(name);
        prop_assume!(name.is_ok());
        let mut changed = pairs.clone();
        changed[at].0 = name.unwrap();
        match Params::new(&changed) {
            Ok(params) => prop_assert_ne!(params.canonical().to_string(), canonical(&pairs)),
            Err(error) => {
                prop_assert_eq!(error.name(), &changed[at].0);
                prop_assert!(pairs.iter().any(|(name, _)| *name == changed[at].0));
            }
        }
    }

    #[test]
    fn the_right_signature_is_accepted_and_a_changed_one_is_not(
        pairs in signed(),
        (sign_type, key) in signing(),
        at: Index,
        to in "[0-9A-Fa-f签]",
    ) {
        let check = |sign: &str| {
            let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let signed = Params::new(pairs.chain([("sign", sign)])).unwrap();
            (signed.verify(&key), signed.verify_strict(sign_type, &key))
        };
        let sign = params(&pairs).sign(sign_type, &key).to_string();
        prop_assert_eq!(check(&sign), (Ok(sign_type), Ok(())));
        let mut changed = sign.clone();
        let at = at.index(sign.len());
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != sign);
        let mismatch = VerifyError::Mismatch { sign_type };
        prop_assert_eq!(check(&changed), (Err(mismatch), Err(mismatch)));
    }

    #[test]
    fn a_signature_of_another_length_is_refused_with_its_length(text: String, (_, key) in signing()) {
        let found = text.chars().count();
        prop_assume!(found != 0 && found != 32 && found != 64);
        let signed = Params::new([("sign", &text)]).unwrap();
        prop_assert_eq!(signed.verify(&key), Err(VerifyError::Length { found }));
    }

    #[test]
    fn a_key_is_32_letters_and_digits(text in prop_oneof!["[0-9A-Za-z]{30,34}", "[0-9A-Za-z \n]{32}", any::<String>()]) {
        let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        prop_assert_eq!(ApiKey::new(&text).is_ok(), fits);
    }

    #[test]
    fn a_content_in_pieces_has_the_same_hash(content in content(), cuts: Vec<Index>) {
        let mut cuts: Vec<_> = cuts.iter().map(|at| at.index(content.len() + 1)).collect();
        cuts.extend([0, content.len()]);
        cuts.sort_unstable();
        let mut md5 = ContentMd5::new();
        cuts.windows(2).for_each(|cut| md5.update(&content[cut[0]..cut[1]]));
        prop_assert_eq!(md5.finish().to_string(), by_md5(&content));
    }

    #[test]
    fn many_contents_have_the_same_hashes(contents in prop::collection::vec(content(), 0..40)) {
        let hashes = ContentMd5::of_many(&contents);
        let hashes: Vec<_> = hashes.iter().map(ContentHash::as_str).collect();
        prop_assert_eq!(hashes, contents.iter().map(|content| by_md5(content)).collect::<Vec<_>>());
    }
}

/// Short, or about the end of a block.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![
        0..200_usize,
        (1..30_usize, 0..16_usize).prop_map(|(n, more)| 64 * n - 8 + more)
    ];
    length.prop_flat_map(|length| prop::collection::vec(any::<u8>(), length))
}

/// The hash by the crate md-5.
fn by_md5(content: &[u8]) -> String {
    let hash = Md5::digest(content);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Alone and beside others, in either order of lengths.
#[test]
fn a_content_of_any_length_is_hashed_as_by_md5() {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(400).collect();
    for count in [1, 2, 3, 4, 5, 300] {
        let contents: Vec<_> = (0..300).map(|length| &bytes[400 - length..]).collect();
        for group in contents.chunks(count) {
            let reversed: Vec<_> = group.iter().rev().collect();
            let hashes = ContentMd5::of_many(group);
            let others = ContentMd5::of_many(&reversed);
            assert!(hashes.iter().eq(others.iter().rev()));
            for (content, hash) in group.iter().zip(hashes) {
                assert_eq!(hash.as_str(), by_md5(content));
                assert_eq!(hash, ContentMd5::of(content));
            }
        }
    }
}

/// Quadratic time would be minutes: the names are in descending order and begin alike.
#[test]
fn many_parameters_take_no_quadratic_time() {
    let pair = |number| (format!("coupon_id_{number:09}"), "1".to_owned());
    let pairs: Pairs = (0..200_000).rev().map(pair).collect();
    let params = params(&pairs);
    assert_eq!(params.iter().len(), pairs.len());
    let sorted = pairs.iter().rev();
    assert!(
        params
            .iter()
            .eq(sorted.map(|(name, value)| (&**name, &**value)))
    );
}
