//! The ways to make a signature: one choice on each axis. A mistake changes the choice on some
//! axes.

use std::{
    cmp::Ordering,
    mem::{Discriminant, discriminant},
};

use hmac::{
    Hmac, KeyInit,
    digest::{FixedOutput, Update},
};
use md5::{Digest as _, Md5};
use sha2::Sha256;
use wxpay_sign::SignType;

use crate::{
    encoding::{Chain, Encoding, Secret, encode},
    inputs::{Field, Fields, Inputs, Kind, MASK, api_name},
};

/// Selects the fields that are signed; the text is the field or the key that the row is tried for.
pub(crate) type Selection = for<'a> fn(&Inputs<'a>, &str) -> Fields<'a>;

/// Compares two fields for a stable sort.
pub(crate) type Order = for<'a> fn(&Field<'a>, &Field<'a>) -> Ordering;

/// Spells a name of these words, which the API joins by `_`.
pub(crate) type Spelling = fn(&[&str]) -> String;

/// Another choice on one axis. Two mistakes can be combined when they share no axis.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Select(Selection),
    Rename(Whose, Spelling),
    Sort(Order),
    Write(Whose, Chain),
    /// Joins fields as in this example of two, with `N` for a name and `V` for a value, both
    /// encoded.
    Join(&'static str, Chain),
    /// Puts the key at each `*`: `{}` are the fields, `{*}` the fields with the key among them.
    PlaceKey(&'static str),
    TakeKey(WhichKey, Chain),
    /// Encodes the whole string, with the key.
    Encode(Chain),
    Sign(Algorithm),
    /// Encodes the key of HMAC.
    HmacKey(Chain),
    /// HMAC takes the string for its key and the key for its message.
    SwapHmac,
}

/// The fields with another name or value.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    All,
    /// The field that the row of the table is tried for.
    One,
}

#[derive(Clone, Copy)]
pub(crate) enum WhichKey {
    Right,
    /// The other key with the number, from 1, that the row of the table is tried for.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    HmacSha256,
    Sha256,
    HmacMd5,
}

impl Step {
    pub(crate) fn axis(&self) -> Discriminant<Self> {
        discriminant(self)
    }
}

pub(crate) const fn key(chain: Chain) -> Step {
    Step::TakeKey(WhichKey::Right, chain)
}

/// `mchid`, `mchId`, `mchID`, `mch-id`, `MchId`, `MCH_ID`, and the API's own `mch_id`.
pub(crate) const JOINED: Spelling = |words| words.concat();
pub(crate) const CAMEL: Spelling = |words| words[0].to_owned() + &PASCAL(&words[1..]);
pub(crate) const CAMEL_ID: Spelling = |words| CAMEL(words).replace("Id", "ID");
pub(crate) const KEBAB: Spelling = |words| words.join("-");
pub(crate) const PASCAL: Spelling = |words| {
    let capital = |word: &&str| word[..1].to_uppercase() + &word[1..];
    words.iter().map(capital).collect()
};
pub(crate) const UPPER: Spelling = |words| words.join("_").to_uppercase();
pub(crate) const API: Spelling = |words| words.join("_");

pub(crate) const AS_SENT: Step = Step::Sort(|_, _| Ordering::Equal);

/// A JSON object, and the same by Python's `json.dumps` and its `str`.
pub(crate) const JSON: Step = Step::Join("{N:V,N:V}", &[Encoding::Json]);
pub(crate) const PYTHON_JSON: Step = Step::Join("{N: V, N: V}", &[Encoding::Json]);
pub(crate) const PYTHON_DICT: Step = Step::Join("{N: V, N: V}", &[Encoding::Between("'", "'")]);

/// A way from the fields to the digest; [`Variant::right`] is the API's.
#[derive(Clone, Copy)]
pub(crate) struct Variant<'r> {
    /// The name of the field or the number of the key that the row of the table is tried for.
    pub(crate) about: &'r str,
    pub(crate) algorithm: Algorithm,
    select: Selection,
    rename: Option<(Whose, Spelling)>,
    sort: Order,
    write: (Whose, Chain),
    shape: (&'static str, Chain),
    place: &'static str,
    key: (WhichKey, Chain),
    string: Chain,
    hmac_key: Chain,
    swap_hmac: bool,
}

