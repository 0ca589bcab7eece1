//! From the simplest explanation to the last.

use std::iter;

use subtle::ConstantTimeEq as _;

use crate::{
    encoding::{Chain, Encoding, HEX_UPPER, encode},
    inputs::Inputs,
    mistake::{Mistake, Row},
    table::TABLE,
    variant::{Step, Variant},
};

/// So many bytes of the parameters' text are hashed at most, unless the right string alone is longer.
/// A request of this API needs less than a tenth of it for all there is to try.
const BUDGET: usize = 8 * 1024 * 1024;

/// The mistakes that make a signature, in the table's order, those of writing last, none where it is
/// right; and the string that was signed, where it may be shown.
pub(crate) type Match = (Vec<Mistake>, Option<Box<str>>);

/// The simplest explanation of a signature: it is right, then each mistake, then each two.
pub(crate) fn search(inputs: &Inputs<'_>, signature: &str) -> Option<Match> {
    let received = Received::new(signature)?;
    let right = Variant::right(inputs).digest(inputs)?;
    let first_pass = encode(&[HEX_UPPER], &right);
    let inputs = &Inputs {
        first_pass: &first_pass,
        ..inputs.clone()
    };
    let candidates = candidates(inputs);
    tries(&candidates)
        .take(affordable(inputs))
        .find_map(|together| attempt(inputs, &received, together))
}

fn attempt(inputs: &Inputs<'_>, received: &Received, together: Together<'_>) -> Option<Match> {
    let variant = variant(inputs, together)?;
    let written = received.matches(&variant.digest(inputs)?)?;
    let made = together.into_iter().flatten();
    let mut mistakes: Vec<_> = made
        .map(|candidate| candidate.mistake(inputs))
        .chain(written)
        .collect();
    if let Some(name) = inputs.repeated() {
        let repeated = Mistake::new(named("field_repeated"), inputs.redact(name));
        if !mistakes.contains(&repeated) {
            mistakes.insert(0, repeated);
        }
    }
    Some((mistakes, variant.shown(inputs)))
}

/// The row of a mistake that no step makes.
fn named(name: &str) -> &'static Row {
    let mut rows = TABLE.iter();
    rows.find(|row| row.messages.name == name)
        .expect("the table has a row of this name")
}

/// How many strings may be hashed: the right one in any case.
fn affordable(inputs: &Inputs<'_>) -> usize {
    (BUDGET / inputs.length()).max(1)
}

/// One way to make one mistake.
struct Candidate {
    row: &'static Row,
    steps: &'static [Step],
    /// What the row is about, where it is tried for several fields or keys.
    one: Box<str>,
    common: bool,
}

impl Candidate {
    fn mistake(&self, inputs: &Inputs<'_>) -> Mistake {
        Mistake::new(self.row, inputs.redact(&self.one))
    }
}

/// Every mistake that can be made with what was sent.
fn candidates(inputs: &Inputs<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for row in TABLE.iter().filter(|row| (row.when)(inputs)) {
        let about = match row.each {
            Some(each) => each(inputs),
            None => vec![String::new()],
        };
        for one in about {
            let common = row.common.iter().map(|steps| (*steps, true));
            let rare = row.rare.iter().map(|steps| (*steps, false));
            candidates.extend(common.chain(rare).map(|(steps, common)| Candidate {
                row,
                steps,
                one: one.as_str().into(),
                common,
            }));
        }
    }
    candidates
}

/// Mistakes that may have been made together.
type Together<'c> = [Option<&'c Candidate>; 2];

/// None, then each alone, then two of them.
fn tries(candidates: &[Candidate]) -> impl Iterator<Item = Together<'_>> {
    let alone = candidates.iter().map(|one| [Some(one), None]);
    let pairs = candidates.iter().enumerate().flat_map(|(index, first)| {
        let rest = candidates[index + 1..].iter();
        // The table begins with the other algorithm, which goes with everything.
        let likely = rest.filter(move |second| index == 0 || first.common && second.common);
        let possible = likely.filter(move |second| are_independent(first, second));
        possible.map(move |second| [Some(first), Some(second)])
    });
    iter::once([None, None]).chain(alone).chain(pairs)
}

/// Whether the two change nothing in common.
fn are_independent(first: &Candidate, second: &Candidate) -> bool {
    let changes = |step: &Step| first.steps.iter().any(|other| other.axis() == step.axis());
    !second.steps.iter().any(changes)
}

