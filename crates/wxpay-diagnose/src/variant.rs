//! How a signature was made: one choice on each axis, and a mistake is another choice on some.

use std::{
    cmp::Ordering,
    mem::{Discriminant, discriminant},
};

use hmac::{
    Hmac, KeyInit,
    digest::{FixedOutput, Output, Update},
};
use md5::{Digest as _, Md5};
use sha2::Sha256;
use wxpay_sign::SignType;

use crate::{
    encoding::{Chain, Encoding, Secret, encode},
    inputs::{Field, Fields, Inputs, Kind, MASK, api_name},
};

/// The fields that are signed. The text is the field or the key that the row is tried for.
pub(crate) type Selection = for<'a> fn(&Inputs<'a>, &str) -> Fields<'a>;

/// How a stable sort compares two fields.
pub(crate) type Order = for<'a> fn(&Field<'a>, &Field<'a>) -> Ordering;

/// Another spelling of a name that the API writes as these words, joined by `_`.
pub(crate) type Spelling = fn(&[&str]) -> String;

/// Another choice on one axis. Two mistakes can be made together when no axis is in both.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Select(Selection),
    Rename(Whose, Spelling),
    Sort(Order),
    Write(Whose, Chain),
    Join(Shape),
    PlaceKey(KeyPlace),
    TakeKey(WhichKey, Chain),
    /// The whole string, key and all.
    Encode(Chain),
    Sign(Algorithm),
    /// The key that HMAC is given.
    HmacKey(Chain),
    /// HMAC takes the string for its key and the key for its message.
    SwapHmac,
}

/// The fields whose name or value is changed.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    All,
    /// The field that the row of the table is tried for.
    One,
    MediaHash,
}

#[derive(Clone, Copy)]
pub(crate) enum WhichKey {
    Right,
    /// The other key, by its number from 1, that the row of the table is tried for.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Md5,
    HmacSha256,
    Sha256,
    HmacMd5,
}

/// How names and values are joined.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    open: &'static str,
    quote: Chain,
    names: bool,
    between: &'static str,
    separator: &'static str,
    close: &'static str,
}

/// Place of the key: `{key}` in the text before or after the fields, or sorted among them.
#[derive(Clone, Copy)]
pub(crate) struct KeyPlace {
    sorted: bool,
    start: &'static str,
    end: &'static str,
}

impl Step {
    pub(crate) fn axis(&self) -> Discriminant<Self> {
        discriminant(self)
    }
}

pub(crate) const fn around(start: &'static str, end: &'static str) -> Step {
    let sorted = false;
    Step::PlaceKey(KeyPlace { sorted, start, end })
}

pub(crate) const fn at_end(end: &'static str) -> Step {
    around("", end)
}

pub(crate) const fn sorted(end: &'static str) -> Step {
    let (sorted, start) = (true, "");
    Step::PlaceKey(KeyPlace { sorted, start, end })
}

pub(crate) const fn key(chain: Chain) -> Step {
    Step::TakeKey(WhichKey::Right, chain)
}

pub(crate) const fn separated(separator: &'static str) -> Step {
    Step::Join(Shape::joined(true, "=", separator))
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

impl Shape {
    /// `a=1&b=2`.
    pub(crate) const QUERY: Self = Self {
        open: "",
        quote: &[],
        names: true,
        between: "=",
        separator: "&",
        close: "",
    };

    /// `{"a":"1","b":"2"}` · as Python's `json.dumps` and its `str` write it · as Java's `Map.toString`.
    pub(crate) const JSON: Self = Self::object(&[Encoding::Json], ":", ",");
    pub(crate) const PYTHON_JSON: Self = Self::object(&[Encoding::Json], ": ", ", ");
    pub(crate) const PYTHON_DICT: Self = Self::object(&[Encoding::Between("'", "'")], ": ", ", ");
    pub(crate) const JAVA_MAP: Self = Self::object(&[], "=", ", ");

    /// `a1b2` · `1&2` · `12`.
    pub(crate) const BARE: Self = Self::joined(true, "", "");
    pub(crate) const VALUES: Self = Self::joined(false, "", "&");
    pub(crate) const BARE_VALUES: Self = Self::joined(false, "", "");

    const fn object(quote: Chain, between: &'static str, separator: &'static str) -> Self {
        Self {
            open: "{",
            quote,
            close: "}",
            ..Self::joined(true, between, separator)
        }
    }

    const fn joined(names: bool, between: &'static str, separator: &'static str) -> Self {
        Self {
            names,
            between,
            separator,
            ..Self::QUERY
        }
    }
}

/// From the fields to the digest. [`Variant::right`] is the API's.
#[derive(Clone, Copy)]
pub(crate) struct Variant<'r> {
    /// The name of the field or the number of the key that the row of the table is tried for.
    pub(crate) one: &'r str,
    pub(crate) algorithm: Algorithm,
    select: Selection,
    rename: Option<(Whose, Spelling)>,
    sort: Order,
    write: (Whose, Chain),
    shape: Shape,
    place: KeyPlace,
    key: (WhichKey, Chain),
    string: Chain,
    hmac_key: Chain,
    swap_hmac: bool,
}