impl Variant<'_> {
    pub(crate) fn right(inputs: &Inputs<'_>) -> Self {
        Self {
            about: "",
            algorithm: match inputs.asked_for() {
                SignType::Md5 => Algorithm::Md5,
                SignType::HmacSha256 => Algorithm::HmacSha256,
            },
            select: |inputs, _| inputs.to_be_signed(),
            rename: None,
            sort: |a, b| a.name.cmp(&b.name),
            write: (Whose::All, &[]),
            shape: ("N=V&N=V", &[]),
            place: "{}&key=*",
            key: (WhichKey::Right, &[]),
            string: &[],
            hmac_key: &[],
            swap_hmac: false,
        }
    }

    pub(crate) fn with(mut self, steps: &[Step]) -> Self {
        for &step in steps {
            match step {
                Step::Select(to) => self.select = to,
                Step::Rename(whose, to) => self.rename = Some((whose, to)),
                Step::Sort(to) => self.sort = to,
                Step::Write(whose, to) => self.write = (whose, to),
                Step::Join(to, quote) => self.shape = (to, quote),
                Step::PlaceKey(to) => self.place = to,
                Step::TakeKey(which, to) => self.key = (which, to),
                Step::Encode(to) => self.string = to,
                Step::Sign(to) => self.algorithm = to,
                Step::HmacKey(to) => self.hmac_key = to,
                Step::SwapHmac => self.swap_hmac = true,
            }
        }
        self
    }

    /// 16 or 32 bytes; `None` if the variant needs an input that is not given.
    pub(crate) fn digest(&self, inputs: &Inputs<'_>) -> Option<Secret> {
        let (which, chain) = self.key;
        let key = match which {
            WhichKey::Right => inputs.key,
            WhichKey::Other => inputs.others.get(self.about.parse::<usize>().ok()? - 1)?,
        };
        let key = &*encode(chain, key.expose().as_bytes());
        let joined = |out: Out<'_>| self.join(inputs, Some(key), out);
        let text = |out: Out<'_>| match self.string {
            // A file in it is hashed without a copy.
            [] => joined(out),
            chain => joined_in_one(joined).map(|text| out(&encode(chain, &text))),
        };
        match self.algorithm {
            Algorithm::Md5 => hash(Md5::new(), text),
            Algorithm::Sha256 => hash(Sha256::new(), text),
            Algorithm::HmacMd5 => hash(hmac::<Hmac<Md5>>(key), text),
            Algorithm::HmacSha256 if self.swap_hmac => {
                let text = joined_in_one(text)?;
                hash(hmac::<Hmac<Sha256>>(&text), |out| {
                    out(key);
                    Some(())
                })
            }
            Algorithm::HmacSha256 => hash(hmac::<Hmac<Sha256>>(&encode(self.hmac_key, key)), text),
        }
    }

    /// The string without the key, even in a field; `None` if it holds bytes that are not shown.
    pub(crate) fn shown(&self, inputs: &Inputs<'_>) -> Option<Box<str>> {
        let text = joined_in_one(|out| self.join(inputs, None, out))?;
        Some(inputs.redact(&String::from_utf8_lossy(&text)))
    }

    /// The pieces of the string before [`Step::Encode`]. Without a key it is for people: secrets
    /// are masked, and there is none if it holds bytes that are not shown.
    fn join(&self, inputs: &Inputs<'_>, key: Option<&[u8]>, out: Out<'_>) -> Option<()> {
        let shown_key = key.unwrap_or(MASK.as_bytes());
        let mut fields = (self.select)(inputs, self.about)?;
        self.respell(&mut fields)?;
        if self.place.contains("{*}") {
            fields.retain(|field| field.name != "key");
            fields.push(Field {
                name: "key".into(),
                value: shown_key,
                chain: &[],
                kind: Kind::Masked,
            });
        }
        fields.sort_by(self.sort);

        let (shape, quote) = self.shape;
        let texts: Vec<&str> = shape.split(['N', 'V']).collect();
        let (open, between, separator, close) = match texts[..] {
            [open, between, separator, _, close] => (open, Some(between), separator, close),
            [open, separator, close] => (open, None, separator, close),
            _ => unreachable!("{shape} is no example of two fields"),
        };
        let place = self.place.replace("{*}", "{}");
        let (start, end) = place.split_once("{}").unwrap_or_default();
        write_with_key(start, shown_key, out);
        out(open.as_bytes());
        for (index, field) in fields.iter().enumerate() {
            if index != 0 {
                out(separator.as_bytes());
            }
            if let Some(between) = between {
                out(&encode(quote, field.name.as_bytes()));
                out(between.as_bytes());
            }
            let (whose, write) = self.write;
            let (chain, value) = match field.kind {
                Kind::Hidden if key.is_none() => return None,
                Kind::Masked if key.is_none() => (field.chain, MASK.as_bytes()),
                Kind::Text if field.chain.is_empty() && self.is(whose, &field.name) => {
                    (write, field.value)
                }
                _ => (field.chain, field.value),
            };
            out(&encode(quote, &encode(chain, value)));
        }
        out(close.as_bytes());
        write_with_key(end, shown_key, out);
        Some(())
    }

    /// Spells names of the API's in another way; `None` if none of them changes.
    fn respell(&self, fields: &mut [Field<'_>]) -> Option<()> {
        let Some((whose, spelling)) = self.rename else {
            return Some(());
        };
        let mut changed = None;
        for field in fields {
            let api = api_name(&field.name).filter(|_| self.is(whose, &field.name));
            let spelt = api.map(|name| spelling(&name.split('_').collect::<Vec<_>>()));
            if let Some(spelt) = spelt.filter(|spelt| field.name != *spelt) {
                field.name = spelt.into();
                changed = Some(());
            }
        }
        changed
    }

    fn is(&self, whose: Whose, name: &str) -> bool {
        match whose {
            Whose::All => true,
            Whose::One => name == self.about,
        }
    }
}

/// Takes the pieces of a string one after the other.
type Out<'o> = &'o mut dyn FnMut(&[u8]);

fn write_with_key(template: &str, key: &[u8], out: Out<'_>) {
    for (index, text) in template.split('*').enumerate() {
        if index != 0 {
            out(key);
        }
        out(text.as_bytes());
    }
}

fn joined_in_one(write: impl FnOnce(Out<'_>) -> Option<()>) -> Option<Secret> {
    let mut joined = Secret::default();
    write(&mut |piece| joined.push(piece))?;
    Some(joined)
}

fn hmac<H: KeyInit>(key: &[u8]) -> H {
    <H as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn hash<H: Update + FixedOutput>(
    mut hasher: H,
    write: impl FnOnce(Out<'_>) -> Option<()>,
) -> Option<Secret> {
    write(&mut |piece| hasher.update(piece))?;
    let mut digest = Secret::default();
    digest.push(&hasher.finalize_fixed());
    Some(digest)
}
