//! From the simplest explanation to the last.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{iter, mem::discriminant};

use super::{
    Mistake,
    catalogue::{self, Way},
    digest,
    facts::{Facts, Keys, MASK},
    recipe::{Change, Recipe, Selection},
    text::{Buffers, Secrets},
    writing::Received,
};
use crate::hex;

/// So many bytes of the parameters' text are hashed at most, unless the right string alone is longer.
/// A request of this API needs less than a tenth of it for all there is to try.
const BUDGET: usize = 8 * 1024 * 1024;

/// How the signature was made.
#[derive(Debug)]
pub(super) struct Found {
    /// In the catalogue's order, those of writing last. None: it is right.
    pub(super) mistakes: Vec<Mistake>,
    pub(super) recipe: Recipe,
}

/// The simplest recipe that makes the signature: the right one, then each mistake, then each two.
pub(super) fn search(facts: &Facts<'_>, keys: &Keys<'_>, signature: &str) -> Option<Found> {
    let received = Received::new(signature);
    if !received.may_be_a_signature() {
        return None;
    }
    let mut search = Search {
        facts,
        keys,
        received,
        buffers: Buffers::default(),
        first_pass: None,
    };
    let ways = catalogue::ways(facts, keys.others.len());
    candidates(&ways)
        .take(affordable(facts))
        .find_map(|candidate| search.attempt(candidate))
}

/// How many strings may be hashed: the right one in any case.
pub(super) fn affordable(facts: &Facts<'_>) -> usize {
    (BUDGET / facts.length()).max(1)
}

/// Ways that may have been gone together.
pub(super) type Candidate<'w> = [Option<&'w Way>; 2];

/// None, then each alone, then two of them.
pub(super) fn candidates(ways: &[Way]) -> impl Iterator<Item = Candidate<'_>> {
    let alone = ways.iter().map(|way| [Some(way), None]);
    let pairs = ways.iter().enumerate().flat_map(|(index, first)| {
        let rest = ways[index + 1..].iter();
        // The first way of all is the other algorithm, which goes with everything.
        let likely = rest.filter(move |second| index == 0 || first.common && second.common);
        let possible = likely.filter(move |second| independent(first, second));
        possible.map(move |second| [Some(first), Some(second)])
    });
    iter::once([None, None]).chain(alone).chain(pairs)
}

/// Whether the two change nothing in common.
fn independent(first: &Way, second: &Way) -> bool {
    let same = |a: &Change, b: &Change| discriminant(a) == discriminant(b);
    let changed = |change| first.changes.iter().any(|other| same(change, other));
    !second.changes.iter().any(changed)
}

/// The string of a recipe as it may be shown: without the key, whatever field holds it.
pub(super) fn show(recipe: &Recipe, facts: &Facts<'_>, keys: &Keys<'_>) -> Option<Box<str>> {
    let mut buffers = Buffers::default();
    let masked = Secrets {
        key: MASK.as_bytes(),
        first_pass: MASK,
    };
    let text = buffers.write(recipe, facts, masked)?;
    Some(keys.redact(&String::from_utf8_lossy(text)))
}

struct Search<'a> {
    facts: &'a Facts<'a>,
    keys: &'a Keys<'a>,
    received: Received,
    buffers: Buffers,
    /// The right signature, computed where a recipe signs it once more.
    first_pass: Option<digest::Secret>,
}

impl Search<'_> {
    fn attempt(&mut self, candidate: Candidate<'_>) -> Option<Found> {
        let ways = || candidate.into_iter().flatten();
        let right = Recipe::right(self.facts.algorithm);
        let recipe = ways().fold(right, |recipe, way| recipe.with(&way.changes));
        if ways().any(|way| way.only.is_some_and(|only| only != recipe.algorithm)) {
            return None;
        }
        let digest = self.digest(&recipe)?;
        let writing = self.received.matches(&digest)?;
        let mut mistakes: Vec<_> = ways().map(|way| way.mistake.clone()).collect();
        mistakes.extend(writing);
        if let Some(name) = self.facts.repeated() {
            let repeated = Mistake::FieldRepeated { name: name.into() };
            if !mistakes.contains(&repeated) {
                mistakes.insert(0, repeated);
            }
        }
        Some(Found { mistakes, recipe })
    }

    fn digest(&mut self, recipe: &Recipe) -> Option<digest::Secret> {
        if matches!(recipe.selection, Selection::WithSign(_)) && self.first_pass.is_none() {
            let right = self.digest(&Recipe::right(self.facts.algorithm))?;
            self.first_pass = Some(digest::hex_upper(&right));
        }
        let key = digest::key(recipe.key_form, self.keys)?;
        let first_pass = self.first_pass.as_deref().map_or(&b""[..], Vec::as_slice);
        let secrets = Secrets {
            key: &key,
            first_pass: hex::as_str(first_pass),
        };
        let text = self.buffers.write(recipe, self.facts, secrets)?;
        Some(digest::digest(recipe, text, &key))
    }
}
