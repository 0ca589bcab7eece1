//! The known mistakes, each as the changes that it makes to the right recipe.
//!
//! Where two recipes give the same string, the first is told: what is more specific, or more often
//! seen, stands before what is less so.

mod fields;
mod key;
mod string;

use alloc::{borrow::Cow, vec::Vec};

use super::{
    Mistake,
    facts::Facts,
    recipe::{
        Algorithm,
        Change::{self, Select, SignWith, TakeKey, Write},
        KeyForm, Selection, Values,
    },
};

/// A mistake and the ways to make it.
#[derive(Debug)]
struct Entry {
    mistake: Mistake,
    /// Each is also tried together with each other common one.
    common: &'static [&'static [Change]],
    /// Each is tried alone, and with the other algorithm.
    rare: &'static [&'static [Change]],
    /// The algorithm without which this is no mistake, or another.
    only: Option<Algorithm>,
}

impl Entry {
    const fn of(mistake: Mistake) -> Self {
        Self {
            mistake,
            common: &[],
            rare: &[],
            only: None,
        }
    }

    const fn common(mut self, common: &'static [&'static [Change]]) -> Self {
        self.common = common;
        self
    }

    const fn rare(mut self, rare: &'static [&'static [Change]]) -> Self {
        self.rare = rare;
        self
    }

    const fn only(mut self, algorithm: Algorithm) -> Self {
        self.only = Some(algorithm);
        self
    }

    fn ways(&self) -> impl Iterator<Item = Way> {
        let common = self.common.iter().map(|changes| (*changes, true));
        let rare = self.rare.iter().map(|changes| (*changes, false));
        common.chain(rare).map(|(changes, common)| Way {
            mistake: self.mistake.clone(),
            changes: Cow::Borrowed(changes),
            common,
            only: self.only,
        })
    }
}

/// One way to make one mistake.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) mistake: Mistake,
    pub(super) changes: Cow<'static, [Change]>,
    pub(super) common: bool,
    pub(super) only: Option<Algorithm>,
}

impl Way {
    /// With what was sent or given.
    fn new(mistake: Mistake, change: Change, common: bool) -> Self {
        Self {
            mistake,
            changes: Vec::from([change]).into(),
            common,
            only: None,
        }
    }
}

/// So many fields are each looked at alone.
const FIELDS: usize = 16;

/// So many further keys are tried.
const OTHER_KEYS: usize = 16;

/// Every mistake that can be made with what was sent. The first way is the other algorithm.
pub(super) fn ways(facts: &Facts<'_>, other_keys: usize) -> Vec<Way> {
    fn listed(entries: &'static [Entry]) -> impl Iterator<Item = Way> {
        entries.iter().flat_map(Entry::ways)
    }
    let mut ways = Vec::from([other_algorithm(facts)]);
    ways.extend(one_of_equal(facts));
    ways.extend(sign_type(facts));
    ways.extend(listed(fields::ORDER));
    ways.extend(listed(fields::SELECTION));
    ways.extend(each_field_unsigned(facts));
    ways.extend(listed(key::PLACE));
    ways.extend(listed(key::FORM));
    ways.extend((0..other_keys.min(OTHER_KEYS)).map(other_key));
    ways.extend(listed(key::HMAC));
    ways.extend(listed(fields::VALUES));
    ways.extend(each_value_followed(facts));
    ways.extend(listed(string::SHAPE));
    ways.extend(listed(string::ENCODING));
    ways.extend(listed(string::HASH));
    ways.extend(listed(fields::CONTENT));
    ways
}

fn other_algorithm(facts: &Facts<'_>) -> Way {
    let (mistake, other) = match (facts.algorithm, facts.sign_type) {
        (Algorithm::Md5, Some(name)) if name != "MD5" => {
            (Mistake::SignTypeMisspelt, Algorithm::HmacSha256)
        }
        (Algorithm::Md5, _) => (Mistake::HmacForMd5, Algorithm::HmacSha256),
        _ => (Mistake::Md5ForHmac, Algorithm::Md5),
    };
    Way::new(mistake, SignWith(other), true)
}

fn sign_type(facts: &Facts<'_>) -> Vec<Way> {
    let mut ways = Vec::new();
    let index = facts
        .signed
        .iter()
        .position(|(name, _)| *name == "sign_type");
    let mistake = match index {
        Some(index) => {
            let unsigned = Select(Selection::Without(index));
            ways.push(Way::new(Mistake::SignTypeNotSigned, unsigned, true));
            Mistake::SignTypeChanged
        }
        None => Mistake::SignTypeNotSent,
    };
    let other = Entry::of(mistake).common(string::OTHER_SIGN_TYPE);
    ways.extend(other.ways());
    ways
}

fn one_of_equal(facts: &Facts<'_>) -> impl Iterator<Item = Way> {
    facts.repeated().into_iter().flat_map(|name| {
        [Selection::FirstOfEqual, Selection::LastOfEqual].map(|selection| {
            let mistake = Mistake::FieldRepeated { name: name.into() };
            Way::new(mistake, Select(selection), true)
        })
    })
}

fn each_field_unsigned(facts: &Facts<'_>) -> impl Iterator<Item = Way> {
    let names = facts.signed.iter().map(|(name, _)| *name).enumerate();
    names.take(FIELDS).map(|(index, name)| {
        let mistake = match name {
            "key" => Mistake::KeySent,
            _ => Mistake::FieldNotSigned { name: name.into() },
        };
        Way::new(mistake, Select(Selection::Without(index)), false)
    })
}

fn each_value_followed(facts: &Facts<'_>) -> impl Iterator<Item = Way> {
    let names = facts.signed.iter().map(|(name, _)| *name).enumerate();
    names.take(FIELDS).flat_map(|(index, name)| {
        ["\n", "\r\n", " "].map(|by| {
            let name = Some(name.into());
            let followed = Values::Followed(by, Some(index));
            Way::new(Mistake::ValueLineEnd { name }, Write(followed), false)
        })
    })
}

fn other_key(index: usize) -> Way {
    let mistake = Mistake::OtherKey { index };
    Way::new(mistake, TakeKey(KeyForm::Other(index)), true)
}