/// None where one of them is no mistake with the algorithm of the variant.
fn variant<'c>(inputs: &Inputs<'_>, together: Together<'c>) -> Option<Variant<'c>> {
    let made = || together.into_iter().flatten();
    let mut variant = Variant::right(inputs);
    for candidate in made() {
        variant = variant.with(candidate.steps);
        if !candidate.one.is_empty() {
            variant.one = &candidate.one;
        }
    }
    let fits = |row: &Row| row.only.is_none_or(|only| only == variant.algorithm);
    made()
        .all(|candidate| fits(candidate.row))
        .then_some(variant)
}

/// A signature as it came, in the forms in which it is compared.
struct Received {
    padded: bool,
    lower_case: bool,
    digits: Vec<u8>,
    base64: Vec<u8>,
    forms: Vec<Form>,
}

/// A way to write a digest of so many bytes that may give as long a text as was received.
struct Form {
    row: Option<&'static Row>,
    chain: Chain,
    bytes: usize,
}

impl Form {
    fn is_base64(&self) -> bool {
        matches!(self.chain.last(), Some(Encoding::Base64Unpadded))
    }
}

impl Received {
    /// None where the text is shorter or longer than any signature.
    ///
    /// None of these is so short that a guess could be confirmed piece by piece. The shortest is an MD5
    /// of bytes below 0x10, each in one digit; the longest are 32 bytes, each in eight.
    fn new(signature: &str) -> Option<Self> {
        let inner = signature.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '\0' | '\u{feff}')
        });
        if !(16..=256).contains(&inner.len()) {
            return None;
        }
        let base64 = inner.trim_end_matches('=').bytes().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        });
        let mut received = Self {
            padded: inner.len() != signature.len(),
            lower_case: inner.bytes().any(|byte| byte.is_ascii_lowercase()),
            digits: inner.to_ascii_uppercase().into_bytes(),
            base64: base64.collect(),
            forms: Vec::new(),
        };
        let right: (_, Chain) = (None, &[HEX_UPPER]);
        let written = TABLE
            .iter()
            .flat_map(|row| row.written.iter().map(move |chain| (Some(row), *chain)));
        for (row, chain) in iter::once(right).chain(written) {
            for bytes in [16, 32] {
                let form = Form { row, chain, bytes };
                // Zeros are written shortest, and bytes of 0xff longest.
                let [shortest, longest] =
                    [0, 0xff].map(|byte| encode(chain, &[byte; 32][..bytes]).len());
                if (shortest..=longest).contains(&received.text(&form).len()) {
                    received.forms.push(form);
                }
            }
        }
        Some(received)
    }

    /// The mistakes of writing, none where it is written as it should be; nothing where it is not
    /// this digest.
    fn matches(&self, digest: &[u8]) -> Option<Vec<Mistake>> {
        let mut forms = self.forms.iter().filter(|form| form.bytes == digest.len());
        let form = forms.find(|form| encode(form.chain, digest).ct_eq(self.text(form)).into())?;
        let lower_case = self.lower_case && !form.is_base64();
        let rows = [
            form.row,
            lower_case.then(|| named("lower_case")),
            self.padded.then(|| named("padded")),
        ];
        let rows = rows.into_iter().flatten();
        Some(rows.map(|row| Mistake::new(row, "".into())).collect())
    }

    fn text(&self, form: &Form) -> &[u8] {
        if form.is_base64() {
            &self.base64
        } else {
            &self.digits
        }
    }
}

