//! The search for the mistakes that give a signature, with the simplest explanation first.

use std::iter;

use subtle::ConstantTimeEq as _;

use crate::{
    encoding::{Chain, Encoding, HEX_UPPER, encode},
    inputs::Inputs,
    mistake::{Mistake, Row},
    table::TABLE,
    variant::{Step, Variant},
};

/// Maximum number of bytes of text that are hashed, unless the right string alone is longer. All
/// tries for a request of this API take less than a tenth of it.
const BUDGET: usize = 8 * 1024 * 1024;

/// The mistakes that give a signature, none if it is right, in the table's order, with those of
/// writing last; and the string that was signed, if it may be shown.
pub(crate) type Match = (Vec<Mistake>, Option<Box<str>>);

/// The simplest explanation of a signature: it is right, or else by one mistake, or else by two.
pub(crate) fn search(inputs: &Inputs<'_>, signature: &str) -> Option<Match> {
    let received = Received::new(signature)?;
    let right = Variant::right(inputs).digest(inputs)?;
    let inputs = &Inputs {
        first_pass: &encode(&[HEX_UPPER], &right),
        ..inputs.clone()
    };
    let candidates = candidates(inputs);
    tries(&candidates)
        .take(affordable(inputs))
        .find_map(|combined| attempt(inputs, &received, combined))
}

fn attempt(inputs: &Inputs<'_>, received: &Received, combined: Combination<'_>) -> Option<Match> {
    let variant = variant(inputs, combined)?;
    let written = received.matches(&variant.digest(inputs)?)?;
    let made = combined.into_iter().flatten();
    let made = made.map(|candidate| candidate.mistake(inputs));
    let mut mistakes: Vec<_> = made.chain(written).collect();
    if let Some(name) = inputs.repeated() {
        let repeated = Mistake::new(named("field_repeated"), inputs.redact(name));
        if !mistakes.contains(&repeated) {
            mistakes.insert(0, repeated);
        }
    }
    Some((mistakes, variant.shown(inputs)))
}

/// The row of this name, for a mistake without steps.
fn named(name: &str) -> &'static Row {
    let mut rows = TABLE.iter();
    rows.find(|row| row.messages.name == name)
        .expect("the table has a row of this name")
}

/// Maximum number of strings that are hashed, at least the right one.
fn affordable(inputs: &Inputs<'_>) -> usize {
    (BUDGET / inputs.length()).max(1)
}

/// One way to make one mistake.
struct Candidate {
    row: &'static Row,
    steps: &'static [Step],
    /// The field or the key that the row is tried for, if there is one.
    about: Box<str>,
    common: bool,
}

impl Candidate {
    fn mistake(&self, inputs: &Inputs<'_>) -> Mistake {
        Mistake::new(self.row, inputs.redact(&self.about))
    }
}

/// Every mistake that is possible with this request.
fn candidates(inputs: &Inputs<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for row in TABLE {
        for about in (row.each)(inputs) {
            let common = row.common.iter().map(|steps| (*steps, true));
            let rare = row.rare.iter().map(|steps| (*steps, false));
            candidates.extend(common.chain(rare).map(|(steps, common)| Candidate {
                row,
                steps,
                about: about.as_str().into(),
                common,
            }));
        }
    }
    candidates
}

/// Up to two mistakes at a time.
type Combination<'c> = [Option<&'c Candidate>; 2];

/// None, then each alone, then two of them.
fn tries(candidates: &[Candidate]) -> impl Iterator<Item = Combination<'_>> {
    let alone = candidates.iter().map(|one| [Some(one), None]);
    let pairs = candidates.iter().enumerate().flat_map(|(index, first)| {
        let rest = candidates[index + 1..].iter();
        // The first row is the other algorithm, which is combined with every other one.
        let likely = rest.filter(move |second| index == 0 || first.common && second.common);
        let possible = likely.filter(move |second| are_independent(first, second));
        possible.map(move |second| [Some(first), Some(second)])
    });
    iter::once([None, None]).chain(alone).chain(pairs)
}

/// Whether the two change different axes.
fn are_independent(first: &Candidate, second: &Candidate) -> bool {
    let changes = |step: &Step| first.steps.iter().any(|other| other.axis() == step.axis());
    !second.steps.iter().any(changes)
}