impl Variant<'_> {
    pub(crate) fn right(inputs: &Inputs<'_>) -> Self {
        Self {
            one: "",
            algorithm: match inputs.asked_for() {
                SignType::Md5 => Algorithm::Md5,
                SignType::HmacSha256 => Algorithm::HmacSha256,
            },
            select: |inputs, _| inputs.to_be_signed(),
            rename: None,
            sort: |a, b| a.name.cmp(&b.name),
            write: (Whose::All, &[]),
            shape: Shape::QUERY,
            place: KeyPlace {
                sorted: false,
                start: "",
                end: "&key={key}",
            },
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
                Step::Join(to) => self.shape = to,
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

    /// 16 bytes or 32; nothing where the variant needs what is not known.
    pub(crate) fn digest(&self, inputs: &Inputs<'_>) -> Option<Secret> {
        let (which, chain) = self.key;
        let key = match which {
            WhichKey::Right => inputs.key,
            WhichKey::Other => inputs.others.get(self.one.parse::<usize>().ok()? - 1)?,
        };
        let key = &*encode(chain, key.expose().as_bytes());
        let text = encode(self.string, &self.join(inputs, Some(key))?);
        let mut digest = Secret::default();
        match self.algorithm {
            Algorithm::Md5 => digest.push(&Md5::digest(&*text)),
            Algorithm::Sha256 => digest.push(&Sha256::digest(&*text)),
            Algorithm::HmacMd5 => digest.push(&hmac::<Hmac<Md5>>(key, &text)),
            Algorithm::HmacSha256 if self.swap_hmac => {
                digest.push(&hmac::<Hmac<Sha256>>(&text, key));
            }
            Algorithm::HmacSha256 => {
                digest.push(&hmac::<Hmac<Sha256>>(&encode(self.hmac_key, key), &text));
            }
        }
        Some(digest)
    }

    /// The string as it may be shown: without the key, whatever field holds it.
    pub(crate) fn shown(&self, inputs: &Inputs<'_>) -> Option<Box<str>> {
        let text = self.join(inputs, None)?;
        Some(inputs.redact(&String::from_utf8_lossy(&text)))
    }

    /// The string before it is encoded as a whole. Without a key it is masked, and there is none where it
    /// holds bytes that are not shown.
    fn join(&self, inputs: &Inputs<'_>, key: Option<&[u8]>) -> Option<Secret> {
        let shown_key = key.unwrap_or(MASK.as_bytes());
        let mut fields = (self.select)(inputs, self.one)?;
        self.respell(&mut fields)?;
        if self.place.sorted {
            fields.retain(|field| field.name != "key");
            fields.push(Field {
                name: "key".into(),
                value: shown_key,
                chain: &[],
                kind: Kind::Masked,
            });
        }
        fields.sort_by(self.sort);

        let mut joined = Secret::default();
        push_template(self.place.start, shown_key, &mut joined);
        joined.push(self.shape.open.as_bytes());
        for (index, field) in fields.iter().enumerate() {
            if index != 0 {
                joined.push(self.shape.separator.as_bytes());
            }
            if self.shape.names {
                joined.push(&encode(self.shape.quote, field.name.as_bytes()));
                joined.push(self.shape.between.as_bytes());
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
            joined.push(&encode(self.shape.quote, &encode(chain, value)));
        }
        joined.push(self.shape.close.as_bytes());
        push_template(self.place.end, shown_key, &mut joined);
        Some(joined)
    }

    /// Writes names of the API's in another spelling; nothing where none of them changes.
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
            Whose::One => name == self.one,
            Whose::MediaHash => name == "media_hash",
        }
    }
}

fn push_template(template: &str, key: &[u8], to: &mut Secret) {
    for (index, text) in template.split("{key}").enumerate() {
        if index != 0 {
            to.push(key);
        }
        to.push(text.as_bytes());
    }
}

fn hmac<H: KeyInit + Update + FixedOutput>(key: &[u8], text: &[u8]) -> Output<H> {
    let hmac = <H as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    hmac.chain(text).finalize_fixed()
}