/// What holds for every row of the table.
#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};
    use wxpay_sign::ApiKey;

    use super::*;
    use crate::{encoding::Secret, variant::Algorithm};

    type Pairs = Vec<(String, String)>;

    fn inputs<'a>(
        pairs: &'a [(&'a str, &'a str)],
        key: &'a ApiKey,
        others: &'a [ApiKey],
    ) -> Inputs<'a> {
        Inputs {
            pairs,
            file_name: Some("shop front.png"),
            content: Some(b"\x89PNG\r\n\x1a\n"),
            sign_type: None,
            key,
            others,
            first_pass: &[],
        }
    }

    fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    fn key() -> ApiKey {
        ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
    }

    fn digits(inputs: &Inputs<'_>, variant: &Variant<'_>) -> Option<String> {
        let right = Variant::right(inputs).digest(inputs)?;
        let first_pass = encode(&[HEX_UPPER], &right);
        let inputs = Inputs {
            first_pass: &first_pass,
            ..inputs.clone()
        };
        let digits = encode(&[HEX_UPPER], &variant.digest(&inputs)?);
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
        fn each_row_is_told_as_its_mistake(pairs in pairs(), [right, one, other] in keys()) {
            let (pairs, others) = (borrowed(&pairs), [one, other]);
            let inputs = inputs(&pairs, &right, &others);
            let candidates = candidates(&inputs);
            for (index, candidate) in candidates.iter().enumerate() {
                let Some(variant) = variant(&inputs, [Some(candidate), None]) else {
                    continue;
                };
                let Some(sign) = digits(&inputs, &variant) else {
                    continue;
                };
                let made = candidate.mistake(&inputs);
                let (found, _) = search(&inputs, &sign).unwrap();
                // A repeated name is told beside.
                let told: Vec<_> = found
                    .iter()
                    .filter(|told| **told == made || told.name() != "field_repeated")
                    .collect();
                prop_assert!(told.len() <= 1, "{made:?} is called {told:?}");
                let before = |told: &&Mistake| {
                    candidates[..=index].iter().any(|other| other.mistake(&inputs) == **told)
                };
                prop_assert!(told.iter().all(before), "{made:?} is called {told:?}");
            }
        }

        #[test]
        fn two_mistakes_are_never_called_unknown(
            pairs in pairs(),
            [right, one, other] in keys(),
            picks in prop::collection::vec(any::<Index>(), 8),
        ) {
            let (pairs, others) = (borrowed(&pairs), [one, other]);
            let inputs = inputs(&pairs, &right, &others);
            let candidates = candidates(&inputs);
            let tries: Vec<_> = tries(&candidates).collect();
            for pick in picks {
                let together = tries[pick.index(tries.len())];
                let Some(variant) = variant(&inputs, together) else {
                    continue;
                };
                let Some(sign) = digits(&inputs, &variant) else {
                    continue;
                };
                let found = search(&inputs, &sign.to_lowercase());
                let made: Vec<_> = together.iter().flatten().map(|one| one.row.messages.name).collect();
                prop_assert!(found.is_some(), "{made:?}");
                prop_assert!(found.unwrap().0.len() <= made.len() + 2);
            }
        }
    }

    /// As the crate's documentation has it.
    #[test]
    fn the_work_is_bounded() {
        let key = key();
        let others = [(); 1_000].map(|()| key.clone());
        let count = |pairs, others| tries(&candidates(&inputs(pairs, &key, others))).count();
        let usual = [("mch_id", "1"), ("media_hash", "2"), ("sign_type", "MD5")];
        assert!(count(&usual, &[]) < 1_200, "{}", count(&usual, &[]));
        assert!(affordable(&inputs(&usual, &key, &[])) > 10 * count(&usual, &[]));
        let long = "1".repeat(1024 * 1024);
        assert_eq!(affordable(&inputs(&[("mch_id", &long)], &key, &[])), 7);
        let names: Vec<_> = (0..1_000).map(|number| format!("name{number}")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert!(count(&many, &others) < 2_000, "{}", count(&many, &others));
    }

    #[test]
    fn at_most_eight_hashes_cover_the_file() {
        let candidates = candidates(&inputs(&[("mch_id", "1")], &key(), &[]));
        let covers = |together: &Together<'_>| {
            let mut made = together.iter().flatten();
            made.any(|candidate| candidate.row.messages.name == "content_signed")
        };
        assert_eq!(tries(&candidates).filter(covers).count(), 8);
    }

    #[test]
    fn the_first_candidate_is_the_other_algorithm() {
        for (value, other) in [("", Algorithm::HmacSha256), ("HMAC-SHA256", Algorithm::Md5)] {
            let candidates = candidates(&inputs(&[("sign_type", value)], &key(), &[]));
            assert!(matches!(candidates[0].steps, [Step::Sign(algorithm)] if *algorithm == other));
        }
    }

    /// One that is shorter than 32 digits is made by few digests.
    #[test]
    fn only_what_may_be_as_long_is_compared() {
        for (length, may_be) in [
            (0, false),
            (15, false),
            (16, true),
            (256, true),
            (257, false),
        ] {
            let received = Received::new(&"0".repeat(length));
            assert_eq!(received.is_some(), may_be, "{length}");
        }
        let chains = |length, bytes| {
            let received = Received::new(&"0".repeat(length)).unwrap();
            received
                .forms
                .iter()
                .filter(|form| form.bytes == bytes)
                .count()
        };
        // Plain, cut, without zeros (two) or sign-extended (two); and the first digits of HMAC's.
        assert_eq!((chains(32, 16), chains(32, 32)), (6, 4));
        // Separated by any of three, or sign-extended.
        assert_eq!(chains(47, 16), 5);
        assert_eq!((chains(64, 16), chains(64, 32)), (4, 5));
    }

    #[test]
    fn a_secret_that_grows_is_whole() {
        let mut secret = Secret::default();
        (0..1_000_u16).for_each(|byte| secret.push(&byte.to_le_bytes()));
        let whole: Vec<_> = (0..1_000_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(&*secret, whole);
    }
}