/// `None` if one of them is no mistake under the algorithm of the variant.
fn variant<'c>(inputs: &Inputs<'_>, combined: Combination<'c>) -> Option<Variant<'c>> {
    let made = || combined.into_iter().flatten();
    let mut variant = Variant::right(inputs);
    for candidate in made() {
        variant = variant.with(candidate.steps);
        if !candidate.about.is_empty() {
            variant.about = &candidate.about;
        }
    }
    let fits = |row: &Row| row.only.is_none_or(|only| only == variant.algorithm);
    made()
        .all(|candidate| fits(candidate.row))
        .then_some(variant)
}

/// A received signature, in the forms in which it is compared.
struct Received {
    padded: bool,
    lower_case: bool,
    digits: Vec<u8>,
    base64: Vec<u8>,
    forms: Vec<Form>,
}

/// A way to write a digest of that many bytes in a text as long as the received one.
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
    /// `None` if the text is shorter or longer than any signature.
    ///
    /// The shortest is an MD5 of bytes below 0x10, each in one digit; the longest has 32 bytes,
    /// each in eight digits. All are too long to be guessed piece by piece.
    fn new(signature: &str) -> Option<Self> {
        let inner = signature.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '\0' | '\u{feff}')
        });
        if !(16..=256).contains(&inner.len()) {
            return None;
        }
        let base64 = inner.trim_end_matches('=');
        let mut received = Self {
            padded: inner.len() != signature.len(),
            lower_case: inner.bytes().any(|byte| byte.is_ascii_lowercase()),
            digits: inner.to_ascii_uppercase().into_bytes(),
            base64: base64.replace('-', "+").replace('_', "/").into_bytes(),
            forms: Vec::new(),
        };
        let right: (_, Chain) = (None, &[HEX_UPPER]);
        let chains = |row: &'static Row| row.written.iter().map(move |chain| (Some(row), *chain));
        let written = TABLE.iter().flat_map(chains);
        for (row, chain) in iter::once(right).chain(written) {
            for bytes in [16, 32] {
                let form = Form { row, chain, bytes };
                // Zeros are the shortest bytes, and 0xff the longest.
                let length = |byte| encode(chain, &[byte; 32][..bytes]).len();
                if (length(0)..=length(0xff)).contains(&received.text(&form).len()) {
                    received.forms.push(form);
                }
            }
        }
        Some(received)
    }

    /// The mistakes in writing this digest, none if it is written rightly; `None` for another
    /// digest.
    fn matches(&self, digest: &[u8]) -> Option<Vec<Mistake>> {
        let mut forms = self.forms.iter().filter(|form| form.bytes == digest.len());
        let form = forms.find(|form| encode(form.chain, digest).ct_eq(self.text(form)).into())?;
        let lower_case = (self.lower_case && !form.is_base64()).then(|| named("lower_case"));
        let padded = self.padded.then(|| named("padded"));
        let rows = [form.row, lower_case, padded].into_iter().flatten();
        Some(rows.map(|row| Mistake::new(row, "".into())).collect())
    }

    fn text(&self, form: &Form) -> &[u8] {
        match form.is_base64() {
            true => &self.base64,
            false => &self.digits,
        }
    }
}

/// Properties of every row of the table.
#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};
    use wxpay_sign::ApiKey;

    use super::*;
    use crate::inputs::Request;

    type Pairs = Vec<(String, String)>;

    fn inputs<'a>(request: &'a Request<'a>, key: &'a ApiKey, others: &'a [ApiKey]) -> Inputs<'a> {
        Inputs {
            request,
            key,
            others,
            first_pass: &[],
        }
    }

    fn request<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Request<'a> {
        let request = Request::new(pairs).file_name("shop front.png");
        request.content(b"\x89PNG\r\n\x1a\n")
    }

    fn request_of(pairs: &Pairs) -> Request<'_> {
        request(pairs.iter().map(|(name, value)| (&**name, &**value)))
    }

    fn key() -> ApiKey {
        ApiKey::new("192006250b4c09247ec02edce69f6a2d").unwrap()
    }

    /// The signature of the variant, if it has one and is a mistake under its algorithm.
    fn signed(inputs: &Inputs<'_>, combined: Combination<'_>) -> Option<String> {
        let right = Variant::right(inputs).digest(inputs)?;
        let inputs = Inputs {
            first_pass: &encode(&[HEX_UPPER], &right),
            ..inputs.clone()
        };
        let digest = variant(&inputs, combined)?.digest(&inputs)?;
        let digits = encode(&[HEX_UPPER], &digest);
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

        #[test]
        fn the_mistake_of_each_row_is_found_or_an_earlier_one_with_the_same_string(pairs in pairs(), [right, one, other] in keys()) {
            let (request, others) = (request_of(&pairs), [one, other]);
            let inputs = inputs(&request, &right, &others);
            let candidates = candidates(&inputs);
            for (index, candidate) in candidates.iter().enumerate() {
                let Some(sign) = signed(&inputs, [Some(candidate), None]) else {
                    continue;
                };
                let made = candidate.mistake(&inputs);
                let (found, _) = search(&inputs, &sign).unwrap();
                // A repeated field is reported, too.
                let is_named = |it: &&Mistake| **it == made || it.name() != "field_repeated";
                let named: Vec<_> = found.iter().filter(is_named).collect();
                prop_assert!(named.len() <= 1, "{made:?} is called {named:?}");
                let mut before = candidates[..=index].iter().map(|other| other.mistake(&inputs));
                prop_assert!(named.iter().all(|named| before.any(|it| it == **named)), "{made:?} is called {named:?}");
            }
        }

        #[test]
        fn any_two_mistakes_are_explained(
            pairs in pairs(),
            [right, one, other] in keys(),
            picks in prop::collection::vec(any::<Index>(), 8),
        ) {
            let (request, others) = (request_of(&pairs), [one, other]);
            let inputs = inputs(&request, &right, &others);
            let candidates = candidates(&inputs);
            let tries: Vec<_> = tries(&candidates).collect();
            for pick in picks {
                let combined = tries[pick.index(tries.len())];
                let Some(sign) = signed(&inputs, combined) else {
                    continue;
                };
                let found = search(&inputs, &sign.to_lowercase());
                let made: Vec<_> = combined.iter().flatten().map(|one| one.row.messages.name).collect();
                prop_assert!(found.is_some(), "{made:?}");
                prop_assert!(found.unwrap().0.len() <= made.len() + 2);
            }
        }
    }

    #[test]
    fn the_work_is_bounded_as_the_readme_says() {
        let key = key();
        let others = [(); 1_000].map(|()| key.clone());
        let count = |request, others| tries(&candidates(&inputs(request, &key, others))).count();
        let usual = request([("mch_id", "1"), ("media_hash", "2"), ("sign_type", "MD5")]);
        assert!(count(&usual, &[]) < 1_200, "{}", count(&usual, &[]));
        assert!(affordable(&inputs(&usual, &key, &[])) > 10 * count(&usual, &[]));
        let long = "1".repeat(1024 * 1024);
        let long = request([("mch_id", long.as_str())]);
        assert_eq!(affordable(&inputs(&long, &key, &[])), 7);
        let names: Vec<_> = (0..1_000).map(|number| format!("name{number}")).collect();
        let many = request(names.iter().map(|name| (name.as_str(), "1")));
        assert!(count(&many, &others) < 2_000, "{}", count(&many, &others));
    }

    #[test]
    fn at_most_eight_hashes_cover_the_file() {
        let candidates = candidates(&inputs(&request([("mch_id", "1")]), &key(), &[]));
        let covers = |combined: &Combination<'_>| {
            let mut made = combined.iter().flatten();
            made.any(|candidate| candidate.row.messages.name == "content_signed")
        };
        assert_eq!(tries(&candidates).filter(covers).count(), 8);
    }

    #[test]
    fn only_forms_of_the_same_length_are_compared() {
        let received = |length| Received::new(&"0".repeat(length));
        for (length, is_possible) in [
            (0, false),
            (15, false),
            (16, true),
            (256, true),
            (257, false),
        ] {
            assert_eq!(received(length).is_some(), is_possible, "{length}");
        }
        let chains = |length, bytes| {
            let forms = received(length).unwrap().forms.into_iter();
            forms.filter(|form| form.bytes == bytes).count()
        };
        // Plain, truncated, twice without zeros, twice sign-extended; of 32 bytes all but two of
        // these.
        assert_eq!((chains(32, 16), chains(32, 32)), (6, 4));
        // Separated by any of three, or sign-extended.
        assert_eq!(chains(47, 16), 5);
        assert_eq!((chains(64, 16), chains(64, 32)), (4, 5));
    }
}
